"""Whose address may be made known, and of which BAL."""

from mailboxes.lifecycle import Act, State
from mailboxes.models import Bal
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may

LEAVING = frozenset(
    {State.DEPUBLICATION_REQUESTED, State.DEPUBLISHED, State.DELETION_REQUESTED, State.DELETION_CONFIRMED}
)


def check_make_known(bal: Bal, *, by) -> None:
    """The address of an open BAL that someone reads; of one that leaves, only where to write instead."""
    check_may(Act.MAKE_KNOWN, bal=bal, by=by)
    if bal.kind == Bal.Kind.APPLICATIVE:
        raise Refused("Une BAL applicative n’est lue par personne : ne la faites pas connaître.", "kind")
    if bal.state == State.REQUESTED:
        raise Refused("Cette BAL n’est pas encore ouverte : attendez la réponse de l’opérateur.", "state")
    if bal.state in (State.DELETED, State.ABANDONED):
        raise Refused(f"Cette BAL est {bal.get_state_display()} : ne faites plus connaître son adresse.", "state")


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
