"""The nightly jobs that write to people and operators, over some thousands of rows each."""

from datetime import timedelta
from time import thread_time

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from directory.models import Entry, SyncRun
from mailboxes import jobs
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.models import (
    Affiliation,
    ApplicativeFacts,
    Bal,
    Claim,
    Cotitulaire,
    JournalEntry,
    Membership,
    Movement,
    Notice,
    Operator,
    Person,
    Request,
    Structure,
)
from tests.bench.cpu import backend
from tests.bench.jobs import timed
from tests.bench.row import Row

DUE = 2_000
STRUCTURES = 20
LEAST = 500  # rows a second


def rows():
    world = World()
    for title, prepare, job in (
        ("requests seen in the annuaire", world.requests_seen, "verify_requests"),
        ("openings seen in the annuaire", world.openings_seen, "verify_requests"),
        ("operators reminded", world.requests_late, "remind_operators"),
        ("delays told of", world.requests_reminded, "remind_operators"),
        ("questions about an unknown use", world.unknown, "ask_unknown"),
        ("reminders of that question", world.asked, "ask_unknown"),
        ("certificates near their end", world.certificates, "check_certificates"),
        ("reminders of an alert", world.alerted, "follow_alerts"),
        ("alerts that reached nobody", world.unreached, "follow_alerts"),
        ("questions about unknown addresses", world.unidentified, "ask_unidentified"),
        ("reminders of those", world.claims, "ask_unidentified"),
        ("arrivals and departures reminded", world.movements, "remind_movements"),
    ):
        prepare()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        spent, there = thread_time(), backend()
        took = timed(lambda name=job: check(jobs.run(name)))
        cpu = thread_time() - spent + backend() - there
        yield Row(
            f"{title}, {DUE} rows", DUE / cpu, "rows/s of CPU", f"{DUE / took:.0f} by the clock", None, LEAST, True
        )


def check(tally):
    assert (tally.done, tally.refused) == (DUE, {}), tally


