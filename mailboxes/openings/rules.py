"""Who may ask for a BAL, and what the request must say."""

from collections.abc import Iterable

from directory.identifiers import domain_of
from directory.models import Activity, Entry
from directory.typography import quoted
from mailboxes.lifecycle import Act, Role
from mailboxes.models import Affiliation, Bal, Domain, Operator, Person, Structure
from mailboxes.models.numbers import at_structure
from mailboxes.models.roles import roles_at
from mailboxes.rules.delegations import check_lends
from mailboxes.rules.holders import check_can_hold, check_number
from mailboxes.rules.places import check_standing
from mailboxes.rules.refusals import Refused
from mailboxes.rules.register import check_domain, check_eligible
from mailboxes.rules.roles import check_role


def check_request_opening(
    structure: Structure,
    operator: Operator,
    kind: str,
    address: str,
    principal,
    *,
    by,
    purpose: str = "",
    cotitulaires: Iterable = (),
) -> None:
    check_may_request(structure, kind, principal, by=by)
    check_standing(structure)
    check_stated_use(kind, purpose)
    check_eligible(structure, kind, principal)
    check_habilitated(structure, kind, principal)
    check_domain(operator, address)
    check_domain_open_to(structure, address)
    check_not_published(address)
    check_first_cotitulaires(kind, principal, list(cotitulaires))


def check_may_request(structure: Structure, kind: str, principal, *, by) -> None:
    """A gestionnaire of the structure asks for anyone; a professional who works there, for a BAL they will answer
    for."""
    check_role(Act.REQUEST_OPENING, roles_to_be(structure, kind, principal, by), where=f" ({quoted(structure)})")


def roles_to_be(structure: Structure, kind: str, principal, by) -> frozenset[Role]:
    """The roles of `by` on a BAL that does not exist yet, as `Bal.roles_of` will tell them."""
    roles = set(roles_at(structure.pk, by))
    if principal is not None and principal.pk and principal.is_actor(by) and _works_in(structure, principal):
        if kind == Bal.Kind.NOMINATIVE:
            roles.add(Role.TITULAIRE)
        elif kind in Bal.SHARED:
            roles |= {Role.PRINCIPAL, Role.COTITULAIRE}
    return frozenset(roles)


def _works_in(structure: Structure, person) -> bool:
    return Affiliation.objects.current().filter(structure=structure, person=person).exists()


def check_habilitated(structure: Structure, kind: str, principal) -> None:
    """Refuse without habilitation: by its FINESS a structure is eligible if professionals practise there: one whom it
    names, or who is known to."""
    if kind != Bal.Kind.ORGANISATIONNELLE or principal is not None:
        return
    here = Affiliation.objects.current().filter(structure__in=Structure.objects.under(structure).values("pk"))
    shown = Activity.objects.current().filter(at_structure(structure))
    if not here.exclude(person__rpps=None).exists() and not shown.exists():
        raise Refused(
            "Une BAL organisationnelle demande, en plus du FINESS ou du SIRET, qu’au moins un professionnel avec un "
            f"numéro RPPS exerce dans {quoted(structure)}. Désignez-le comme cotitulaire principal, ou inscrivez-le "
            "d’abord parmi les personnes.",
            "habilitated",
        )


def check_stated_use(kind: str, purpose: str) -> None:
    if kind in Bal.SHARED and not purpose.strip():
        raise Refused(
            "Dites ce qui s’échangera par cette BAL et sa place à côté des BAL nominatives : "
            "une BAL partagée se demande pour un usage.",
            "purpose",
        )


def check_domain_open_to(structure: Structure, address: str) -> None:
    """A domain reserved to a structure serves it and those below it."""
    name = domain_of(address.lower())
    if not Domain.objects.open_to(structure).filter(name=name).exists():
        raise Refused(
            f"Le domaine {quoted(name)} est réservé à une autre structure : choisissez-en un autre.", "domain"
        )


def check_not_published(address: str) -> None:
    """The one name that is refused: the very address that exists. All others are only warned of."""
    if Entry.objects.published().filter(address=address.strip().lower()).exists():
        raise Refused(
            f"{quoted(address)} existe déjà à l’annuaire national : choisissez une autre adresse. "
            "Si c’est une BAL de votre structure, inscrivez-la au registre comme existante.",
            "taken",
        )


def check_first_cotitulaires(kind: str, principal, cotitulaires: list) -> None:
    """The cotitulaires named in the request itself, the principal apart; later ones are added by a cotitulaire."""
    if cotitulaires and kind not in Bal.SHARED:
        raise Refused("Seule une BAL organisationnelle ou de cabinet a des cotitulaires.", "kind")
    if cotitulaires and principal is None:
        raise Refused("Désignez d’abord le cotitulaire principal.", "principal")
    seen = {principal.rpps} if principal else set()
    for person in cotitulaires:
        check_can_hold(person)
        _check_once(person, seen)
        seen.add(person.rpps)
    check_number(len(seen))


def check_foreseen(kind: str, holders: Iterable[Person | None], lent: Iterable[Person]) -> None:
    """Who is named to be lent access to a BAL that does not exist yet: as `check_lendable` will have it."""
    holding = {person.rpps for person in holders if person}
    for person in lent:
        check_lends(kind)
        _check_once(person, holding)


def _check_once(person: Person, named: set[str | None]) -> None:
    if person.rpps and person.rpps in named:
        raise Refused(f"{person} figure deux fois dans la liste : gardez un seul rôle.", "duplicate")
