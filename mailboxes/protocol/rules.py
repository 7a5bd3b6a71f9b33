"""Who writes in a structure's protocol."""

from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.models.bals import managed_structures
from mailboxes.rules.refusals import NotAllowed


def check_write_protocol(structure: Structure, *, by) -> None:
    if structure.pk not in managed_structures(by):
        raise NotAllowed(f"« {Act.WRITE_PROTOCOL.label} » est réservé à un gestionnaire de « {structure} ».", "role")
