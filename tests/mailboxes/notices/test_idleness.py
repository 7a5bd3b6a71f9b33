"""An idleness from its alert to its end, and the question where nothing is known: each word once."""

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db.models import F, IntegerField, Value
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.lifecycle import Act, State, Verb
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Operator, Person
from mailboxes.models.months import MonthsBefore
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.conftest import record

ALERT = datetime(2026, 1, 21, 6, 20, tzinfo=UTC)  # ten months after the last use
END = datetime(2026, 3, 21, 6, 20, tzinfo=UTC)
NIGHTLY = ("alert_idle", "follow_alerts", "depublish_idle", "ask_unknown")


@pytest.fixture
def night(time_machine):
    """`night(moment)`: the jobs of that night, twice, and what they wrote is mailed; the lists still come."""

    def live(moment):
        time_machine.move_to(moment, tick=False)
        Bal.objects.update(read_at=moment)
        for _ in range(2):
            for job in NIGHTLY:
                jobs.run(job)
        Notice.objects.filter(sent_at=None, channel="email").update(sent_at=moment, attempts=1)

    return live


@pytest.fixture
def idle(per, time_machine):
    time_machine.move_to(ALERT, tick=False)
    Bal.objects.update(clock_at=ALERT - relativedelta(months=10), state_since=ALERT - timedelta(days=500))
    return per


def stages(party="holders"):
    return list(Notice.objects.filter(party=party).order_by("pk").values_list("stage", flat=True))


def state(bal):
    return Bal.objects.get(pk=bal.pk).state


# --- Months -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("day", ["2026-03-31", "2024-02-29", "2026-05-30", "2026-01-01", "2026-12-31"])
def test_months_are_counted_in_sql_as_everywhere_else(operator, day):
    now = datetime.fromisoformat(f"{day}T23:59:58.123456+00:00")
    for months in range(1, 26):
        then = MonthsBefore(now, Value(months, output_field=IntegerField()))
        assert Operator.objects.annotate(then=then).get().then == now - relativedelta(months=months), months
    then = MonthsBefore(now, F("end_after_months") - F("alert_after_months"))
    assert Operator.objects.annotate(then=then).get().then == now - relativedelta(months=2)


def test_a_night_with_nothing_due_costs_one_query(per, django_assert_num_queries):
    for job in ("alert_idle", "depublish_idle"):
        with django_assert_num_queries(1):
            jobs.run(job)


# --- The stages of a cycle --------------------------------------------------------------------------------------------
def test_an_idleness_goes_by_its_stages_each_once(idle, people, night):
    seconds = timedelta(seconds=1)
    last_month, last_week = END - timedelta(days=30), END - timedelta(days=7)
    for moment, told in [
        (ALERT - seconds, 0), (ALERT, 1), (last_month - seconds, 1), (last_month, 2),
        (last_month + timedelta(days=5), 2), (last_week - seconds, 2), (last_week, 3), (END - seconds, 3), (END, 4),
    ]:  # fmt: skip
        night(moment)
        assert len(stages()) == told, moment
    assert stages() == ["alert_idle", "remind_idle-30", "remind_idle-7", "depublish_idle"]
    assert stages("gestionnaires") == ["escalate_idle"]
    assert set(Notice.objects.filter(party="gestionnaires").values_list("address", flat=True)) == {
        "gisele@exemple.invalid"
    }
    assert state(idle) == State.DEPUBLICATION_REQUESTED
    for stage in ("alert_idle", "remind_idle-7"):
        assert "à partir du 21/03/2026" in Notice.objects.get(stage=stage).text


def test_a_reminder_of_an_alert_given_late_says_one_day_in_its_subject_and_its_text(idle, night):
    """The alert was sent again once its titulaire had an address: the end is counted from then."""
    late = timedelta(days=10)
    night(ALERT)
    Notice.objects.update(sent_at=ALERT + late)
    night(END + late - timedelta(days=30))
    reminder = Notice.objects.get(stage="remind_idle-30")
    day = f"{timezone.localdate(END + late):%d/%m/%Y}"
    assert f"à partir du {day}" in reminder.text
    assert reminder.subject.endswith(f"répondez avant le {day}")


def test_an_opposition_ends_the_reminders_and_the_next_cycle_has_its_own(idle, people, night):
    night(ALERT)
    actions.move(idle, Verb.OPPOSE, by=people.paul.user)
    night(END)
    assert stages() == ["alert_idle"], "the titulaire is not written about their own answer"
    again = ALERT + relativedelta(months=10)
    for moment in (again, again + timedelta(days=40), again + relativedelta(months=2)):
        night(moment)
    assert stages() == ["alert_idle", "alert_idle", "remind_idle-30", "depublish_idle"]


