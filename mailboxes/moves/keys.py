"""The keys of software that open one structure and no other: they end with it, and come back with it.

Software is a room of its own: it is read by its tables, as all that hangs on a structure (`table`).
"""

from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mailboxes.actions.journal import entry_of
from mailboxes.lifecycle import Act
from mailboxes.models import Membership, Structure, bulk


def keys_of(structure: Structure) -> QuerySet[Any]:
    """The keys that still open something, of software let in for this structure alone."""
    elsewhere = Membership.objects.filter(user=OuterRef("software__user")).exclude(structure=structure)
    return _valid().filter(software__user__memberships__structure=structure).exclude(Exists(elsewhere))


def shared_keys_of(structure: Structure) -> QuerySet[Any]:
    """The keys that open other structures too: they stay."""
    let_in = _valid().filter(software__user__memberships__structure=structure)
    return let_in.exclude(pk__in=keys_of(structure).values("pk"))


def revoke_keys(structure: Structure, *, by, why: str) -> list[int]:
    keys = list(keys_of(structure).select_related("software").order_by("pk"))
    _keys().filter(pk__in=[key.pk for key in keys]).update(revoked_at=timezone.now())
    bulk.insert([
        entry_of(None, Act.REVOKE_KEY, by=by, structure=structure, before=key.prefix,
                 note=f"{key.software} : la structure ferme. {why}".strip())
        for key in keys
    ])  # fmt: skip
    return [key.pk for key in keys]


def give_keys_back(pks: list[int], structure: Structure, *, by) -> None:
    """Undo the revocations that a closing made, and no other."""
    _keys().filter(pk__in=pks).update(revoked_at=None)
    bulk.insert([
        entry_of(None, Act.UNDO_MOVE, by=by, structure=structure, after=key.prefix,
                 note=f"{key.software} : la clé ouvre de nouveau.")
        for key in _keys().filter(pk__in=pks).select_related("software").order_by("pk")
    ])  # fmt: skip


def _keys() -> Any:
    """A QuerySet of a model that this room does not import, with its adjectives."""
    return apps.get_model("mailboxes", "SoftwareKey")._default_manager.all()


def _valid() -> QuerySet[Any]:
    return _keys().valid(timezone.now())
