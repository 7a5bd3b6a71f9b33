"""Who is elsewhere already joins a structure with their agreement, or that of a structure where they are."""

from directory.typography import quoted
from mailboxes.lifecycle import OVER, Act
from mailboxes.models import SYSTEM, Joining, Person, Structure
from mailboxes.models.bals import managed_structures
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def needs_agreement(person: Person, *, by) -> bool:
    """Is the person in other structures, by a stay of today or a BAL, of which `by` manages none?"""
    if by is SYSTEM or person.is_actor(by):
        return False
    there = set(person.affiliations.current().values_list("structure", flat=True))
    hosts = set(person.held.exclude(bal__state__in=OVER).values_list("bal__structure", flat=True))
    elsewhere = there | hosts
    return bool(elsewhere) and not elsewhere & managed_structures(by)


def check_agreed(person: Person, structure: Structure, *, by) -> None:
    """Nobody is made to join, nor to come back, without a word of who is concerned."""
    if needs_agreement(person, by=by):
        raise Refused(
            f"{person} est dans une autre structure : demandez d’abord son accord, ou celui de cette structure, par "
            f"{quoted('Inscrire une personne')} dans {quoted(structure)}.",
            "agreement",
        )


def check_ask_joining(person: Person, structure: Structure, *, by) -> None:
    check_may(Act.ASK_JOINING, structure=structure, by=by)
    if person.affiliations.current().filter(structure=structure).exists():
        raise Refused(f"{person} est déjà dans {quoted(structure)}.", "here")


def check_accept_joining(joining: Joining, *, by) -> None:
    check_may(Act.ACCEPT_JOINING, person=joining.person, by=by)
    _check_open(joining)


def check_refuse_joining(joining: Joining, *, by) -> None:
    check_may(Act.REFUSE_JOINING, person=joining.person, by=by)
    _check_open(joining)


def check_expire_joining(joining: Joining, *, by) -> None:
    check_may(Act.EXPIRE_JOINING, person=joining.person, by=by)
    if joining.state != Joining.State.ASKED or joining.is_open:
        raise Refused("Cette demande n’est pas, ou n’est plus, à clore.", "due")


def _check_open(joining: Joining) -> None:
    if joining.state != Joining.State.ASKED:
        raise Refused(f"Cette demande de rattachement est déjà {joining.get_state_display()}.", "settled")
    if not joining.is_open:
        raise Refused("Cette demande de rattachement a expiré : la structure peut la refaire.", "late")
