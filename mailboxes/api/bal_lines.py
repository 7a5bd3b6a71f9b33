"""BAL as the API shows them: tuples rather than instances, in as many queries for a page of 500 as for one.

`BalSerializer` describes what is written here; a test holds the two together.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import BigIntegerField, Case, Value, When
from django.utils import timezone

from directory.prepared import prepared
from mailboxes.api.serializers import ACTS
from mailboxes.lifecycle import EXPOSED, Role
from mailboxes.models import Bal, Cotitulaire, Delegataire
from mailboxes.models.bal_sets import BalQuerySet, holder_left_in_row
from mailboxes.models.bulk import among
from mailboxes.models.holders import role_in
from mailboxes.models.people import written_name
from mailboxes.models.roles import roles_of_facts, used_bals
from mailboxes.rules import allows, check_act, check_move

# The fields of an answer, in its order, and where each is read.
READ = {
    "id": "pk",
    "address": "address",
    "kind": "kind",
    "state": "state",
    "state_since": "state_since",
    "structure": "structure_id",
    "structure_name": "structure__name",
    "operator": "operator__code",
    "service": "service",
    "description": "description",
    "purpose": "purpose",
    "responsable": "responsable_id",
    "liste_rouge": "liste_rouge",
    "is_published": "is_published",
    "replaced_by": "replaced_by",
    "last_used_at": "last_used_at",
    "last_used_source": "last_used_source",
    "read_at": "read_at",
    "used_mb": "used_mb",
    "quota_mb": "quota_mb",
    "percent_full": "percent_full",
    "full_on": "full_on",
}
MOMENTS = ("state_since", "last_used_at", "read_at")


def bal_lines(pks: Iterable[int], user, asked: Collection[str] | None = None) -> dict[int, dict[str, Any]]:
    """What the API shows `user` of these BAL, which they see, by primary key; `asked`: these fields alone."""
    return _told(_among(timezone.localdate(), pks=pks), user, asked)


def bal_line(pk: int, user) -> dict[str, Any] | None:
    """The same of one; None where they see no such BAL."""
    found = _seen(timezone.localdate(), pk=pk, user=user) if pk <= BigIntegerField.MAX_BIGINT else []
    return _told(found, user).get(pk)


@prepared
def _among(today: date, pks):
    return _read(Bal.objects.filter(among("pk", pks)))


@prepared
def _seen(today: date, pk, user):
    return _read(Bal.objects.visible_to(user).filter(pk=pk))


def _read(bals: BalQuerySet):
    has_left = Case(When(kind=Bal.Kind.NOMINATIVE, then=holder_left_in_row()), default=Value(False))
    return bals.with_publication().annotate(has_left=has_left).values_list(*READ.values(), "has_left")


def _told(found: Iterable[tuple], user, asked: Collection[str] | None = None) -> dict[int, dict[str, Any]]:
    rows = {row[0]: row for row in found}
    holders = _holders(rows)
    is_weighed = asked is None or "abilities" in asked
    lent = _lent(rows, user) if is_weighed else set()
    zone = timezone.get_current_timezone()
    lines = {}
    for pk, (*values, left) in rows.items():
        facts = dict(zip(READ, values, strict=True))
        abilities = _abilities(facts, holders[pk], pk in lent, left, user) if is_weighed else {}
        for name in MOMENTS:
            facts[name] = facts[name] and written(facts[name], zone)
        facts["full_on"] = facts["full_on"] and facts["full_on"].isoformat()
        facts |= {"cotitulaires": [holder for holder, _ in holders[pk]], "abilities": abilities}
        lines[pk] = facts if asked is None else {name: facts[name] for name in facts if name in asked}
    return lines


def written(moment: datetime, zone) -> str:
    """The value, as the fields of REST framework write it."""
    said = moment.astimezone(zone).isoformat()
    return said[:-6] + "Z" if said.endswith("+00:00") else said


@prepared
def _held(pks):
    person = ("person_id", "person__given_name", "person__family_name", "person__rpps", "person__user_id")
    held = Cotitulaire.objects.filter(among("bal", pks)).order_by("-is_principal", "pk")
    return held.values_list("bal_id", "is_principal", "since", *person)


def _holders(pks: Iterable[int]) -> dict[int, list[tuple[dict[str, Any], int | None]]]:
    """Each holder as shown, with their account."""
    found = defaultdict(list)
    for bal, is_principal, since, pk, given, family, rpps, account in _held(pks=pks):
        shown = {
            "id": pk,
            "name": written_name(given, family),
            "rpps": rpps,
            "is_principal": is_principal,
            "since": since.isoformat(),
        }
        found[bal].append((shown, account))
    return found


def _lent(pks: Iterable[int], user) -> set[int]:
    """BAL to which `user` has delegated access today."""
    if not (pks := used_bals(user).intersection(pks)):
        return set()
    lent = Delegataire.objects.current().filter(bal__in=pks, person__user_id=user.pk)
    return set(lent.values_list("bal_id", flat=True))


def _abilities(bal: Mapping[str, Any], holders: list, is_lent: bool, has_left: bool, user) -> dict[str, bool]:
    kind = bal["kind"]
    is_shared = kind in Bal.SHARED
    held = {role_in(is_shared, holder["is_principal"]) for holder, account in holders if account == user.pk}
    roles = roles_of_facts(user, bal["structure"], held, is_lent, lambda: kind == Bal.Kind.APPLICATIVE or has_left)
    return abilities_of(kind, bal["state"], bal["liste_rouge"], roles)


@lru_cache(maxsize=4096)
def abilities_of(kind: str, state: str, liste_rouge: bool, roles: frozenset[Role]) -> dict[str, bool]:
    """Act by act, by the rules themselves, which ask nothing else: a page has a few different answers, not fifty."""
    bal, anyone = Bal(kind=kind, state=state, liste_rouge=liste_rouge), object()
    bal.assume(anyone, roles)
    return {
        **{verb.value: allows(check_move, bal, verb, by=anyone) for verb in EXPOSED},
        **{act.value: allows(check_act, bal, act, by=anyone) for act in ACTS},
    }
