"""Whose address may be made known, and of which BAL."""

from mailboxes.lifecycle import State
from mailboxes.models import Bal
from mailboxes.rules import check_make_known
from mailboxes.rules.refusals import Refused

LEAVING = frozenset(
    {State.DEPUBLICATION_REQUESTED, State.DEPUBLISHED, State.DELETION_REQUESTED, State.DELETION_CONFIRMED}
)


def check_announce(bal: Bal, *, by) -> None:
    """Everything but the letter of change."""
    check_make_known(bal, by=by)
    if bal.state in LEAVING:
        raise Refused(
            f"Cette BAL quitte l’annuaire ({bal.get_state_display()}) : n’en faites plus connaître l’adresse. "
            "Prévenez plutôt vos correspondants du changement.",
            "leaving",
        )


def check_successor(bal: Bal, successor: str) -> None:
    """A letter of change names the address that is read."""
    if bal.state in LEAVING and not successor:
        raise Refused("Choisissez d’abord la BAL active qui remplace celle-ci : la lettre doit la nommer.", "successor")
