"""Who is elsewhere already joins a structure with their agreement, or that of a structure where they are."""

from collections import defaultdict
from collections.abc import Iterable, Set

from directory.typography import quoted
from mailboxes.lifecycle import OVER, Act
from mailboxes.models import SYSTEM, Affiliation, Cotitulaire, Joining, Person, Structure, bulk
from mailboxes.models.roles import managed_structures
from mailboxes.rules.places import check_standing
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def hosts_of(people: Iterable[Person]) -> dict[int, set[int]]:
    """The structures where each of these people is today, by a stay or a BAL: by person, in two queries."""
    found: dict[int, set[int]] = defaultdict(set)
    among_them = bulk.among("person", {person.pk for person in people})
    stays = Affiliation.objects.current().filter(among_them).values_list("person", "structure")
    held = Cotitulaire.objects.filter(among_them).exclude(bal__state__in=OVER).values_list("person", "bal__structure")
    for person, structure in [*stays, *held]:
        found[person].add(structure)
    return found


def needs_agreement(person: Person, *, by, hosts: Set[int] | None = None) -> bool:
    """Is the person in other structures of which `by` manages none? `hosts`: where `hosts_of` saw them."""
    if by is SYSTEM or person.is_actor(by):
        return False
    elsewhere = hosts_of([person])[person.pk] if hosts is None else hosts
    return bool(elsewhere) and not elsewhere & managed_structures(by)


def check_agreed(person: Person, structure: Structure, *, by, hosts: Set[int] | None = None) -> None:
    """Nobody is made to join, nor to come back, without a word of who is concerned."""
    if needs_agreement(person, by=by, hosts=hosts):
        raise Refused(
            f"{person} est dans une autre structure : demandez d’abord son accord, ou celui de cette structure, par "
            f"{quoted('Inscrire une personne')} dans {quoted(structure)}.",
            "agreement",
        )


def check_ask_joining(person: Person, structure: Structure, *, by) -> None:
    check_may(Act.ASK_JOINING, structure=structure, by=by)
    check_standing(structure)
    if person.affiliations.current().filter(structure=structure).exists():
        raise Refused(f"{person} est déjà dans {quoted(structure)}.", "here")


def check_accept_joining(joining: Joining, *, by) -> None:
    check_may(Act.ACCEPT_JOINING, person=joining.person, by=by)
    _check_open(joining)
    check_standing(joining.structure)


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
