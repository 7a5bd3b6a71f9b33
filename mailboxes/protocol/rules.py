"""Who writes in a structure's protocol."""

from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.rules.roles import check_may


def check_write_protocol(structure: Structure, *, by) -> None:
    check_may(Act.WRITE_PROTOCOL, structure=structure, by=by)
