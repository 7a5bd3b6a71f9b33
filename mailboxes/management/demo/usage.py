"""How each BAL is used: when its people last came, and how full it is, at any day of the story."""

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from mailboxes.actions import Pushed, record_readings
from mailboxes.lifecycle import OPENED
from mailboxes.management.demo.clock import Timeline
from mailboxes.models import SYSTEM, Bal, Reading

FIRST, LAST, EVERY = 422, 2, 30  # days ago of the monthly readings
MONTH = 30.44
STOPPED = {"Cabinet de kinésithérapie du Pont Vieux": 70}  # days ago of the last reading of a structure


class Habit(NamedTuple):
    """Days ago, at a reading made so many days ago: of the last use (None: nobody knows), and percent of the space."""

    last_used: Callable[[float], float | None]
    percent: Callable[[float], float] | None


def regular(rng: random.Random) -> Habit:
    start, growth = rng.uniform(5, 45), rng.uniform(0, 25)
    gaps: dict[float, float] = {FIRST - EVERY * rank: rng.uniform(0.1, 9) for rank in range(FIRST // EVERY + 1)}
    return Habit(lambda ago: ago + gaps.get(ago, 1), lambda ago: start + growth * (1 - ago / FIRST))


def filling(to: float) -> Callable[[random.Random], Habit]:
    """Steady growth over the fourteen months."""

    def habit(rng: random.Random) -> Habit:
        return regular(rng)._replace(percent=lambda ago: 30 + (to - 30) * (1 - (ago - LAST) / FIRST))

    return habit


def emptied(rng: random.Random) -> Habit:
    """Warned when nearly full, then sorted out."""
    return regular(rng)._replace(percent=lambda ago: 60 + 36 * (1 - ago / FIRST) / 0.7 if ago > 125 else 41 - ago / 25)


def idle(months: float) -> Callable[[random.Random], Habit]:
    """Last used so many months ago, and never since."""
    return lambda rng: Habit(lambda ago: max(ago + 1, months * MONTH), regular(rng).percent)


def woken(rng: random.Random) -> Habit:
    """Silent for more than the operator's limit, then used again as before."""
    back = rng.uniform(20, 80)
    silence = back + 10.6 * MONTH
    return Habit(lambda ago: ago + 1 if ago < back or ago > silence else silence, regular(rng).percent)


def unknown(rng: random.Random) -> Habit:
    """The operator tells how full it is, and nothing of its use."""
    return Habit(lambda ago: None, regular(rng).percent)


def silent(rng: random.Random) -> Habit:
    """Nobody tells anything."""
    return Habit(lambda ago: None, None)


class Readings:
    """The operators' monthly readings of every BAL that the register holds by then."""

    def __init__(self, time: Timeline):
        self.time = time
        self._habits: dict[str, Habit] = {}

    def of(self, address: str, habit: Callable[[random.Random], Habit]) -> None:
        self._habits[address] = habit(random.Random(address))  # noqa: S311 - the same at each run

    def closely(self, address: str, habit: Callable[[random.Random], Habit], days_ago: Iterable[int]) -> None:
        """Read on these days too, beside the monthly readings of all."""
        self.of(address, habit)
        for ago in days_ago:
            self.time.on(ago, self._read_one, address, ago)

    def _read_one(self, address: str, ago: int) -> None:
        self._read(Bal.objects.filter(address=address), ago)

    def plan(self) -> None:
        for ago in range(FIRST, 0, -EVERY):
            self.time.on(ago, self._read_all, ago)

    def _read_all(self, ago: int) -> None:
        self._read(Bal.objects.filter(state__in=OPENED), ago)

    def _read(self, bals: QuerySet[Bal], ago: int) -> None:
        for bal in bals.exclude(address__in=self._habits):
            self.of(bal.address, regular)
        bals = bals.exclude(structure__name__in=[name for name, last in STOPPED.items() if ago < last])
        said = [self._said(bal, ago) for bal in bals.select_related("operator").order_by("pk")]
        for verdict in record_readings([one for one in said if one], source=Reading.Source.IMPORT, by=SYSTEM):
            if verdict.refused:
                raise verdict.refused

    def _said(self, bal: Bal, ago: int) -> Pushed | None:
        habit = self._habits[bal.address]
        if habit.percent is None:
            return None
        last = habit.last_used(ago)
        return Pushed(
            bal.address,
            at=self.time.moment(ago) - timedelta(hours=1),
            last_used_at=self.time.moment(last).replace(second=0, microsecond=0) if last else None,
            used_mb=round((bal.operator.default_quota_mb or 0) * habit.percent(ago) / 100),
            quota_mb=bal.quota_mb,
        )
