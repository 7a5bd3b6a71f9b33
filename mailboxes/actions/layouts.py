"""How a structure asks each operator; each change leaves its line in the structure's journal."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import RequestLayout, Structure


@transaction.atomic
def write_layout(layout: RequestLayout, *, by, **facts) -> RequestLayout:
    """Enter a layout, or change what is told of one."""
    before = ""
    if layout.pk:
        layout = _held(layout)
        rules.check_write_layout(layout.structure, by=by)
        before = layout.subject
        if all(getattr(layout, name) == value for name, value in facts.items()):
            return layout
    for name, value in facts.items():
        setattr(layout, name, value)
    rules.check_write_layout(layout.structure, by=by)
    Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=layout.structure_id)  # two windows write one
    rules.check_row(layout)
    layout.save()
    _note(layout, before=before, after=layout.subject, note=layout.body, by=by)
    return layout


@transaction.atomic
def delete_layout(layout: RequestLayout, *, by) -> None:
    """Delete a layout: the nearest one above it serves again, else our own words."""
    layout = _held(layout)
    rules.check_write_layout(layout.structure, by=by)
    _note(layout, before=layout.subject, after="", note=layout.body, by=by)
    layout.delete()


def _held(layout: RequestLayout) -> RequestLayout:
    return RequestLayout.objects.select_for_update(of=("self",)).select_related("structure").get(pk=layout.pk)


def _note(layout: RequestLayout, *, before: str, after: str, note: str, by) -> None:
    about = {"structure": layout.structure}
    note = f"{layout}\n{note}"
    write_about(Act.WRITE_LAYOUT, by=by, about=about, before=before, after=after, note=note)
