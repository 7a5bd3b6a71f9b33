"""Who a user is to a BAL, to a structure and to the whole installation."""

from collections.abc import Callable, Iterable
from datetime import date

from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone

from directory.prepared import prepared
from mailboxes.lifecycle import Role, Scope
from mailboxes.models.bulk import among
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.people import Affiliation, Person
from mailboxes.models.structures import Structure
from mailboxes.models.system import SYSTEM, Signatory


def used_by(user) -> models.QuerySet:
    """The BAL that `user` holds or has delegated access to."""
    held = Cotitulaire.objects.filter(person__user_id=user.pk).values("bal")
    delegated = Delegataire.objects.current().filter(person__user_id=user.pk).values("bal")
    return held.union(delegated)


@prepared
def _bals_used(today: date, user):
    return used_by(user).values_list("bal", flat=True)


@prepared
def _structures_managed(user):
    return Structure.objects.managed_by(user).order_by().values_list("pk", flat=True)


@prepared
def _structures_seen(user):
    return Structure.objects.visible_to(user).order_by().values_list("pk", flat=True)


def used_bals(user) -> frozenset[int]:
    """The ids of the BAL that `user` holds or has delegated access to; read once per user object."""
    if not hasattr(user, "_used_bals"):
        user._used_bals = frozenset(_bals_used(timezone.localdate(), user=user))
    return user._used_bals


def with_shared(held: set[Role]) -> frozenset[Role]:
    """A principal is a cotitulaire too."""
    return frozenset(held | {Role.COTITULAIRE} if Role.PRINCIPAL in held else held)


def roles_of_facts(
    actor, structure: int, held: set[Role], is_delegated: bool, nobody_answers: Callable[[], bool]
) -> frozenset[Role]:
    """The roles of `actor` on a BAL of this structure that they hold as `held`."""
    roles = set(with_shared(held))
    if is_delegated:
        roles.add(Role.DELEGATAIRE)
    if here := roles_at(structure, actor) - {Role.IDENTITES}:  # of people, and of no BAL
        roles |= here
        if nobody_answers():
            roles.add(Role.RESPONSABLE)
    elif structure in fed_structures(actor):
        roles.add(Role.LOGICIEL)
    return frozenset(roles)


def managed_structures(user) -> frozenset[int]:
    """The ids of the structures `user` manages; read once per user object, that is once per request."""
    if not hasattr(user, "_managed_structures"):
        user._managed_structures = frozenset(_structures_managed(user=user))
    return user._managed_structures


def seen_structures(user) -> frozenset[int]:
    """The ids of the structures `user` sees; read once per user object."""
    if not hasattr(user, "_seen_structures"):
        user._seen_structures = frozenset(_structures_seen(user=user))
    return user._seen_structures


def seen_places(user) -> models.QuerySet[Structure]:
    """`Structure.objects.visible_to(user)`, by numbers read beforehand: of a subquery PostgreSQL does not know how few
    it names, and reads the whole register for one structure."""
    everywhere = Structure.objects.all()
    return everywhere if user.is_superuser else everywhere.filter(among("pk", seen_structures(user)))


def sees_person(user, person: Person, seen_stays: Iterable[Affiliation]) -> bool:
    """Is the person among those `visible_to` the user? By their stays that are, read already."""
    return user.is_superuser or person.is_actor(user) or any(not stay.is_over for stay in seen_stays)


def roles_somewhere(user) -> frozenset[Role]:
    """The roles that `user` has on some BAL or other: by what they manage, or else by what they hold (one query)."""
    if managed_structures(user):
        return frozenset({Role.GESTIONNAIRE, Role.RESPONSABLE})
    held = Cotitulaire.objects.filter(person__user_id=user.pk).select_related("bal")
    return with_shared({holder.role for holder in held})


def roles_at(structure: int, actor) -> frozenset[Role]:
    """The roles of `actor` in a structure, whatever is done there. One query per actor."""
    if actor is SYSTEM:
        return frozenset({Role.SYSTEM})
    if isinstance(actor, Signatory):
        return frozenset()  # the link was sent to a person, not to who manages
    if structure in managed_structures(actor):
        return frozenset({Role.GESTIONNAIRE})
    return frozenset({Role.IDENTITES} if structure in provisioned_structures(actor) else ())


def platform_roles(actor) -> frozenset[Role]:
    """The roles of `actor` in the whole installation: on no BAL, and the same in every structure."""
    is_one = isinstance(actor, get_user_model()) and actor.is_superuser
    return frozenset({Role.ADMINISTRATEUR} if is_one else ())


def provisioned_structures(user) -> frozenset[int]:
    """The ids of the structures whose people an identity manager, if `user` is one, tells us of."""
    return _structures_of_software(user, Scope.IDENTITIES)


def fed_structures(user) -> frozenset[int]:
    """The ids of the structures that a software, if `user` is one, sends readings for; read once per user object."""
    return _structures_of_software(user, Scope.USAGE)


def _structures_of_software(user, scope: Scope) -> frozenset[int]:
    kept = f"_{scope}_structures"
    if not hasattr(user, kept):
        software = getattr(user, "software", None)
        opens = software is not None and scope in software.scopes
        setattr(user, kept, seen_structures(user) if opens else frozenset())
    return getattr(user, kept)
