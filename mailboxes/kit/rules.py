"""Whose address may be made known, and of which BAL."""

from mailboxes.models import Bal
from mailboxes.rules import check_make_known
from mailboxes.rules.refusals import Refused


def check_announce(bal: Bal, *, by) -> None:
    """An open BAL may be made known by everything but the letter of change."""
    check_make_known(bal, by=by)
    if bal.is_to_be_left:
        raise Refused(
            f"Cette BAL quitte l’annuaire ({bal.get_state_display()}) : n’en faites plus connaître l’adresse. "
            "Prévenez plutôt vos correspondants du changement.",
            "leaving",
        )


def check_successor(bal: Bal, successor: str) -> None:
    """A letter of change names the address that is read."""
    if bal.is_to_be_left and not successor:
        raise Refused("Choisissez d’abord la BAL active qui remplace celle-ci : la lettre doit la nommer.", "successor")
