"""Structures side by side: of each its own BAL, as last measured, what they cost for nothing today, and its course."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum

from mailboxes.findings import FINDING
from mailboxes.gaps import SITUATIONS
from mailboxes.indicators.costs import Cost, Costs
from mailboxes.models import Measure, Structure, Use
from mailboxes.models.measures import TOTAL, WASTED

WEEK = timedelta(days=7)
WEEKS = 13  # of a course: a quarter, a point a week

# What is read of the measures, in one pass.
COUNTED = {
    "live": Q(name=TOTAL),
    "paid": Q(name="activity"),
    "unknown": Q(name="activity", key=Use.UNKNOWN),
    "idle": Q(name="activity", key=Use.NONE),
    "full": Q(name=FINDING, key="pleine"),
    "gaps": Q(name=FINDING, key__in=[situation.name for situation in SITUATIONS]),
    "todo": Q(name=FINDING),
    WASTED: Q(name=WASTED),
}
IS_PRICED = "is_priced"  # the euros are measured since later than the counts are
Counts = dict[str, int]


def known_share(counts: Counts) -> int | None:
    """The share of paid BAL of known use, in hundredths; None where none is paid."""
    paid = counts.get("paid", 0)
    return round(100 * (paid - counts.get("unknown", 0)) / paid) if paid else None


class Yardstick(NamedTuple):
    """One thing that structures are compared by. `page`: the list of its rows, with what narrows it beside the
    structure."""

    name: str
    label: str
    of: Callable[[Counts], int | None]
    page: str
    query: dict[str, str]
    unit: str = ""
    is_better_high: bool = False

    def address_of(self, structure: int) -> str:
        return urlencode({"structure": structure, **self.query})


def _counted(name: str) -> Callable[[Counts], int]:
    return lambda counts: counts.get(name, 0)


YARDSTICKS = [
    Yardstick("live", "BAL en vie", _counted("live"), "bal-list", {}),
    Yardstick("known", "Usage connu", known_share, "bal-list", {"use": Use.UNKNOWN}, "%", is_better_high=True),
    Yardstick("idle", "Inutilisées", _counted("idle"), "bal-list", {"use": Use.NONE}),
    Yardstick("full", "Pleines", _counted("full"), "bal-list", {"finding": "pleine"}),
    Yardstick("gaps", "Écarts", _counted("gaps"), "gap-list", {"status": "open"}),
    Yardstick("todo", "Points d’attention", _counted("todo"), "dashboard", {}),
]
BY_NAME = {one.name: one for one in YARDSTICKS}


@dataclass
class SideLine:
    """A structure, or the structures of one département together."""

    label: str
    department: str
    structures: list[Structure]
    counts: Counts = field(default_factory=dict)
    wasted: Cost = field(default_factory=Cost)
    cells: list[Any] = field(default_factory=list)  # as a page shows its counts
    course: Any = None  # as a page draws what is wasted

    @property
    def structure(self) -> Structure | None:
        """The one that it is about, if it is about one."""
        return self.structures[0] if len(self.structures) == 1 else None

    def value(self, name: str) -> int | None:
        return BY_NAME[name].of(self.counts)

    def add(self, other: "SideLine") -> None:
        self.structures += other.structures
        self.wasted += other.wasted
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count


class SideBySide:
    """The lines of these structures; in as many queries whatever their number."""

    def __init__(self, structures: QuerySet[Structure], now: datetime):
        self.structures, self.now = structures, now

    @cached_property
    def day(self) -> date | None:
        """The day of the last measure."""
        return self._measures(self.structures.values("pk")).latest_day()

    @cached_property
    def _costs(self) -> Costs:
        return Costs(self.structures, self.now)

    @property
    def counted_at(self) -> datetime | None:
        """The moment when the cost of BAL without use was counted."""
        return self._costs.counted_at

    @cached_property
    def lines(self) -> list[SideLine]:
        measured = self._counts(self.structures.values("pk"), [self.day] if self.day else [])
        counts = {pk: of_place for (pk, _), of_place in measured.items()}
        wasted = self._costs.wasted
        return [
            SideLine(str(row), row.department, [row], counts.get(row.pk, {}), wasted.get(row.pk) or Cost())
            for row in self.structures.select_related("parent").order_by("name", "pk")
        ]

    def by_department(self) -> list[SideLine]:
        found: dict[str, SideLine] = {}
        for line in self.lines:
            into = found.setdefault(line.department, SideLine(line.department or "inconnu", line.department, []))
            into.add(line)
        return [found[department] for department in sorted(found)]

    def courses(self, lines: Iterable[SideLine]) -> dict[int, dict[str, list[int]]]:
        """By the place of each line, the values of each thing compared, one a week, the last one now."""
        shown = list(lines)
        if not self.day:
            return {}
        days = self._days(self.day)
        counts = self._counts([row.pk for line in shown for row in line.structures], days)
        return {place: self._course(line, days, counts) for place, line in enumerate(shown)}

    def _days(self, until: date) -> list[date]:
        """The last day of each week on which anybody measured: a service that stood still on one is not without
        course for that."""
        rows = Measure.objects.of(TOTAL).since(until, WEEKS * WEEK.days).filter(day__lte=until)
        last = {(until - day) // WEEK: day for day in rows.order_by("day").values_list("day", flat=True).distinct()}
        return sorted(last.values())

    def _course(self, line: SideLine, days: list[date], counts: dict) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {name: [] for name in (*BY_NAME, WASTED)}
        for day in days:
            of_day = [counts[row.pk, day] for row in line.structures if (row.pk, day) in counts]
            together = {name: sum(one[name] for one in of_day) for name in COUNTED}
            for one in YARDSTICKS if of_day else ():  # nobody measured on that day: no point, not a nought
                if (value := one.of(together)) is not None:
                    found[one.name].append(value)
            if of_day and all(one[IS_PRICED] for one in of_day):
                found[WASTED].append(together[WASTED])
        return found

    def _counts(self, structures, days: list[date]) -> dict[tuple[int, date], Counts]:
        rows = self._measures(structures).filter(day__in=days, name__in=(TOTAL, "activity", FINDING, WASTED))
        sums = {name: Sum("count", filter=which, default=0) for name, which in COUNTED.items()}
        counted = rows.order_by().values_list("structure", "day")
        counted = counted.annotate(**sums, **{IS_PRICED: Count("pk", filter=COUNTED[WASTED])})
        return {(pk, day): dict(zip((*COUNTED, IS_PRICED), numbers, strict=True)) for pk, day, *numbers in counted}

    def _measures(self, structures):
        return Measure.objects.filter(structure__in=structures)
