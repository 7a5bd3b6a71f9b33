"""How a structure asks each operator; each change leaves its line in the structure's journal."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import RequestLayout, Structure


@transaction.atomic
def write_layout(layout: RequestLayout, *, by) -> RequestLayout:
    """Enter a layout, or change one."""
    before = RequestLayout.objects.select_for_update(of=("self",)).filter(pk=layout.pk).first()
    for structure in {layout.structure, before.structure if before else layout.structure}:
        rules.check_write_layout(structure, by=by)
    Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=layout.structure_id)  # two windows write one
    rules.check_row(layout)
    layout.save()
    _note(layout, before=before.subject if before else "", after=layout.subject, note=layout.body, by=by)
    return layout


@transaction.atomic
def delete_layout(layout: RequestLayout, *, by) -> None:
    """Delete a layout: the nearest one above it serves again, else our own words."""
    rules.check_write_layout(layout.structure, by=by)
    _note(layout, before=layout.subject, after="", note=layout.body, by=by)
    layout.delete()


def _note(layout: RequestLayout, *, before: str, after: str, note: str, by) -> None:
    about = {"structure": layout.structure}
    note = f"{layout}\n{note}"
    write_about(Act.WRITE_LAYOUT, by=by, about=about, before=before, after=after, note=note)
