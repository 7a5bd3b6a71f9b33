"""Which accounts one sees on *Comptes et droits*, and what is told of each."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from balmanager.accounts.models import User
from mailboxes.models import Affiliation, Membership, Structure

UNUSED_AFTER = timedelta(days=365)


def people_accounts():
    """The accounts of people; those of software are on its own page."""
    return User.objects.filter(software=None)


def accounts_seen_by(user):
    """Accounts that may do something in the structures one sees, from above too; and the people's of where one
    manages."""
    if user.is_superuser:
        return people_accounts()
    seen = Structure.objects.visible_to(user)
    reaching = Membership.objects.filter(structure__in=_with_those_above(seen)).values("user")
    managed = Structure.objects.managed_by(user).values("pk")
    staying = Affiliation.objects.current().filter(structure__in=managed).values("person__user")
    mine = Q(pk__in=reaching) | Q(pk__in=staying) | Q(pk__in=[row.pk for row in waiting_for(user)])
    return people_accounts().filter(mine)


def _with_those_above(structures) -> set[int]:
    return set().union(*structures.lines().values())


def waiting_for(user) -> list[User]:
    """Accounts that came by an identity provider and stand for nobody: the administrators', or those whose provider
    names a structure that one manages."""
    rows = people_accounts().filter(person=None, is_active=True, memberships=None, is_superuser=False)
    linked = SocialAccount.objects.order_by("pk")
    rows = rows.filter(Exists(linked.filter(user=OuterRef("pk")))).prefetch_related(
        Prefetch("socialaccount_set", linked, to_attr="identities")
    )
    if user.is_superuser:
        return list(rows)
    numbers = Structure.objects.managed_by(user).values_list("finess_ej", "finess_et", "siret")
    mine = {number for structure in numbers for number in structure if number}
    return [row for row in rows if mine and mine & set(row.identities[0].extra_data.get("places", []))] if mine else []


def unused(accounts):
    """Nobody logged in for a year; of one that never served, since it was opened."""
    limit = timezone.now() - UNUSED_AFTER
    return accounts.filter(is_active=True).filter(Q(last_login__lt=limit) | Q(last_login=None, date_joined__lt=limit))


def is_last_to_manage(membership: Membership) -> bool:
    """Would nobody manage its structure without it?"""
    managing = Membership.objects.managing().filter(structure__in=membership.structure.line())
    return {row.pk for row in managing} == {membership.pk}


def described(accounts, user):
    """Accounts with the roles that one sees of them, and whether they have a second factor."""
    roles = Membership.objects.select_related("structure").order_by("structure__name")
    if not user.is_superuser:
        roles = roles.filter(structure__in=_with_those_above(Structure.objects.visible_to(user)))
    factors = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return (
        accounts.select_related("person")
        .annotate(has_factor=Exists(factors))
        .prefetch_related(Prefetch("memberships", roles, to_attr="roles"))
        .order_by("last_name", "first_name", "username")
    )