def test_a_second_alert_of_the_same_idleness_is_told_and_goes_by_its_own_stages(idle, people, night):
    """A gestionnaire asked for the depublication, and thought better of it: the clock is where it was."""
    night(ALERT)
    for verb in (Verb.REQUEST_DEPUBLICATION, Verb.CANCEL_DEPUBLICATION):
        actions.move(idle, verb, by=people.gisele.user)
    again = ALERT + timedelta(days=50)
    for moment in (again, again + timedelta(days=40), again + relativedelta(months=2)):
        night(moment)
    alert = ["alert_idle", "remind_idle-30", "depublish_idle"]
    assert [stage for stage in stages() if "idle" in stage] == ["alert_idle", *alert]
    assert "pu être prévenu" not in "".join(idle.journal.values_list("note", flat=True))


def test_each_operator_s_own_limits_date_the_reminders(idle, night, operator):
    Operator.objects.update(alert_after_months=10, end_after_months=16)
    night(ALERT)
    night(END)
    assert stages() == ["alert_idle"]
    night(ALERT + relativedelta(months=6) - timedelta(days=29))
    assert stages() == ["alert_idle", "remind_idle-30"]


def test_who_was_reminded_late_is_not_reminded_of_an_earlier_date(idle, night):
    night(ALERT)
    night(END - timedelta(days=3))  # nothing ran for two months
    assert stages() == ["alert_idle", "remind_idle-7"]


def test_no_reminder_comes_with_the_end_itself(idle, night):
    night(ALERT)
    night(END)
    assert stages() == ["alert_idle", "depublish_idle"]


def test_a_reminder_is_for_the_jobs_alone(idle, people, night):
    night(ALERT)
    rows = Bal.objects.filter(pk=idle.pk)
    (by_hand,) = actions.remind_idle_each(rows, 30, by=people.gisele.user).refused.values()
    assert "réservé à : automate" in by_hand
    (too_soon,) = actions.remind_idle_each(rows, 30, by=SYSTEM).refused.values()
    assert "n’est plus" in too_soon


# --- Nobody reached ---------------------------------------------------------------------------------------------------
@pytest.fixture
def unreachable(idle, people):
    Person.objects.filter(pk=people.paul.pk).update(email="")
    return idle


def test_the_gestionnaire_hears_after_three_days_that_nobody_could_be_told_and_nothing_ends(unreachable, night):
    night(ALERT)
    night(ALERT + timedelta(days=3, seconds=-1))
    assert stages("gestionnaires") == []
    night(ALERT + timedelta(days=3))
    assert stages("gestionnaires") == ["escalate_idle"]
    assert "n’a pu être prévenu" in Notice.objects.get(party="gestionnaires").text
    night(ALERT + timedelta(days=800))
    assert stages("gestionnaires") == ["escalate_idle"]
    assert state(unreachable) == State.IDLE_ALERTED


def test_a_notice_given_by_hand_counts_from_its_day(unreachable, people, night):
    night(ALERT)
    given_on = ALERT + timedelta(days=20)
    night(given_on)
    notice = Notice.objects.get(party="holders")
    actions.give_notice(notice, by=people.gisele.user, how="par téléphone", on=given_on.date())
    notice.refresh_from_db()
    assert (notice.channel, notice.how, timezone.localdate(notice.sent_at)) == (
        "hand",
        "par téléphone",
        given_on.date(),
    )
    night(given_on + relativedelta(months=2) - timedelta(days=1))
    assert state(unreachable) == State.IDLE_ALERTED
    night(given_on + relativedelta(months=2, days=1))
    assert state(unreachable) == State.DEPUBLICATION_REQUESTED
    entry = JournalEntry.objects.get(what=Act.GIVE_NOTICE)
    assert entry.by == people.gisele.user
    assert "par téléphone" in entry.after


def test_a_bounced_alert_proves_nothing(idle, night):
    night(ALERT)
    Notice.objects.filter(party="holders").update(bounced_at=ALERT)
    night(ALERT + timedelta(days=3))
    assert stages("gestionnaires") == ["escalate_idle"]
    night(END + timedelta(days=100))
    assert state(idle) == State.IDLE_ALERTED


def test_one_cotitulaire_told_is_enough(org, people, night, time_machine):
    Person.objects.filter(pk=people.alice.pk).update(email="")
    Bal.objects.update(clock_at=ALERT - relativedelta(months=10))
    night(ALERT)
    night(ALERT + timedelta(days=5))
    assert stages("gestionnaires") == []


