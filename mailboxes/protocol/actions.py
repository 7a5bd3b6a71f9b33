"""The structure's own words in its protocol of use."""

from django.db import transaction
from django.utils import timezone

from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.protocol.models import ProtocolText
from mailboxes.protocol.rules import check_write_protocol


@transaction.atomic
def write_protocol(structure: Structure, texts: dict[str, str], *, by) -> list[str]:
    """Keep what changed, section by section; returns the sections that did."""
    structure = Structure.objects.select_for_update(no_key=True).get(pk=structure.pk)
    check_write_protocol(structure, by=by)
    known = {row.section: row for row in structure.protocol_texts.all()}
    changed = []
    for section, text in texts.items():
        row = known.get(section) or ProtocolText(structure=structure, section=section)
        if row.text.strip() == text.strip():
            continue
        before, row.text, row.by, row.at = row.text, text.strip(), by, timezone.now()
        row.save()
        changed.append(section)
        about = {"structure": structure}
        write_about(
            Act.WRITE_PROTOCOL,
            by=by,
            about=about,
            before=before,
            after=row.text,
            note=ProtocolText.Section(section).label,
        )
    return changed
