"""A silent source proves nothing: idleness is concluded only where a use could have been seen of late."""

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db.models import IntegerField, Value
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.imports.actions import undo_import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import State, Verb
from mailboxes.models import SYSTEM, Bal, Notice, Operator, Reading, Request
from mailboxes.models.bal_sets import Use
from mailboxes.models.months import DaysBefore
from tests.mailboxes.conftest import record

START = datetime(2025, 1, 6, 6, 0, tzinfo=UTC)
LATER = START + timedelta(days=400)
NIGHTLY = ("alert_idle", "follow_alerts", "depublish_idle")


def night():
    for job in NIGHTLY:
        jobs.run(job)
    now = Notice.objects.filter(sent_at=None)
    now.update(sent_at=datetime.now(UTC), attempts=1)


def unwatched():
    return set(BY_NAME["sans-releve"].bals(Bal.objects.all()))


def known_since(bal, used_at, read_at):
    Bal.objects.filter(pk=bal.pk).update(last_used_at=used_at, clock_at=used_at, read_at=read_at)


# --- The edge ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("seconds", "is_watched"), [(0, True), (1, False)])
@pytest.mark.parametrize(("own", "days"), [(None, 35), (10, 10), (90, 90)])
def test_a_reading_lets_idleness_be_concluded_for_so_many_days(per, operator, time_machine, own, days, seconds,
                                                                is_watched):  # fmt: skip
    time_machine.move_to(LATER, tick=False)
    Operator.objects.update(fresh_days=own)
    known_since(per, START, LATER - timedelta(days=days, seconds=seconds))
    found = Bal.objects.filter(pk=per.pk)
    assert found.watched(LATER).exists() == is_watched
    assert found.due_for_alert(LATER).exists() == found.idle(LATER).exists() == is_watched
    assert found.with_use(LATER).get().use == (Use.NONE if is_watched else Use.UNKNOWN)
    assert (per in unwatched()) == (not is_watched)


def test_days_are_counted_in_sql_as_everywhere_else(operator):
    now = datetime.fromisoformat("2026-03-31T23:59:58.123456+00:00")
    for days in (0, 1, 35, 400):
        then = DaysBefore(now, Value(days, output_field=IntegerField()))
        assert Operator.objects.annotate(then=then).get().then == now - timedelta(days=days)


def test_a_list_of_its_operator_for_its_structure_watches_a_bal_and_no_other_does(
    per, make_bal, people, operator, structure, other_structure, time_machine
):
    time_machine.move_to(LATER, tick=False)
    elsewhere = Operator.objects.create(code="autre", name="Autre")
    Bal.objects.update(read_at=None, clock_at=START)
    for facts in ({"structure": other_structure}, {"operator": elsewhere}, {"structure": structure.parent}):
        make_bal("PER", read_at=LATER, clock_at=LATER, **facts)
        assert not Bal.objects.watched(LATER).filter(pk=per.pk).exists(), facts
    make_bal("PER", people.bruno, read_at=LATER, clock_at=LATER)
    assert list(Bal.objects.due_for_alert(LATER)) == [per]


# --- What a reading is ------------------------------------------------------------------------------------------------
def test_a_reading_that_sees_uses_is_dated_and_one_that_does_not_is_not(per, people, time_machine):
    time_machine.move_to(START, tick=False)
    Bal.objects.update(read_at=None)
    record(per, at=START - timedelta(hours=1), used_mb=10)
    actions.declare_use(per, by=people.paul.user)
    assert Bal.objects.get(pk=per.pk).read_at is None
    record(per, at=START, last_used_at=START - timedelta(days=9))
    record(per, at=START - timedelta(days=30), last_used_at=START - timedelta(days=40))
    assert Bal.objects.get(pk=per.pk).read_at == START
    record(per, at=START, used_mb=10)  # corrected: it tells no use after all
    assert Bal.objects.get(pk=per.pk).read_at == START - timedelta(days=30)
    seen = Reading.objects.all()
    assert set(seen.seeing_use()) == {reading for reading in seen if reading.sees_use}


def test_an_import_taken_back_takes_back_the_day_of_its_readings(bring_in, people, per, time_machine):
    time_machine.move_to(START, tick=False)
    record(per, at=START - timedelta(days=20), last_used_at=START - timedelta(days=30))
    Bal.objects.update(read_at=START - timedelta(days=20))
    actions.describe_bal(per, by=people.gisele.user, service="Accueil")  # the journal is not empty
    run = bring_in(f"Adresse;Dernière connexion\n{per.address};05/01/2025\n")
    assert Bal.objects.get(pk=per.pk).read_at == run.as_of
    carry_on(undo_import(run, by=run.by), by=SYSTEM)
    assert Bal.objects.get(pk=per.pk).read_at == START - timedelta(days=20)


