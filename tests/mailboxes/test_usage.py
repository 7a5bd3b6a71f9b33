"""What readings teach, and the warnings that follow: idleness, saturation."""

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from mailboxes import actions, jobs
from mailboxes.actions import usage
from mailboxes.findings import BY_NAME as FINDING
from mailboxes.lifecycle import Party, State, Verb
from mailboxes.models import Bal, Notice, Operator, Reading
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes import conftest

NOW = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)


def months_ago(months, **more):
    return NOW - relativedelta(months=months) - timedelta(**more)


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(NOW, tick=False)


def record(bal, **facts):
    return conftest.record(bal, **{"at": NOW, **facts})


def fresh(bal):
    return Bal.objects.get(pk=bal.pk)


# --- Readings ---------------------------------------------------------------------------------------------------------
def test_a_reading_dates_the_last_use_and_measures_the_fill(per):
    record(per, last_used_at=months_ago(1), used_mb=850, quota_mb=1000)
    per = fresh(per)
    assert (per.last_used_at, per.last_used_source, per.clock_at) == (months_ago(1), "import", months_ago(1))
    assert per.percent_full == 85


def test_the_same_reading_twice_is_one(per):
    assert record(per, used_mb=10) == record(per, used_mb=10)
    assert per.readings.count() == 1


def test_an_older_reading_changes_nothing_that_a_newer_one_told(per):
    record(per, at=NOW, last_used_at=months_ago(1), used_mb=500, quota_mb=1000)
    record(per, at=months_ago(2), last_used_at=months_ago(3), used_mb=900, quota_mb=1000)
    per = fresh(per)
    assert (per.last_used_at, per.percent_full) == (months_ago(1), 50)
    assert per.readings.count() == 2


def test_an_older_reading_tells_what_no_other_did(per):
    record(per, at=NOW, used_mb=500)
    record(per, at=months_ago(2), last_used_at=months_ago(3), quota_mb=1000)
    assert (fresh(per).last_used_at, fresh(per).percent_full) == (months_ago(3), 50)


def test_a_new_quota_changes_the_fill_without_waiting_for_a_reading(per, people):
    record(per, used_mb=900, quota_mb=1000)
    actions.describe_bal(per, by=people.gisele.user, quota_mb=2000)
    assert fresh(per).percent_full == 45


def test_a_use_in_the_future_is_refused(per):
    with pytest.raises(Refused, match="dans le futur"):
        record(per, last_used_at=NOW + timedelta(minutes=1))
    assert not per.readings.exists()


def test_a_holder_records_no_reading_but_declares_their_use(per, people):
    with pytest.raises(NotAllowed):
        record(per, used_mb=1, by=people.paul.user)
    actions.declare_use(per, by=people.paul.user)
    assert (fresh(per).last_used_at, fresh(per).last_used_source) == (NOW, "answer")


# --- Idleness ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("clock_at", "due"),
    [(months_ago(10), True), (months_ago(10, seconds=-1), False), (months_ago(30), True), (None, False)],
)
def test_idle_from_the_tenth_month_to_the_second_and_unknown_is_not_idle(per, clock_at, due):
    Bal.objects.update(clock_at=clock_at)
    assert (per in Bal.objects.due_for_alert(NOW)) == due


def test_an_app_is_never_idle(app):
    Bal.objects.update(clock_at=months_ago(30))
    assert not Bal.objects.due_for_alert(NOW).exists()


def test_each_operator_has_its_own_limits(per, make_bal, people):
    patient = Operator.objects.create(code="patient", name="Patient", alert_after_months=20, end_after_months=24)
    late = make_bal("PER", people.bruno, operator=patient)
    Bal.objects.update(clock_at=months_ago(15))
    assert list(Bal.objects.due_for_alert(NOW)) == [per]
    Bal.objects.filter(pk=late.pk).update(clock_at=months_ago(20))
    assert set(Bal.objects.due_for_alert(NOW)) == {per, late}


def test_the_alert_is_given_once_per_cycle(per, people, django_capture_on_commit_callbacks, mailoutbox):
    Bal.objects.update(clock_at=months_ago(11))
    for _night in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            jobs.run("alert_idle")
    notice = Notice.objects.get()
    assert (notice.person, notice.stage, notice.sent_at) == (people.paul, Verb.ALERT_IDLE, NOW)
    assert "21/12/2025" in notice.text
    [mail] = mailoutbox
    assert mail.to == [people.paul.email]
    assert per.address not in mail.subject + mail.body  # an ordinary mail is read by others
    assert "/avis/repondre/" in mail.body


def test_a_new_idleness_is_a_new_cycle(per, people):
    Bal.objects.update(clock_at=months_ago(11))
    jobs.run("alert_idle")
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    later = NOW + relativedelta(months=10)
    Bal.objects.update(read_at=later)
    assert per in Bal.objects.due_for_alert(later)
    jobs.run("alert_idle", later)
    assert Notice.objects.filter(stage=Verb.ALERT_IDLE, party="holders").count() == 2


