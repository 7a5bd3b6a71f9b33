"""Who may: the one place where the tables are asked. A rule that depends on who acts calls `check_may`.

On a BAL the roles are those of `Bal.roles_of`, in a structure those of `roles_at` and of `platform_roles`, about a
person those of `roles_about`; `check_role` takes the roles themselves, where there is no row yet to ask.
"""

from collections.abc import Iterable

from directory.typography import quoted
from mailboxes.lifecycle import BY_VERB, EVEN_AFTER_DEPARTURE, WHO_MAY, Act, Role, Verb
from mailboxes.models import SYSTEM, Bal, Person, Structure
from mailboxes.models.roles import managed_structures, platform_roles, roles_at
from mailboxes.rules.refusals import NotAllowed

NOBODY = frozenset({Role.SYSTEM, Role.LOGICIEL, Role.IDENTITES})  # whom no one can ask


def allowed(what: Verb | Act) -> frozenset[Role]:
    return BY_VERB[Verb(what)].by if what in BY_VERB else WHO_MAY[Act(what)]  # `Verb.values` is made anew each time


def check_may(
    what: Verb | Act,
    *,
    by,
    bal: Bal | None = None,
    structure: Structure | None = None,
    person: Person | None = None,
    only: frozenset[Role] | None = None,
) -> None:
    """May `by` do this to a BAL, in a structure, to a person where they stay, or to a person in that one structure?

    `only`: those of the table's roles for which it is meant here. Costs no query where the roles cost none.
    """
    where = f" ({quoted(structure)})" if structure else ""
    check_role(what, _roles(what, by, bal, structure, person), where=where, is_of_person=person is not None, only=only)


def check_role(
    what: Verb | Act,
    roles: frozenset[Role],
    *,
    where: str = "",
    is_of_person: bool = False,
    only: frozenset[Role] | None = None,
) -> None:
    """The row of the table against the roles of who asks."""
    may = allowed(what) if only is None else allowed(what) & only
    if not may & roles:
        asks = " Demandez-le à l’une de ces personnes." if may - NOBODY else ""
        raise NotAllowed(f"{quoted(what.label)} est réservé à : {_named(may, is_of_person)}{where}.{asks}", "role")


def check_somewhere(act: Act, *, by) -> None:
    """Is there a structure at all for which this account may do this?"""
    roles = {Role.SYSTEM} if by is SYSTEM else {Role.GESTIONNAIRE} if managed_structures(by) else set()
    check_role(act, platform_roles(by) | roles)


def may_at(act: Act, structure: int, *, by) -> bool:
    return bool(allowed(act) & (roles_at(structure, by) | platform_roles(by)))


def roles_about(person: Person, by, structures: Iterable[int]) -> frozenset[Role]:
    """The roles of `by` about a person, in these structures: the titulaire is the person themselves."""
    own = {Role.TITULAIRE} if person.is_actor(by) else set()
    return frozenset(own).union(*(roles_at(pk, by) for pk in structures))


def _stays(person: Person, *, is_past: bool) -> set[int]:
    """The structures where the person stays today, or `is_past`: has ever stayed."""
    return {stay.structure_id for stay in person.affiliations.all() if is_past or not stay.is_over}


def _roles(what, by, bal, structure, person) -> frozenset[Role]:
    if bal:
        return bal.roles_of(by)
    if by is SYSTEM:
        return frozenset({Role.SYSTEM})
    if person:
        here = {structure.pk} if structure else _stays(person, is_past=what in EVEN_AFTER_DEPARTURE)
        return roles_about(person, by, here)
    return platform_roles(by) | (roles_at(structure.pk, by) if structure else frozenset())


def _named(roles: frozenset[Role], is_of_person: bool) -> str:
    """The roles of the table in words; what is no person is named only where it stands alone."""
    words = {role: role.label for role in sorted(roles - NOBODY or roles)}
    if is_of_person and Role.TITULAIRE in words:
        words[Role.TITULAIRE] = "la personne elle-même"
    return ", ".join(sorted(words.values())) or "personne"
