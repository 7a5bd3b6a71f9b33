"""What the page of a BAL foretells is what the jobs do: on that day, and not on the day before."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db.models import IntegerField, Value
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from mailboxes import actions, jobs
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.models import Affiliation, Alias, Bal, Delegataire, Notice, Operator, Person, Request
from mailboxes.models.months import MonthsBefore, months_after
from mailboxes.notices.ahead import Ahead, ahead_of
from mailboxes.notices.hours import HOURS, first_pass
from mailboxes.notices.idleness import with_question

START = datetime(2026, 1, 21, 15, 40, tzinfo=UTC)  # in the afternoon: the night's jobs have passed
WORDS = {
    "Rappel à ses titulaires": Act.REMIND_IDLE,
    "Signalement au gestionnaire": Act.ESCALATE_IDLE,
    "Retrait de l’annuaire demandé à l’opérateur": Verb.DEPUBLISH_IDLE,
    "Alerte d’inactivité à ses titulaires": Verb.ALERT_IDLE,
    "Question à ses titulaires : « vous en servez-vous ? »": Act.ASK_USE,
    "Rappel de la question « vous en servez-vous ? »": Act.REMIND_USE,
}


@pytest.fixture
def start(time_machine):
    time_machine.move_to(START, tick=False)
    return START


@pytest.fixture
def pass_(time_machine):
    """`pass_(day)`: the jobs of that day, each at its hour, and what they wrote is mailed; the lists still come."""

    def go(day: date):
        for job, hour in HOURS.items():
            time_machine.move_to(timezone.make_aware(datetime.combine(day, hour)), tick=False)
            Bal.objects.update(read_at=timezone.now())
            jobs.run(job)
        Notice.objects.filter(sent_at=None, channel="email").update(sent_at=timezone.now(), attempts=1)

    return go


def read(bal) -> Bal:
    return with_question(Bal.objects.with_cotitulaires()).prefetch_related("requests__operator").get(pk=bal.pk)


def ahead(bal) -> list[Ahead]:
    delegations = Delegataire.objects.filter(bal=bal, ended_at=None).select_related("person")
    stays = Affiliation.objects.filter(person__held__bal=bal, structure=bal.structure).select_related("person")
    return ahead_of(read(bal), delegations=delegations, stays=stays)


def done(bal) -> list[str]:
    return list(bal.journal.order_by("pk").values_list("what", flat=True))


def check_as_foretold(bal, pass_) -> list[str]:
    """Go through every day up to the last one foretold: what the jobs do, they do on the day that was said last."""
    seen = []
    day = timezone.localdate() + timedelta(days=1)
    while said := [line for line in ahead(bal) if line.day and line.title in WORDS and line.day < date(2026, 6, 1)]:
        nearest = said[0]
        assert nearest.day >= day, "what is foretold is never of yesterday"
        before = done(bal)
        if nearest.day > day:
            pass_(nearest.day - timedelta(days=1))
            assert done(bal) == before, nearest
        pass_(nearest.day)
        new = done(bal)[len(before) :]
        assert WORDS[nearest.title] in new, (nearest, new)
        seen += new
        day = nearest.day + timedelta(days=1)
    return seen


# --- Months turned round ----------------------------------------------------------------------------------------------
@given(
    st.datetimes(datetime(2023, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),
    st.integers(1, 30),
)
def test_months_after_is_months_before_turned_round(moment, months):
    there = months_after(moment, months)
    assert there - relativedelta(months=months) >= moment
    assert there - timedelta(microseconds=1) - relativedelta(months=months) < moment


@pytest.mark.parametrize("moment", ["2025-12-31T10:00", "2025-12-30T23:59", "2023-12-29T00:00", "2026-01-15T12:00"])
def test_months_after_agrees_with_the_database(operator, moment):
    moment = datetime.fromisoformat(f"{moment}:00+00:00")
    for months in (1, 2, 10, 12):
        there = months_after(moment, months)
        for now, is_due in ((there, True), (there - timedelta(seconds=1), False)):
            then = MonthsBefore(now, Value(months, output_field=IntegerField()))
            assert Operator.objects.annotate(then=then).filter(then__gte=moment).exists() is is_due, (months, now)


# --- The hours --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("job", HOURS)
def test_each_foretold_job_passes_at_that_hour(job):
    when = jobs.JOBS[job].when
    assert (when.hour, when.minute) == ({HOURS[job].hour}, {HOURS[job].minute})
    assert when.day_of_week == set(range(7))


def test_a_job_that_has_passed_passes_tomorrow(start):
    today = timezone.localdate(start)
    assert first_pass("alert_idle", start) == today + timedelta(days=1)
    assert first_pass("alert_idle", start - timedelta(days=90)) == today + timedelta(days=1)
    night = timezone.make_aware(datetime.combine(today + timedelta(days=5), HOURS["alert_idle"]))
    assert first_pass("alert_idle", night) == today + timedelta(days=5)
    assert first_pass("alert_idle", night + timedelta(seconds=1)) == today + timedelta(days=6)


# --- An idleness, night after night -----------------------------------------------------------------------------------
@pytest.mark.parametrize("days", [0, 10, 29, 30, 31])
def test_an_idleness_goes_as_foretold(per, start, pass_, days):
    idle_at = start + timedelta(days=days)
    Bal.objects.update(clock_at=idle_at - relativedelta(months=10), state_since=start - timedelta(days=500))
    seen = check_as_foretold(per, pass_)
    assert seen == ["alert_idle", "remind_idle", "remind_idle", "escalate_idle", "depublish_idle"] or seen == [
        "alert_idle", "remind_idle", "escalate_idle", "remind_idle", "depublish_idle",
    ]  # fmt: skip


def test_an_alert_that_reached_nobody_is_told_to_the_gestionnaire_as_foretold_and_ends_nothing(per, start, pass_):
    Person.objects.update(email="")
    Bal.objects.update(clock_at=start - relativedelta(months=10), state_since=start - timedelta(days=500))
    pass_(timezone.localdate() + timedelta(days=1))
    assert [line.title for line in ahead(per) if line.title in WORDS] == ["Signalement au gestionnaire"]
    assert check_as_foretold(per, pass_) == ["escalate_idle"]
    assert [line for line in ahead(per) if line.title in WORDS] == []


def test_of_two_reminders_due_by_the_same_night_the_nearer_to_the_end_is_foretold(per, start, pass_, settings):
    settings.IDLE_REMINDERS = [30, 7]
    Bal.objects.update(clock_at=start - relativedelta(months=10), state_since=start - timedelta(days=500))
    pass_(timezone.localdate() + timedelta(days=1))
    end = next(line.day for line in ahead(per) if line.title.startswith("Retrait"))
    pass_(end - timedelta(days=5))  # the jobs had stopped until then
    assert list(per.journal.filter(what=Act.REMIND_IDLE).values_list("after", flat=True)) == ["7 jours avant"]
    assert [line.why for line in ahead(per) if line.title.startswith("Rappel")] == []


def test_a_silent_source_suspends_what_was_foretold(per, start, time_machine):
    Bal.objects.update(
        state=State.IDLE_ALERTED, clock_at=start - relativedelta(months=11), state_since=start - timedelta(days=30),
        read_at=start - timedelta(days=settings.READING_FRESH_DAYS, seconds=1),
    )  # fmt: skip
    (only,) = ahead(per)
    assert (only.day, only.title) == (None, "Suite de l’alerte d’inactivité")
    assert not Bal.objects.watched(timezone.now()).exists()


@pytest.mark.parametrize("fresh_days", [None, 10])
def test_a_reading_proves_something_until_the_day_foretold(per, operator, start, time_machine, fresh_days):
    Operator.objects.update(fresh_days=fresh_days)
    Bal.objects.update(read_at=start, clock_at=start)
    until = read(per).watched_until
    assert any(line.day == timezone.localdate(until) and "Relevé" in line.title for line in ahead(per))
    for seconds, is_watched in ((0, True), (1, False)):
        time_machine.move_to(until + timedelta(seconds=seconds), tick=False)
        assert Bal.objects.watched(timezone.now()).exists() is is_watched


# --- The question -----------------------------------------------------------------------------------------------------
def test_a_question_and_its_reminder_go_as_foretold(per, start, pass_):
    Bal.objects.update(clock_at=None, state_since=start - timedelta(days=3))
    assert check_as_foretold(per, pass_)[:2] == ["ask_use", "remind_use"]


def test_nobody_is_asked_of_a_bal_that_nobody_holds(make_bal, start):
    bal = make_bal("ORG", clock_at=None, state_since=start)
    assert ahead(bal) == []


# --- The rest of a life -----------------------------------------------------------------------------------------------
def test_a_delegation_ends_on_the_night_after_the_day_foretold(org, start, pass_):
    last = timezone.localdate() + timedelta(days=9)
    org.delegataires.update(starts_on=timezone.localdate(), ends_on=last)
    assert any(line.day == last and "Delphine" in line.title for line in ahead(org))
    pass_(last)
    assert org.delegataires.get().ended_at is None
    pass_(last + timedelta(days=1))
    assert org.delegataires.get().ended_at


def test_a_departure_takes_the_accesses_on_the_day_foretold(org, people, start, pass_):
    day = timezone.localdate() + timedelta(days=9)
    actions.record_departure(people.bruno.affiliations.get(), day, by=people.gisele.user)
    assert any(line == Ahead(day, "Départ de Bruno EXEMPLE", line.why) for line in ahead(org))
    pass_(day - timedelta(days=1))
    assert org.is_held_by(people.bruno)
    pass_(day)
    assert not read(org).is_held_by(people.bruno)


def test_an_operator_is_reminded_and_their_delay_told_as_foretold(org, people, start, pass_):
    asked = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="Plus d’espace.")
    actions.step(asked, Act.MARK_SENT, by=people.gisele.user)
    due = Request.objects.get().due_on
    lines = {line.title.partition(" ")[0]: line.day for line in ahead(org) if line.title.startswith(("Rép", "Rel"))}
    assert lines == {"Réponse": due, "Relance": due + timedelta(days=1)}
    pass_(due)
    assert Request.objects.get().reminded_at is None
    pass_(due + timedelta(days=1))
    assert Request.objects.get().reminded_at
    (told,) = [line.day for line in ahead(org) if line.title.startswith("Retard")]
    pass_(told - timedelta(days=1))
    assert Request.objects.get().escalated_at is None
    pass_(told)
    assert Request.objects.get().escalated_at


def test_a_depublished_bal_may_be_deleted_from_the_day_foretold(per, start, time_machine):
    Bal.objects.update(state=State.DEPUBLISHED, state_since=start)
    (line,) = [line for line in ahead(per) if "Suppression" in line.title]
    assert line.day == timezone.localdate(start + settings.DELETION_WAIT)


@pytest.mark.parametrize(("nature", "said"), [("coming", "Bascule vers"), ("former", "à faire fermer"), ("kept", "")])
def test_a_migration_is_foretold_until_its_former_address_is_closed(per, start, operator, nature, said):
    """The page said that nothing was expected of anybody."""
    day = None if nature == "kept" else timezone.localdate() + timedelta(days=9)
    alias = Alias(bal=per, operator=operator, address="paul@nouveau.mssante.fr", nature=nature, due_on=day)
    told = [
        line for line in ahead_of(read(per), delegations=[], stays=[], aliases=[alias]) if alias.address in line.title
    ]
    assert [(line.day, said in line.title) for line in told] == ([(day, True)] if said else [])


def test_nothing_is_foretold_of_a_bal_that_is_over(per, start):
    Bal.objects.update(state=State.DELETED, full_on=timezone.localdate() + timedelta(days=3), clock_at=start)
    assert ahead(per) == []
