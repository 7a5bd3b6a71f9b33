"""On which day a BAL will be full, from the readings of its space: pure arithmetic over days and megabytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations, pairwise
from math import ceil, sqrt
from statistics import median

WINDOW = timedelta(days=180)  # older readings tell of habits that may have changed
STEP = 7  # days: one reading a week is kept, so that an hourly one weighs no more and weekends do not show
MADE_ROOM = 0.05  # of the quota: a fall by more is someone making room
LEAST_PAIRS, LEAST_DAYS = 3, 14
HORIZON = timedelta(days=730)  # what lies beyond is not told
# Two-sided 80 % of Student's law, by degrees of freedom.
STUDENT = {1: 3.078, 2: 1.886, 3: 1.638, 4: 1.533, 5: 1.476, 6: 1.44, 8: 1.397, 10: 1.372, 15: 1.341, 25: 1.316}

Point = tuple[date, int]


class Unknown(StrEnum):
    """Why no day can be told; the sentence that the page shows."""

    NO_QUOTA = "l’espace accordé n’est pas connu"
    TOO_FEW = "il faut au moins trois relevés, sur deux semaines ou plus, sans ménage entre eux"
    NO_GROWTH = "d’après ses relevés, elle ne se remplit pas"
    FAR = "à ce rythme, pas avant deux ans"


@dataclass(frozen=True)
class Forecast:
    """`latest` is None where the readings do not exclude that it never fills, or only beyond two years."""

    since: date  # the last reading, from which it starts
    used_mb: int
    quota_mb: int
    pace: float  # megabytes a day
    earliest: date
    likely: date
    latest: date | None


def forecast(readings: Iterable[Point], quota_mb: int | None) -> Forecast | Unknown:
    """The day on which `quota_mb` is reached if nobody makes room, and two days between which it is four times in five.

    `readings` are (day, megabytes used) in the order of time, at any intervals; of one day the last one counts.

    *Pace*, in megabytes a day: Theil-Sen, the median of the slopes between all pairs of readings of the last 180 days
    (one a week), so that a wrong reading or a burst does not bend it. No pair straddles a fall by more than 5 % of the
    quota: someone made room there, which says nothing of how fast the BAL fills; the pace outlives the clean-up.

    *Likely*: from the last reading, at that pace. *Earliest, latest*: the drift method. What the weekly steps deviate
    from the pace gives a spread that widens with the days to go and narrows with the days observed; Student's law
    makes the band honest when readings are few.

    *Unknown*: no quota; fewer than three pairs, or less than 14 days watched; no growth; not within two years.
    A BAL that is full already is full since its last reading.
    """
    days = sorted(dict(readings).items())
    if not quota_mb:
        return Unknown.NO_QUOTA
    if not days:
        return Unknown.TOO_FEW
    since, used = days[-1]
    if used >= quota_mb:
        return Forecast(since, used, quota_mb, 0, since, since, since)
    segments = [_thinned(segment) for segment in _segments(days, since - WINDOW, quota_mb * MADE_ROOM)]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]).days for segment in segments for a, b in combinations(segment, 2)]
    watched = sum((segment[-1][0] - segment[0][0]).days for segment in segments)
    if len(slopes) < LEAST_PAIRS or watched < LEAST_DAYS:
        return Unknown.TOO_FEW
    pace = median(slopes)
    if pace <= 0:
        return Unknown.NO_GROWTH
    left = quota_mb - used
    if left / pace > HORIZON.days:
        return Unknown.FAR
    soonest, last = _band(left, pace, _spread(segments, pace), watched)
    likely = ceil(left / pace)
    return Forecast(
        since,
        used,
        quota_mb,
        pace,
        earliest=since + timedelta(days=min(ceil(soonest), likely)),
        likely=since + timedelta(days=likely),
        latest=since + timedelta(days=max(ceil(last), likely)) if last <= HORIZON.days else None,
    )


def _segments(days: list[Point], first: date, fall: float) -> list[list[Point]]:
    """Cut where it stands lower than it once stood in the same segment, by more than `fall`."""
    segments: list[list[Point]] = []
    peak = 0
    for day, used in days:
        if day < first:
            continue
        if not segments or used < peak - fall:
            segments.append([])
            peak = used
        segments[-1].append((day, used))
        peak = max(peak, used)
    return segments


def _thinned(segment: list[Point]) -> list[Point]:
    """One a week, counted back from the last."""
    kept = [segment[-1]]
    for point in reversed(segment):
        if (kept[-1][0] - point[0]).days >= STEP:
            kept.append(point)
    return kept[::-1]


def _spread(segments: list[list[Point]], pace: float) -> float:
    """How far the space may stray from the pace in one day, in megabytes, four times in five; in n days, by √n more."""
    steps = [((b[0] - a[0]).days, b[1] - a[1]) for segment in segments for a, b in pairwise(segment)]
    strays = [(grown - pace * days) ** 2 / days for days, grown in steps]
    freedom = max(1, len(strays) - 1)
    student = STUDENT[max(known for known in STUDENT if known <= freedom)]
    return student * sqrt(sum(strays) / freedom)


def _band(left: float, pace: float, spread: float, watched: int) -> tuple[float, float]:
    """The two numbers of days in which pace·n ± spread·√(n + n²/watched) reaches `left`: the roots of one quadratic.

    The second one is infinite where the slowest pace that the readings allow is no growth.
    """
    a = pace**2 - spread**2 / watched
    b = 2 * left * pace + spread**2
    c = left**2
    root = sqrt(max(0.0, b**2 - 4 * a * c))
    return 2 * c / (b + root), (b + root) / (2 * a) if a > 0 else float("inf")