# --- Unknown is not idle ----------------------------------------------------------------------------------------------
ENTERED = datetime(2026, 1, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def unknown(per, time_machine):
    time_machine.move_to(ENTERED, tick=False)
    Bal.objects.update(state_since=ENTERED)
    return per


def test_a_bal_of_unknown_use_is_asked_about_reminded_and_never_ended(unknown, night):
    for days, told in [(29, 0), (30, 1), (43, 1), (44, 2), (200, 2), (394, 2), (395, 3), (410, 4), (3000, 5)]:
        night(ENTERED + timedelta(days=days))
        assert len(stages()) == told, days
    assert set(stages()) == {"ask_use", "remind_use"}
    assert state(unknown) == State.ACTIVE
    assert stages("operator") == []


def test_who_answered_is_not_reminded(unknown, people, night):
    night(ENTERED + timedelta(days=30))
    actions.declare_use(unknown, by=people.paul.user)
    night(ENTERED + timedelta(days=60))
    assert stages() == ["ask_use"]


def test_neither_an_app_nor_a_bal_without_holder_is_asked_about(app, make_bal, night):
    make_bal("ORG")
    Bal.objects.update(state_since=ENTERED)
    night(ENTERED + timedelta(days=400))
    assert stages() == []


def test_a_gestionnaire_asks_without_waiting_and_once(unknown, people):
    actions.ask_use(unknown, by=people.gisele.user)
    with pytest.raises(Refused, match="déjà demandé"):
        actions.ask_use(unknown, by=people.gisele.user)
    with pytest.raises(NotAllowed):
        actions.ask_use(unknown, by=people.lea.user)
    assert stages() == ["ask_use"]


@pytest.mark.parametrize(
    ("kind", "clock_at", "said"), [("APP", None, "logiciel"), ("ORG", None, "Personne"), ("PER", ENTERED, "On sait")]
)
def test_there_must_be_something_and_someone_to_ask(make_bal, people, kind, clock_at, said):
    bal = make_bal(kind, *([people.paul] if kind == "PER" else []), clock_at=clock_at)
    with pytest.raises(Refused, match=said):
        actions.ask_use(bal, by=SYSTEM if kind == "APP" else people.gisele.user)


# --- Findings ---------------------------------------------------------------------------------------------------------
def found(name):
    return list(BY_NAME[name].bals(Bal.objects.all()))


def test_a_question_left_without_answer_becomes_a_finding(unknown, night):
    for days in (30, 44, 57):
        night(ENTERED + timedelta(days=days))
    assert found("sans-reponse") == []
    night(ENTERED + timedelta(days=58))
    assert found("sans-reponse") == [unknown]
    Bal.objects.update(clock_at=ENTERED)
    assert found("sans-reponse") == []


def test_a_silent_app_is_a_finding_of_its_own_and_an_unknown_one_is_not(app, settings, time_machine):
    time_machine.move_to(ALERT, tick=False)
    assert found("app-muette") == []
    Bal.objects.update(last_used_at=ALERT - timedelta(days=30, seconds=-1))
    assert found("app-muette") == []
    Bal.objects.update(last_used_at=ALERT - timedelta(days=30), clock_at=ALERT - timedelta(days=900))
    assert found("app-muette") == [app]
    assert not Bal.objects.due_for_alert(ALERT).exists()


# --- A use after a holder asked for the way out -----------------------------------------------------------------------
def use(bal):
    now = timezone.now()
    record(bal, at=now, last_used_at=now, source="import", by=SYSTEM)


@pytest.mark.parametrize(
    ("verb", "asker", "woken"),
    [
        (Verb.REQUEST_DEPUBLICATION, "paul", False),  # paul saves messages
        (Verb.REQUEST_DEPUBLICATION, "gisele", True),  # another decided; paul uses it
        (Verb.DEPUBLISH_IDLE, None, True),
    ],
)
def test_a_use_wakes_what_others_ended_and_not_what_the_holder_asked_for(per, people, time_machine, verb, asker, woken):
    time_machine.move_to(ALERT, tick=False)
    if verb == Verb.DEPUBLISH_IDLE:
        Bal.objects.update(state=State.IDLE_ALERTED)
    actions.move(per, verb, by=getattr(people, asker).user if asker else SYSTEM)
    for hours in (1, 2):
        time_machine.move_to(ALERT + timedelta(hours=hours), tick=False)
        use(per)
    assert state(per) == (State.ACTIVE if woken else State.DEPUBLICATION_REQUESTED)
    noted = Notice.objects.filter(stage=Act.NOTE_USE)
    assert {notice.party for notice in noted} == (set() if woken else {"holders", "gestionnaires"})
    assert noted.count() == (0 if woken else 2), "once, however often paul comes"
    assert (found("sert-encore") == [per]) != woken


def test_the_holders_own_word_stops_what_they_asked_for(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    actions.declare_use(per, by=people.paul.user)
    assert state(per) == State.ACTIVE


def test_of_two_requests_the_last_tells_who_wants_it_out(org, people, time_machine):
    time_machine.move_to(ALERT, tick=False)
    actions.move(org, Verb.REQUEST_DEPUBLICATION, by=people.gisele.user)
    Bal.objects.update(state=State.DEPUBLISHED)
    time_machine.move_to(ALERT + timedelta(days=1), tick=False)
    actions.move(org, Verb.REQUEST_DELETION, by=people.alice.user, attested=True)
    time_machine.move_to(ALERT + timedelta(days=2), tick=False)
    use(org)
    assert state(org) == State.DELETION_REQUESTED
