"""The day on which a BAL will be full: worked examples, then what must hold whatever the readings."""

from datetime import date, timedelta
from itertools import pairwise
from math import sqrt
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailboxes.models.forecast import HORIZON, Forecast, Unknown, forecast

DAY = date(2026, 11, 21)


def ago(days):
    return DAY - timedelta(days=days)


def weekly(*used):
    """A reading a week, the last one today."""
    return [(ago(7 * (len(used) - 1 - rank)), mb) for rank, mb in enumerate(used)]


# --- Worked examples --------------------------------------------------------------------------------------------------
def test_seven_megabytes_a_week_fill_the_last_thirty_in_thirty_days():
    told = forecast(weekly(942, 949, 956, 963, 970), 1000)
    assert (told.since, told.used_mb, told.quota_mb, told.pace) == (DAY, 970, 1000, 1)
    assert (told.earliest, told.likely, told.latest) == (DAY + timedelta(30),) * 3  # a straight line leaves no doubt


def test_readings_that_waver_open_a_band():
    told = forecast(weekly(900, 915, 912, 935, 933, 950), 1000)
    assert told.earliest < told.likely < told.latest
    assert DAY + timedelta(days=25) <= told.likely <= DAY + timedelta(days=45)


def test_three_readings_promise_less_than_twelve_of_the_same_regularity():
    def wide(readings):
        told = forecast(readings, 1000)
        return told.likely - told.earliest

    assert wide(weekly(800, 812, 820)) > wide(weekly(*[712 + 12 * (n // 2) + 8 * (n // 2 + n % 2) for n in range(12)]))


def test_one_wrong_reading_hardly_moves_the_day():
    right = weekly(*range(800, 905, 7))
    wrong = [*right[:6], (right[6][0], 990), *right[7:]]  # a fall of 15 % follows: as if someone had made room
    shift = forecast(wrong, 1000).likely - forecast(right, 1000).likely
    assert abs(shift) <= timedelta(days=2)


def test_an_emptied_trash_postpones_the_day_and_leaves_the_pace():
    told = forecast(weekly(800, 814, 828, 842, 500), 1000)
    assert told.pace == 2
    assert told.likely == DAY + timedelta(days=250)


def test_a_small_clean_up_counts_as_slower_growth():
    assert forecast(weekly(800, 850, 810, 860, 820, 870), 1000).pace < 50 / 7


def test_the_readings_between_two_clean_ups_are_put_together():
    """Two rising readings, then emptied, again and again: no stretch alone would be enough."""
    told = forecast(weekly(100, 170, 20, 90, 10, 80), 200)
    assert told.pace == 10
    assert told.likely == DAY + timedelta(days=12)


def test_a_gap_of_months_is_no_growth_of_one_day():
    told = forecast([(ago(150), 100), (ago(143), 107), (ago(20), 230), (ago(0), 250)], 300)
    assert told.pace == 1
    assert told.likely == DAY + timedelta(days=50)


def test_hourly_readings_weigh_no_more_than_weekly_ones():
    days = [(ago(n), 1000 - n) for n in range(60, -1, -1)]
    hours = [(day, mb) for day, mb in days for _ in range(24)]
    assert forecast(hours, 1100) == forecast(days, 1100)


def test_of_one_day_the_last_reading_counts():
    assert forecast([*weekly(942, 949, 956, 963), (DAY, 999), (DAY, 970)], 1000).used_mb == 970


def test_old_habits_are_forgotten():
    slow_then_fast = [(ago(400 - n), n // 4) for n in range(0, 200, 7)] + weekly(*range(500, 700, 14))
    assert forecast(slow_then_fast, 1000).pace == 2


@pytest.mark.parametrize("used", [1000, 1200])
def test_a_full_bal_is_full_since_its_last_reading(used):
    told = forecast([(ago(3), used)], 1000)
    assert (told.earliest, told.likely, told.latest) == (ago(3),) * 3
    assert (told.since, told.used_mb, told.quota_mb, told.pace) == (ago(3), used, 1000, 0)


@pytest.mark.parametrize(
    ("readings", "quota", "why"),
    [
        (weekly(942, 949, 956), None, Unknown.NO_QUOTA),
        (weekly(942, 949, 956), 0, Unknown.NO_QUOTA),
        ([], 1000, Unknown.TOO_FEW),
        (weekly(942, 949), 1000, Unknown.TOO_FEW),
        ([(ago(13), 900), (ago(6), 910), (ago(0), 920)], 1000, Unknown.TOO_FEW),  # 13 days
        ([(ago(14), 900), (ago(7), 910), (ago(0), 920)], 1000, None),  # 14
        ([(ago(180), 900), (ago(7), 910), (ago(0), 920)], 1000, None),  # it still counts
        ([(ago(30), 900), (ago(0), 920)], 1000, Unknown.TOO_FEW),  # a month, and one pair
        (weekly(900, 850, 870), 1000, Unknown.NO_GROWTH),  # a fall of 5 % is none
        (weekly(900, 849, 870), 1000, Unknown.TOO_FEW),  # a greater one is someone making room
        ([(ago(181), 900), (ago(7), 910), (ago(0), 920)], 1000, Unknown.TOO_FEW),  # the first one is too old
        (weekly(900, 910, 100), 1000, Unknown.TOO_FEW),  # just emptied, and little known before
        (weekly(500, 500, 500, 500), 1000, Unknown.NO_GROWTH),
        (weekly(500, 490, 480, 470), 1000, Unknown.NO_GROWTH),
        (weekly(86, 93, 100), 100 + HORIZON.days, None),
        (weekly(86, 93, 100), 101 + HORIZON.days, Unknown.FAR),
    ],
)
def test_when_nobody_can_tell(readings, quota, why):
    told = forecast(readings, quota)
    assert told == why if why else isinstance(told, Forecast)


@pytest.mark.parametrize(
    ("used", "student"),
    [([800, 812, 815, 840, 846, 862], 1.533), ([800, 825, 844], 3.078)],  # of 4 degrees, and of 1
)
def test_the_band_is_that_of_the_drift_method(used, student):
    """Day after day, until the upper bound reaches the quota; then until the lower one does."""
    told = forecast(weekly(*used), 1000)
    watched, strays = 7 * (len(used) - 1), [b - a - 7 * told.pace for a, b in pairwise(used)]
    spread = student * sqrt(sum(stray**2 / 7 for stray in strays) / (len(strays) - 1))

    def first(sign):
        wide = (sign * spread * sqrt(n + n**2 / watched) for n in range(731))
        return next(n for n, more in enumerate(wide) if used[-1] + told.pace * n + more >= 1000)

    assert (told.earliest - DAY).days == first(1)
    assert (told.latest - DAY).days == first(-1)


def test_a_pace_that_may_be_none_has_no_latest_day():
    told = forecast(weekly(500, 540, 510, 560, 530, 575), 700)
    assert told.latest is None
    assert told.earliest < told.likely


# --- What must hold whatever the readings -----------------------------------------------------------------------------
megabytes = st.integers(0, 5000)
any_readings = st.lists(st.tuples(st.integers(0, 400), megabytes), max_size=40).map(
    lambda rows: sorted((ago(days), used) for days, used in rows)
)
quotas = st.integers(1, 5000)


@given(any_readings, quotas)
def test_it_always_answers_and_in_order(readings, quota):
    told = forecast(readings, quota)
    if isinstance(told, Forecast):
        assert told.since <= told.earliest <= told.likely
        assert told.latest is None or told.likely <= told.latest <= told.since + HORIZON
        assert told.likely <= told.since + HORIZON


@given(any_readings, quotas, st.integers(-1000, 1000))
def test_another_calendar_tells_the_same(readings, quota, days):
    moved = [(day + timedelta(days), used) for day, used in readings]
    here, there = forecast(readings, quota), forecast(moved, quota)
    if isinstance(here, Unknown):
        assert there == here
    else:
        assert (there.earliest, there.likely) == (here.earliest + timedelta(days), here.likely + timedelta(days))


@given(any_readings, quotas, st.integers(1, 3000))
def test_more_space_is_never_full_sooner(readings, quota, more):
    """Above 5 % of the wider quota no fall is forgotten, so the pace may be another: compare where nobody made room."""
    grown, peak = [], 0
    for day, used in readings:
        peak = max(peak, used)
        grown.append((day, peak))
    before, after = forecast(grown, quota), forecast(grown, quota + more)
    if isinstance(before, Forecast) and isinstance(after, Forecast):
        assert after.likely >= before.likely
        assert after.earliest >= before.earliest


@given(st.integers(1, 20), st.integers(0, 500), st.sets(st.integers(0, 170), min_size=3, max_size=40))
def test_a_straight_line_is_told_to_the_day_at_whatever_intervals(pace, start, days):
    days = sorted(days, reverse=True)
    assume(days[0] - days[-1] >= 21)
    readings = [(ago(n), start + pace * (days[0] - n)) for n in days]
    told = forecast(readings, readings[-1][1] + 100 * pace)
    if told is Unknown.TOO_FEW:  # bunched so that fewer than three are a week apart
        return
    assert told.pace == pytest.approx(pace)
    assert abs(told.likely - (readings[-1][0] + timedelta(days=100))) <= timedelta(days=1)
    assert told.earliest == told.likely


@given(st.floats(1, 5), st.integers(0, 10**6))
def test_emptying_the_trash_never_hides_the_growth(pace, seed):
    rng = Random(seed)
    used, readings = 0.0, []
    for week in range(26):
        used += 7 * pace * rng.uniform(0.8, 1.2)
        if week % 6 == 5:
            used *= 0.3
        readings.append((ago(7 * (25 - week)), round(used)))
    told = forecast(readings, 400)
    assert isinstance(told, Forecast)
    assert told.pace == pytest.approx(pace, rel=0.35)


@pytest.mark.parametrize("every", [1, 7, 30])
def test_the_band_keeps_its_word_three_times_in_four(every):
    """Bursts of messages, a day in six: the day on which it was really full falls between earliest and latest."""
    kept = told_in_all = 0
    for seed in range(120):
        rng = Random(seed)
        course = [300.0]
        while len(course) < 1200:
            course.append(course[-1] + (rng.expovariate(1 / 12) if rng.random() < 1 / 6 else 0))
        quota = round(course[200]) + 150
        full = next(day for day, used in enumerate(course) if used >= quota) - 200
        told = forecast([(ago(n), round(course[200 - n])) for n in range(180 // every * every, -1, -every)], quota)
        if isinstance(told, Forecast):
            told_in_all += 1
            latest = told.latest or DAY + HORIZON * 10
            kept += told.earliest - timedelta(1) <= DAY + timedelta(days=full) <= latest + timedelta(1)
    assert told_in_all > 100
    assert kept / told_in_all >= 0.75