def alert(per, *, told_at):
    Bal.objects.update(clock_at=months_ago(13))
    jobs.run("alert_idle")
    since = min(told_at or NOW, NOW)
    Bal.objects.update(state_since=since)
    Notice.objects.update(sent_at=told_at)


@pytest.mark.parametrize(
    ("told_at", "due"),
    [(months_ago(2), True), (months_ago(2, seconds=-1), False), (None, False)],
)
def test_depublication_comes_two_months_after_an_alert_really_given(per, told_at, due):
    alert(per, told_at=told_at)
    assert (per in Bal.objects.due_for_depublication(NOW)) == due
    jobs.run("depublish_idle")
    assert (fresh(per).state == State.DEPUBLICATION_REQUESTED) == due


def test_the_alert_of_a_former_cycle_proves_nothing(per):
    alert(per, told_at=months_ago(3))
    Bal.objects.update(state_since=months_ago(2, days=10))
    assert not Bal.objects.due_for_depublication(NOW).exists()


@pytest.mark.parametrize(
    ("state", "last_used_at", "woken"),
    [
        (State.IDLE_ALERTED, months_ago(9), True),
        (State.IDLE_ALERTED, months_ago(10, days=1), False),
        (State.DEPUBLICATION_REQUESTED, NOW, True),
        (State.DEPUBLISHED, months_ago(9), False),
        (State.DELETION_REQUESTED, NOW, True),
        (State.DELETION_CONFIRMED, NOW, False),
    ],
)
def test_a_use_stops_the_way_out_until_deletion_is_confirmed(per, state, last_used_at, woken):
    Bal.objects.update(state=state, state_since=months_ago(1), clock_at=months_ago(11))
    record(per, last_used_at=last_used_at)
    assert fresh(per).state == (State.ACTIVE if woken else state)


def test_declaring_a_use_opposes_the_way_out(per, people):
    Bal.objects.update(state=State.DEPUBLISHED)
    actions.declare_use(per, by=people.paul.user)
    assert per.journal.get().what == Verb.OPPOSE
    assert fresh(per).state == State.ACTIVE


# --- Saturation -------------------------------------------------------------------------------------------------------
def fill(bal, percent, minutes):
    record(bal, at=NOW - timedelta(days=1) + timedelta(minutes=minutes), used_mb=percent, quota_mb=100)
    return jobs.run("check_quotas").done


def test_one_warning_per_threshold_cleared_with_hysteresis(per):
    warned = [
        (percent, fill(per, percent, minutes), fresh(per).quota_warned)
        for minutes, percent in enumerate([79, 80, 80, 79, 75, 80, 91, 86, 84, 91, 100])
    ]
    assert warned == [
        (79, 0, 0),
        (80, 1, 80),
        (80, 0, 80),
        (79, 0, 80),  # five points below or it would warn at each breath
        (75, 0, 80),
        (80, 0, 80),
        (91, 1, 90),
        (86, 0, 90),
        (84, 1, 80),  # cleared
        (91, 1, 90),  # a new cycle
        (100, 1, 95),
    ]
    stages = Notice.objects.filter(party=Party.HOLDERS).order_by("pk").values_list("stage", flat=True)
    assert list(stages) == ["warn_quota-80", "warn_quota-90", "warn_quota-90", "warn_quota-95"]


def test_a_threshold_passed_on_the_way_down_is_cleared_well_below_it_too(per):
    """Down from 96 % to 89 %: the warning of 95 % is cleared; that of 90 % is not, or 90 % would give it again."""
    warned = [(fill(per, percent, n), fresh(per).quota_warned) for n, percent in enumerate([92, 96, 89, 90, 84, 90])]
    assert warned == [(1, 90), (1, 95), (1, 90), (0, 90), (1, 80), (1, 90)]
    stages = Notice.objects.filter(party=Party.HOLDERS).order_by("pk").values_list("stage", flat=True)
    assert list(stages) == ["warn_quota-90", "warn_quota-95", "warn_quota-90"]


def test_the_warning_gives_the_remedies_in_order(per):
    fill(per, 96, 0)
    order = ["logiciel métier", "corbeille", "par date", "pièces jointes", "demandez de l’espace"]
    texts = dict(Notice.objects.values_list("party", "text"))
    assert set(texts) == {Party.HOLDERS, Party.GESTIONNAIRES}
    for text in texts.values():
        assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)


def told(bal):
    return sorted((notice.party, notice.stage) for notice in bal.notices.all())


def test_who_manages_the_bal_hears_at_the_last_threshold_only(per, people):
    fill(per, 94, 0)
    assert told(per) == [("holders", "warn_quota-90")]
    fill(per, 95, 1)
    assert told(per) == [
        ("gestionnaires", "warn_quota-95"),
        ("holders", "warn_quota-90"),
        ("holders", "warn_quota-95"),
    ]