# --- No sequence of silence leads to an alert -------------------------------------------------------------------------
SILENCES = st.lists(
    st.tuples(
        st.integers(1, 150),  # days later
        st.sampled_from(["nothing", "space alone", "an old list", "a holder's word on another BAL", "oppose"]),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture
def quiet(per, make_bal, people):
    return per, make_bal("ORG", people.alice)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(silences=SILENCES, months=st.integers(0, 9))
@example(silences=[(150, "nothing")] * 8, months=9)
@example(silences=[(100, "an old list")] * 8, months=9)
def test_no_sequence_of_silence_of_the_source_leads_to_an_alert(quiet, people, time_machine, silences, months):
    """It was read once, and last used so many months before; afterwards nobody who could see a use says a word."""
    per, org = quiet
    time_machine.move_to(START, tick=False)
    Bal.objects.update(state=State.ACTIVE, state_since=START, clock_at=None, last_used_at=None, read_at=None)
    Reading.objects.all().delete()
    record(per, at=START, last_used_at=START - relativedelta(months=months))
    now = START
    for days, what in silences:
        now += timedelta(days=days)
        if now <= START + timedelta(days=35):
            continue  # the source is not silent yet
        time_machine.move_to(now, tick=False)
        if what == "space alone":
            record(per, at=now, used_mb=days)
        elif what == "an old list":
            record(per, at=START + timedelta(days=1), last_used_at=START - relativedelta(months=months))
        elif what == "a holder's word on another BAL":
            actions.declare_use(org, by=people.alice.user)
        night()
        assert Bal.objects.get(pk=per.pk).state == State.ACTIVE
        assert not Notice.objects.exists()
        assert not Request.objects.exists()
        assert per in unwatched()


# --- The story --------------------------------------------------------------------------------------------------------
def test_a_dsi_stops_sending_lists_for_a_year(bring_in, people, make_bal, client, time_machine):
    """One list names three BAL; then nothing for a year; then a list says that one of them has not served since."""
    time_machine.move_to(START, tick=False)
    bals = [make_bal("PER", who, address=f"{who.given_name.lower()}@chu-exemple.mssante.fr", read_at=None)
            for who in (people.paul, people.bruno, people.alice)]  # fmt: skip
    paul, bruno, alice = (bal.address for bal in bals)

    def a_list(**uses):
        days = {paul: uses["paul"], bruno: uses["bruno"], alice: uses["alice"]}
        bring_in("Adresse;Dernière connexion\n" + "".join(f"{a};{on:%Y-%m-%d}\n" for a, on in days.items()))

    a_list(paul=START - timedelta(days=240), bruno=START - timedelta(days=2), alice=START - timedelta(days=3))
    night()
    assert not unwatched()
    for days in range(30, 400, 30):
        time_machine.move_to(START + timedelta(days=days), tick=False)
        night()
    year = START + timedelta(days=395)
    time_machine.move_to(year, tick=False)
    assert set(Bal.objects.values_list("state", flat=True)) == {State.ACTIVE}
    assert (Notice.objects.count(), Request.objects.count()) == (0, 0)
    assert unwatched() == set(bals)
    client.force_login(people.gisele.user)
    assert "BAL sans relevé récent" in client.get(reverse("dashboard")).text
    page = client.get(bals[0].get_absolute_url()).text
    assert "pour cette structure depuis le 6 janvier 2025\u00a0: l’usage est inconnu depuis" in page
    assert reverse("import-new") in client.get(reverse("finding", args=["sans-releve"])).text

    a_list(paul=START - timedelta(days=240), bruno=year - timedelta(days=1), alice=year - timedelta(days=330))
    night()
    assert not unwatched()
    assert [bal.address for bal in Bal.objects.filter(state=State.IDLE_ALERTED).order_by("address")] == [alice, paul]
    assert "(relevé du 05/02/2026)" in Notice.objects.filter(stage=Verb.ALERT_IDLE).first().text

    # Silent again: what was alerted goes no further, and nobody is reminded.
    told = Notice.objects.count()
    for days in range(36, 200, 12):
        time_machine.move_to(year + timedelta(days=days), tick=False)
        night()
    assert Notice.objects.count() == told
    assert not Bal.objects.filter(state=State.DEPUBLICATION_REQUESTED).exists()