class World:
    """Structures with who manages them, and so many people with a PER each; each job has BAL of its own."""

    def __init__(self):
        self.now, self.made = timezone.now(), 0
        self.structures = Structure.objects.bulk_create(
            Structure(name=f"CH {n}", kind="hospital", finess_et=f"{n:09}") for n in range(STRUCTURES)
        )
        users = get_user_model().objects.bulk_create(
            get_user_model()(username=f"g{n}", email=f"g{n}@exemple.invalid") for n in range(STRUCTURES)
        )
        Membership.objects.bulk_create(
            Membership(user=user, structure=structure, role="gestionnaire")
            for user, structure in zip(users, self.structures, strict=True)
        )
        self.operator = Operator.objects.create(code="op", name="Opérateur", request_email="demandes@op.invalid")
        SyncRun.objects.create(source="extraction", status=SyncRun.Status.APPLIED, generated_at=self.now)

    def ago(self, **span):
        return self.now - timedelta(**span)

    def people(self, **facts):
        start, self.made = self.made, self.made + DUE
        facts = {"has_cps": True, "given_name": "P", **facts}
        rows = Person.objects.bulk_create(
            Person(family_name=f"Nom{n}", rpps=f"1{n:010}", **{"email": f"p{n}@exemple.invalid", **facts})
            for n in range(start, self.made)
        )
        Affiliation.objects.bulk_create(
            Affiliation(person=person, structure=self.structures[n % STRUCTURES]) for n, person in enumerate(rows)
        )
        return rows

    def bals(self, *, kind="PER", holders=None, **facts):
        facts = {"state": State.ACTIVE, "read_at": self.now, "clock_at": self.ago(days=9), **facts}
        people = self.people() if holders is None and kind != "APP" else holders or []
        start = self.made if people else self.made + DUE
        self.made = max(self.made, start)
        bals = Bal.objects.bulk_create(
            Bal(
                address=f"b{start + n}@chu.mssante.fr", kind=kind, structure=self.structures[n % STRUCTURES],
                operator=self.operator, **facts,
            )
            for n in range(DUE)
        )  # fmt: skip
        Cotitulaire.objects.bulk_create(
            Cotitulaire(bal=bal, person=person, is_principal=True) for bal, person in zip(bals, people, strict=False)
        )
        return bals

    def told(self, bals, what, at):
        return JournalEntry.objects.bulk_create(JournalEntry(bal=bal, what=what, at=at, told_at=at) for bal in bals)

    def requests(self, bals, kind, **facts):
        entries = self.told(bals, Act.ASK_OPERATOR, self.ago(days=40))
        facts = {"kind": kind, "stage": "sent", "operator": self.operator, "sent_at": self.ago(days=40), **facts}
        Request.objects.bulk_create(
            Request(structure=bal.structure, bal=bal, address=bal.address, entry=entry, **facts)
            for bal, entry in zip(bals, entries, strict=True)
        )

    def publish(self, addresses, people=()):
        Entry.objects.bulk_create(
            Entry(
                source="extraction", address=address, kind="PER", digest=address[:32], first_seen_at=self.now,
                changed_at=self.now, person_id_type="8" if people else "", person_id=people[n].rpps if people else "",
            )
            for n, address in enumerate(addresses)
        )  # fmt: skip

    def requests_seen(self):
        bals = self.bals()
        self.requests(bals, RequestKind.PUBLISH)
        self.publish([bal.address for bal in bals])

    def openings_seen(self):
        bals = self.bals(state=State.REQUESTED)
        self.requests(bals, RequestKind.OPEN)
        self.publish([bal.address for bal in bals])

    def requests_late(self):
        self.requests(self.bals(), RequestKind.CHANGE, due_on=self.ago(days=9).date())

    def requests_reminded(self):
        Request.objects.filter(kind=RequestKind.CHANGE).update(reminded_at=self.ago(days=20))

    def unknown(self):
        self.bals(clock_at=None, state_since=self.ago(days=40))

    def asked(self):
        self.told(self.bals(clock_at=None, state_since=self.ago(days=60)), Act.ASK_USE, self.ago(days=20))

    def certificates(self):
        ends = self.ago(days=-20).date()
        ApplicativeFacts.objects.bulk_create(
            ApplicativeFacts(bal=bal, software="DPI", certificate_expires_on=ends) for bal in self.bals(kind="APP")
        )

    def alerts(self, **facts):
        return self.bals(state=State.IDLE_ALERTED, **facts)

    def alerted(self):
        since = self.ago(days=50)
        bals = self.alerts(state_since=since, clock_at=self.ago(days=350))
        holders = {row.bal_id: row.person for row in Cotitulaire.objects.filter(bal__in=bals).select_related("person")}
        entries = self.told(bals, Verb.ALERT_IDLE, since)
        Notice.objects.bulk_create(
            Notice(
                entry=entry, bal=bal, key=f"{bal.pk}:alert", stage=Verb.ALERT_IDLE, party="holders",
                person=holders[bal.pk], recipient="P", channel="email", address="p@exemple.invalid", text="…",
                created_at=since, sent_at=since,
            )
            for bal, entry in zip(bals, entries, strict=True)
        )  # fmt: skip

    def unreached(self):
        self.alerts(state_since=self.ago(days=5), clock_at=self.ago(days=310))

    def unidentified(self):
        people = self.people()
        self.publish([f"ailleurs{person.pk}@autre.mssante.fr" for person in people], people)

    def claims(self):
        Claim.objects.update(asked_at=self.ago(days=20), reminded_at=None)

    def movements(self):
        people = self.people()
        stays = Affiliation.objects.filter(person__in=people)
        Movement.objects.bulk_create(
            Movement(stay=stay, kind="departure" if stay.pk % 2 else "arrival", planned_on=self.ago(days=3).date())
            for stay in stays
        )