def test_where_nobody_holds_the_bal_who_manages_it_hears_at_once(app, people):
    fill(app, 80, 0)
    assert told(app) == [("gestionnaires", "warn_quota-80")]
    assert "n’a pas de titulaire" in app.notices.get().text


def test_the_warning_tells_the_day_it_will_be_full(per):
    for weeks, used in ((3, 770), (2, 791), (1, 812), (0, 833)):
        record(per, at=NOW - timedelta(weeks=weeks), used_mb=used, quota_mb=1000)
    jobs.run("check_quotas")
    assert "pleine vers le 16 janvier 2027" in per.notices.get().text  # 167 Mo left at 3 a day: 56 days


def test_quotas_are_checked_many_at_a_time(make_bal, people):
    counts = []
    for number in (2, 20):  # SQLite takes about 60 notices a statement
        for _ in range(number):
            make_bal("PER", people.paul, percent_full=96, used_mb=96, quota_mb=100)
        with CaptureQueriesContext(connection) as queries:
            assert jobs.run("check_quotas").done == number
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Notice.objects.filter(party=Party.HOLDERS).count() == 22


def test_one_bad_bal_stops_no_other_warning(make_bal, people, monkeypatch):
    first, second = (make_bal("PER", people.paul, percent_full=96) for _ in range(2))
    written = usage._write_warnings

    def fails_on_the_first(crossed, **facts):
        if any(bal == first for bal, _ in crossed):
            raise DatabaseError("no")
        written(crossed, **facts)

    monkeypatch.setattr(usage, "_write_warnings", fails_on_the_first)
    tally = jobs.run("check_quotas")
    assert (tally.done, list(tally.refused)) == (1, [f"BAL n° {first.pk}"])
    assert (fresh(first).quota_warned, fresh(second).quota_warned) == (0, 95)


# --- Forecast ---------------------------------------------------------------------------------------------------------
def grow(bal, *used, quota_mb=1000):
    """A reading a week, the last one now."""
    for rank, mb in enumerate(used):
        record(bal, at=NOW - timedelta(weeks=len(used) - 1 - rank), used_mb=mb, quota_mb=quota_mb)
    return fresh(bal).full_on


TODAY = NOW.date()


def test_each_reading_brings_the_forecast_level(per):
    told = []
    for weeks, used in ((2, 942), (1, 949), (0, 956)):
        record(per, at=NOW - timedelta(weeks=weeks), used_mb=used, quota_mb=1000)
        told.append(fresh(per).full_on)
    assert told == [None, None, TODAY + timedelta(days=44)]
    record(per, at=NOW - timedelta(seconds=1), used_mb=970)
    assert fresh(per).full_on == TODAY + timedelta(days=44), "an older reading of the same day changes nothing"


def test_a_reading_of_the_last_use_alone_leaves_the_forecast(per):
    grow(per, 942, 949, 956)
    record(per, source="push", last_used_at=NOW)
    assert fresh(per).full_on == TODAY + timedelta(days=44)


def test_more_space_postpones_the_day_at_once(per, people):
    grow(per, 942, 949, 956)
    actions.describe_bal(per, by=people.gisele.user, quota_mb=1100)
    assert fresh(per).full_on == TODAY + timedelta(days=144)


def test_the_forecast_of_many_costs_one_query(make_bal, django_assert_num_queries):
    bals = [make_bal("ORG", quota_mb=1000) for _ in range(20)]
    Reading.objects.bulk_create(
        Reading(bal=bal, at=NOW - timedelta(weeks=2 - week), source="import", used_mb=942 + 7 * week)
        for bal in bals
        for week in range(3)
    )
    with django_assert_num_queries(1):
        usage.foresee(bals)
    assert {bal.full_on for bal in bals} == {TODAY + timedelta(days=44)}


@pytest.mark.parametrize(("days", "found"), [(-91, False), (-90, True), (0, True), (30, True), (31, False)])
def test_soon_full_is_within_thirty_days_and_not_long_past(per, days, found):
    Bal.objects.update(full_on=TODAY + timedelta(days=days), percent_full=70)
    assert FINDING["bientot-pleine"].bals(Bal.objects.all()).exists() == found


def test_what_is_nearly_full_already_is_another_finding(per):
    Bal.objects.update(full_on=TODAY, percent_full=95)
    assert not FINDING["bientot-pleine"].bals(Bal.objects.all()).exists()
    assert FINDING["pleine"].bals(Bal.objects.all()).exists()


def test_a_second_quota_check_writes_nothing(per, django_assert_num_queries):
    fill(per, 96, 0)
    with django_assert_num_queries(1):
        jobs.run("check_quotas")
