"""The sweeps that write to people and operators: some hundreds of rows in one go, and one bad row stops nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from directory.models import Entry
from mailboxes import actions, jobs
from mailboxes.actions import answers, batches
from mailboxes.actions import idleness as use
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    ApplicativeFacts,
    Bal,
    Claim,
    JournalEntry,
    Movement,
    Notice,
    Preference,
    Request,
    bulk,
)
from tests.mailboxes.conftest import make_professional

pytestmark = pytest.mark.usefixtures("fresh", "people")  # somebody manages the structure


@pytest.fixture
def ago():
    now = timezone.now()
    return lambda days: now - timedelta(days=days)


@pytest.fixture
def holders():
    """`holders(3)`: so many professionals more, each with an address to write to."""
    known = iter(range(1, 1000))

    def make(count):
        return [make_professional(n, email=f"p{n}@exemple.invalid") for n, _ in zip(known, range(count), strict=False)]

    return make


def asked(bals, kind, **facts):
    for bal in bals:
        entry = JournalEntry.objects.create(bal=bal, what=Act.ASK_OPERATOR)
        about = {"structure": bal.structure, "operator": bal.operator, "address": bal.address, "bal": bal}
        Request.objects.create(kind=kind, stage="sent", entry=entry, **about, **facts)
    return Request.objects.filter(kind=kind)


def told(bals, act, at):
    JournalEntry.objects.bulk_create(JournalEntry(bal=bal, what=act, at=at, told_at=at) for bal in bals)


class Due:
    """So many rows due for a sweep, each made as the register holds it."""

    def __init__(self, make_bal, make_entry, holders, structure, ago):
        self.make_bal, self.make_entry, self.holders = make_bal, make_entry, holders
        self.structure, self.ago = structure, ago

    def bals(self, count, *, kind="PER", **facts):
        return [self.make_bal(kind, *([one] if kind != "APP" else []), **facts) for one in self.holders(count)]

    def seen(self, count):
        bals = self.bals(count)
        asked(bals, RequestKind.PUBLISH, sent_at=self.ago(9))
        self.show(bals)

    def opened(self, count):
        bals = self.bals(count, state=State.REQUESTED)
        asked(bals, RequestKind.OPEN, sent_at=self.ago(9))
        self.show(bals)

    def show(self, bals):
        for bal in bals:
            self.make_entry(bal.address)

    def late(self, count):
        asked(self.bals(count), RequestKind.CHANGE, sent_at=self.ago(40), due_on=self.ago(9).date())

    def reminded(self, count):
        self.late(count)
        Request.objects.filter(reminded_at=None).update(reminded_at=self.ago(20))

    def unknown(self, count):
        self.bals(count, clock_at=None, state_since=self.ago(40))

    def asked(self, count):
        told(self.bals(count, clock_at=None, state_since=self.ago(60)), Act.ASK_USE, self.ago(20))

    def certificates(self, count):
        for bal in self.bals(count, kind="APP"):
            ends = self.ago(-20).date()
            ApplicativeFacts.objects.create(bal=bal, software="DPI", certificate_expires_on=ends)

    def alerted(self, count):
        since = self.ago(50)
        for bal in self.bals(count, state=State.IDLE_ALERTED, state_since=since, clock_at=self.ago(350)):
            entry = JournalEntry.objects.create(bal=bal, what=Verb.ALERT_IDLE, at=since, told_at=since)
            about = {"stage": Verb.ALERT_IDLE, "party": "holders", "recipient": "P", "channel": "email", "text": "…"}
            Notice.objects.create(entry=entry, bal=bal, key=f"{bal.pk}", created_at=since, sent_at=since, **about)

    def unreached(self, count):
        self.bals(count, state=State.IDLE_ALERTED, state_since=self.ago(5), clock_at=self.ago(310))

    def unidentified(self, count):
        for person in self.holders(count):
            Affiliation.objects.create(person=person, structure=self.structure)
            self.make_entry(f"ailleurs{person.pk}@autre.mssante.fr", person_id=person.rpps)

    def claims(self, count):
        self.unidentified(count)
        for entry in Entry.objects.exclude(address__in=Claim.objects.values("address")):
            person = Affiliation.objects.get(person__rpps=entry.person_id).person
            Claim.objects.create(person=person, address=entry.address, cycle=1, asked_at=self.ago(20))

    def movements(self, count):
        for number, person in enumerate(self.holders(count)):
            stay = Affiliation.objects.create(person=person, structure=self.structure)
            kind = "departure" if number % 2 else "arrival"
            Movement.objects.create(stay=stay, kind=kind, planned_on=self.ago(3).date())


@pytest.fixture
def due(make_bal, make_entry, holders, structure, ago):
    return Due(make_bal, make_entry, holders, structure, ago)


SWEEPS = {
    "seen": ("verify_requests", Act.VERIFY_REQUEST, 0),
    "opened": ("verify_requests", Verb.ACTIVATE, 1),
    "late": ("remind_operators", Act.REMIND_OPERATOR, 1),
    "reminded": ("remind_operators", Act.ESCALATE_REQUEST, 1),
    "unknown": ("ask_unknown", Act.ASK_USE, 1),
    "asked": ("ask_unknown", Act.REMIND_USE, 1),
    "certificates": ("check_certificates", Act.WARN_CERTIFICATE, 1),
    "alerted": ("follow_alerts", Act.REMIND_IDLE, 1),
    "unreached": ("follow_alerts", Act.ESCALATE_IDLE, 1),
    "unidentified": ("ask_unidentified", Act.ASK_PERSON, 1),
    "claims": ("ask_unidentified", Act.REMIND_PERSON, 1),
    "movements": ("remind_movements", Act.REMIND_MOVEMENT, 1),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_writes_a_line_and_its_notices_for_each_and_nothing_twice(name, due):
    job, act, notices = SWEEPS[name]
    getattr(due, name)(3)
    before = Notice.objects.count()
    assert jobs.run(job).done == 3
    assert JournalEntry.objects.filter(what=act).count() == 3
    assert Notice.objects.count() - before >= 3 * notices
    assert jobs.run(job).done == 0


@pytest.mark.postgresql_run  # SQLite takes no thousand values in one statement
@pytest.mark.parametrize("name", SWEEPS)
def test_sixty_rows_cost_the_queries_of_three(name, due, monkeypatch):
    monkeypatch.setattr(bulk, "FEW", 1)  # a few rows are written by one statement, many by two
    job, _, _ = SWEEPS[name]
    counts = []
    for count in (3, 60):
        getattr(due, name)(count)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert jobs.run(job).done == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_one_bad_row_stops_none_of_its_batch_and_is_told(due, monkeypatch):
    due.unknown(4)
    bad = Bal.objects.order_by("pk")[2]
    line = use._line

    def breaks(bal, *args, **facts):
        if bal.pk == bad.pk:
            raise ZeroDivisionError("rien ne va")
        return line(bal, *args, **facts)

    monkeypatch.setattr(use, "_line", breaks)
    tally = jobs.run("ask_unknown")
    assert (tally.done, tally.refused) == (3, {f"BAL n° {bad.pk}": "rien ne va"})
    assert not JournalEntry.objects.filter(bal=bad).exists()


def test_a_request_refused_in_a_batch_holds_up_no_other(due):
    due.seen(3)
    shown = Request.objects.order_by("pk")[1]
    Entry.objects.filter(address=shown.address).update(withdrawn_at=timezone.now())
    tally = actions.step_each(Request.objects.all(), Act.VERIFY_REQUEST, by=SYSTEM)
    assert (tally.done, tally.refused) == (2, {str(shown): "Cette adresse n’est pas encore à l’annuaire."})


def test_two_requests_about_one_bal_are_looked_at_one_after_the_other(per, people, ago):
    Bal.objects.update(state=State.REQUESTED)
    asked([per], RequestKind.OPEN, sent_at=ago(9))
    asked([per], RequestKind.CHANGE, sent_at=ago(9))
    assert len(answers._apart(Request.objects.all())) == 2
    tally = actions.step_each(Request.objects.all(), Act.RECORD_DONE, by=people.gisele.user)
    assert (tally.done, tally.refused) == (2, {})
    assert Bal.objects.get().state == State.ACTIVE


def test_what_is_refused_row_by_row_is_told_in_its_own_words(due, people):
    due.late(2)
    Request.objects.update(stage="refused", closed_at=timezone.now())
    second = Request.objects.order_by("pk")[1]
    asked([second.bal], RequestKind.CHANGE)
    tally = actions.step_each(Request.objects.filter(stage="refused"), Act.ASK_AGAIN, by=people.gisele.user)
    assert (tally.done, list(tally.refused)) == (1, [str(second)])
    assert "déjà faite" in tally.refused[str(second)]


def test_a_preference_is_seen_once_every_place_shows_it(per, people, ago, make_entry, settings):
    request = asked([per], RequestKind.PREFER, sent_at=ago(9)).get()
    facts = {"person": people.paul, "address": per.address, "by": people.gisele.user, "request": request}
    for situation in ("ici", "là"):
        Preference.objects.create(situation=situation, **facts)
    shown = answers.shown_of([request])
    assert shown.preferred == frozenset()
    make_entry(per.address, person_id=people.paul.rpps, rank="1")
    assert answers.shown_of([request]).preferred == {request.pk}


def test_batches_are_cut(due, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    due.unknown(5)
    assert jobs.run("ask_unknown").done == 5
