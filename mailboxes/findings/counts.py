"""How many of each: at once where it is quick, else as of the latest measure of the day."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from enum import Enum, auto
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.cache import cache
from django.db.models import Count, QuerySet, Sum, Value
from django.utils import timezone

from directory.prepared import Prepared, written_once
from mailboxes.findings.sets import as_of, what_findings_rest_on
from mailboxes.findings.table import FINDINGS, OF_BALS, Finding, about_these
from mailboxes.gaps import Gaps
from mailboxes.models import Bal, Engagement, Measure, Movement, Request, Sighting, Structure
from mailboxes.models.bal_sets import BalQuerySet
from mailboxes.models.measures import TOTAL
from mailboxes.models.roles import seen_structures, used_bals
from mailboxes.rules import allows, check_annuaire_fresh

FINDING = "finding"  # the measure; its key is the finding's name
KEPT = 15 * 60  # seconds: as long as the measures
MANY = 5_000  # live BAL beyond which to count them takes a page longer than its reader waits


Read = TypeVar("Read")


class Counted(NamedTuple):
    finding: Finding
    number: int
    day: date | None  # of the measure; None: counted now


def count_findings(user, *, within: QuerySet[Structure] | None = None) -> list[Counted]:
    """The findings that hold for `user` with their counts, in the order of the table; as many queries whatever the
    number of BAL. Of many BAL, all counts are those of the latest measure, a quarter of an hour old at most.

    `within`: in these structures alone, of those that `user` sees.
    """
    structures, files = Structure.objects.visible_to(user), Movement.objects.visible_to(user)
    seen, engaged = Sighting.objects.visible_to(user), Engagement.objects.visible_to(user)
    asked = Request.objects.visible_to(user)
    if within is not None:
        structures = structures.filter(pk__in=within.values("pk"))
        files = files.filter(stay__structure__in=structures.values("pk"))
        seen, engaged = (rows.of_structures(structures.values("pk")) for rows in (seen, engaged))
        asked = asked.filter(structure__in=structures.values("pk"))
    day, kept = _kept(structures)
    many = are_many(structures)
    of_measure = {one.name for one in FINDINGS if day and (one.is_kept or (many and one.bals))}
    names = tuple(finding.name for finding in OF_BALS if finding.name not in of_measure)
    counts = kept | dict(asked_within(reach_of(user, within), _counted, names, now=timezone.now()))
    if day is None:
        gaps = (Gaps.visible_to(user) if within is None else Gaps(structures)).counts()
        counts |= {name: number for (name, status), number in gaps.items() if status == "open"}
    others = {"movements": files, "sightings": seen, "engagements": engaged, "requests": asked}
    counts |= dict(_count_rows(about_these(others)))
    counts |= {finding.name: int(finding.holds()) for finding in FINDINGS if finding.holds}
    return [
        Counted(finding, number, day if finding.name in of_measure else None)
        for finding in FINDINGS
        if (number := counts.get(finding.name))
    ]


class ReachSort(Enum):
    """Of what one sees: each has its own statement, for PostgreSQL reads the whole register where a part is empty."""

    ALL = auto()
    STRUCTURES = auto()
    BALS_BESIDE = auto()


class Reach(NamedTuple):
    """What one sees, by numbers. Of a statement of thirty parts, PostgreSQL would plan thirty times who sees what, and
    takes longer to do so than to answer."""

    sees_all: bool
    structures: frozenset[int]
    bals: frozenset[int]  # that one holds, or that are delegated to one

    @property
    def sort(self) -> ReachSort:
        if self.sees_all:
            return ReachSort.ALL
        return ReachSort.BALS_BESIDE if self.bals else ReachSort.STRUCTURES


def reach_of(user, within: QuerySet[Structure] | None = None) -> Reach:
    """`within`: of these structures alone."""
    if within is None:
        return Reach(user.is_superuser, seen_structures(user), used_bals(user))
    inside = frozenset(within.values_list("pk", flat=True))
    used = Bal.objects.filter(pk__in=used_bals(user), structure__in=inside).values_list("pk", flat=True)
    return Reach(False, seen_structures(user) & inside, frozenset(used))


def asked_within(reach: Reach, question: Prepared[Read], *shape: Any, now: datetime) -> list[Read]:
    """A question about the findings of the BAL within reach (`bals_within`), as of `now`."""
    about = (reach.sort, *shape, *what_findings_rest_on())
    return question(*about, structures=reach.structures, bals=reach.bals, now=now)


def bals_within(sort: ReachSort, structures, bals) -> BalQuerySet:
    if sort == ReachSort.ALL:
        return Bal.objects.all()
    return Bal.objects.among(structures, bals if sort == ReachSort.BALS_BESIDE else ())


def _count(names: tuple[str, ...], bals):
    """How many of each, in one statement with a SELECT for each: each has its own index, which one pass over all the
    BAL would not use."""
    asked = [(one, one.bals(bals)) for one in OF_BALS if one.bals and one.name in names]
    return _count_rows(asked) if asked else bals.none()


def _count_rows(asked: Sequence[tuple[Finding, QuerySet]]):
    counted = [
        rows.order_by().values(name=Value(finding.name)).annotate(number=Count("pk", distinct=rows.query.distinct))
        for finding, rows in asked
    ]
    return counted[0].union(*counted[1:], all=True).values_list("name", "number")


@written_once
def _counted(sort, names, *_, structures, bals, now):
    with as_of(now):
        return _count(names, bals_within(sort, structures, bals))


def are_many(structures: QuerySet[Structure]) -> bool:
    """Do these structures have many live BAL, by the latest measure?"""
    return measured_total(structures) > MANY


def measured_total(structures: QuerySet[Structure]) -> int:
    """How many live BAL they have by the latest measure; 0 where there is none of late."""
    totals = Measure.objects.filter(structure__in=structures.values("pk")).of(TOTAL)
    latest = totals.order_by("-day").values_list("day").annotate(Sum("count")).first()
    return latest[1] if latest and is_of_late(latest[0]) else 0


class KeptCount(NamedTuple, Generic[Read]):
    """`at`: when it was counted, which its page says (mailboxes/_counted_at.html); None: now."""

    found: Read
    at: datetime | None


def kept_of_many(name: str, structures: QuerySet[Structure], read: Callable[[], Read]) -> KeptCount[Read]:
    """What `read` counts for these structures; of many BAL, what it gave within the last quarter of an hour."""
    if not are_many(structures):
        return KeptCount(read(), None)
    asked = repr((name, *structures.order_by("pk").values("pk").query.sql_with_params()))
    key = f"counted-{hashlib.sha256(asked.encode()).hexdigest()}"
    kept: tuple[Read, datetime] | None = cache.get(key)
    if kept is None:
        at = timezone.now()  # before: what is done meanwhile is not in it
        kept = (read(), at)
        cache.set(key, kept, KEPT)
    return KeptCount(*kept)


def is_of_late(day: date | None) -> bool:
    """Is a measure of that day still shown?"""
    return day is not None and day >= timezone.localdate() - timedelta(days=1)


def _kept(structures: QuerySet[Structure]) -> tuple[date | None, dict[str, int]]:
    """The measures of today or yesterday of these structures; nothing older is shown."""
    measures = Measure.objects.filter(structure__in=structures.values("pk"))
    day = measures.latest_day()
    if not is_of_late(day):
        return None, {}
    rows = measures.of(FINDING).filter(day=day).values_list("key").annotate(Sum("count"))
    kept = dict(rows.order_by())
    if not allows(check_annuaire_fresh):  # a stale annuaire concludes no absence, nor does what was counted from it
        kept = {name: n for name, n in kept.items() if name not in _CONCLUDE_ABSENCE}
    return day, kept


_CONCLUDE_ABSENCE = {finding.name for finding in FINDINGS if finding.situation and finding.situation.concludes_absence}
