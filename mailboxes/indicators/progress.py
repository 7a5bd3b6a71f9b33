"""How far an engagement is, by the very figures of the indicators."""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils import timezone

from mailboxes.indicators.table import BY_NAME
from mailboxes.lifecycle import OPENED
from mailboxes.models import Bal, Engagement, Structure, Use

Target = Engagement.Target


class CountedTarget(NamedTuple):
    """Which keys of which figure."""

    figure: str
    keys: frozenset[str]


TARGETS: dict[str, CountedTarget] = {
    Target.OPENED: CountedTarget("state", frozenset(OPENED)),
    Target.PUBLISHED: CountedTarget("published", frozenset({"yes"})),
    Target.USED: CountedTarget("activity", frozenset({Use.USED})),
    Target.PERSONAL: CountedTarget("kind", frozenset({Bal.Kind.NOMINATIVE})),
    Target.SHARED: CountedTarget("kind", frozenset(Bal.SHARED)),
}


class TargetProgress(NamedTuple):
    engagement: Engagement
    achieved: int

    @property
    def percent(self) -> int:
        return min(100, 100 * self.achieved // self.engagement.number)

    @property
    def is_reached(self) -> bool:
        return self.achieved >= self.engagement.number

    @property
    def missing(self) -> int:
        return max(0, self.engagement.number - self.achieved)


def progress_of(engagements: Iterable[Engagement]) -> list[TargetProgress]:
    """The progress of each engagement, in its structure and those below; as many queries for a thousand as for one."""
    rows = list(engagements)
    chains = _below({row.structure_id for row in rows})
    every = Structure.objects.filter(pk__in=set().union(*chains.values()) if chains else ())
    now, counts = timezone.now(), {}
    for name in {TARGETS[row.target].figure for row in rows}:
        for structure, key, count in BY_NAME[name].counts(every, now):
            counts[name, structure, str(key)] = count
    return [TargetProgress(row, _sum(counts, TARGETS[row.target], chains[row.structure_id])) for row in rows]


def _sum(counts: dict[tuple[str, int, str], int], target: CountedTarget, structures: set[int]) -> int:
    return sum(counts.get((target.figure, pk, key), 0) for pk in structures for key in target.keys)


def _below(tops: set[int]) -> dict[int, set[int]]:
    """Each of these structures with all that are below it, in one query."""
    found: dict[int, set[int]] = {pk: {pk} for pk in tops}
    for pk, line in Structure.objects.exclude(parent=None).lines().items():
        for top in tops.intersection(line):
            found[top].add(pk)
    return found
