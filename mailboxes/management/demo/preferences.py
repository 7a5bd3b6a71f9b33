"""The demonstration's preferred BAL: chosen, asked, seen in the annuaire; and some that contradict one another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from directory.records import EntryRecord, Record
from directory.sync import sync
from mailboxes.actions import move, prefer, request_preference
from mailboxes.jobs import run
from mailboxes.lifecycle import Verb
from mailboxes.management.demo.foundation import Foundation, Holder
from mailboxes.management.demo.practices import by_address
from mailboxes.models import Bal, Person, Preference

SYNCED = [9.0, 0.3]  # days ago
ELSEWHERE = "praticiens-liberaux.mssante.fr"  # of an operator that the register does not know


class Preferences:
    """Twelve professionals of the hospital, at different stages; the others have chosen nothing yet."""

    def __init__(self, foundation: Foundation):
        self.foundation, self.time = foundation, foundation.time
        self.place = foundation.places.hospital.finess_et
        holders = foundation.nominatives[40:64:2]  # the first are the annuaire's own stories
        self._chosen, self._asked, self._seen = holders[:3], holders[3:6], holders[6:9]
        self._elsewhere, self._doubled, self._leaving = holders[9:]
        self._ranks: list[EntryRecord] = []

    def plan(self) -> None:
        for rank, holder in enumerate([*self._chosen, *self._asked, *self._seen]):
            self._prefer(100 - 3 * rank, holder)
        for rank, holder in enumerate([*self._asked, *self._seen]):
            self.time.on(40 - rank, self._request, holder)
        for holder in (self._elsewhere, self._doubled, self._leaving):
            self._prefer(70, holder)
        self.time.on(4, by_address, move, self._leaving.address, Verb.REQUEST_DEPUBLICATION, by=self.foundation.gisele,
                     note="La BAL du service suffit.")  # fmt: skip
        self._alice()
        for rank, days_ago in enumerate(SYNCED):
            self.time.on(days_ago, self._sync, last=bool(rank))
            self.time.on(days_ago - 0.05, run, "verify_requests")

    def _alice(self) -> None:
        alice, service = self.foundation.alice, self.foundation.shared["Cardiologie"].address
        self.time.on(60, self._choose, alice, service, "result")
        self.time.on(60, self._choose_own, alice)

    def _prefer(self, days_ago: float, holder: Holder) -> None:
        self.time.on(days_ago, self._choose, holder.person, holder.address)

    def _choose(self, person: Person, address: str, purpose: str = "") -> None:
        person = self.foundation.cast.let_in(person)
        prefer(person, self.place, address, purpose=purpose, by=person.user)

    def _choose_own(self, person: Person) -> None:
        own = Bal.objects.get(kind=Bal.Kind.NOMINATIVE, cotitulaires__person=person)
        self._choose(person, own.address)

    def _request(self, holder: Holder) -> None:
        request_preference(Preference.objects.get(person=holder.person), by=self.foundation.gisele)

    def _sync(self, last: bool) -> None:
        """What the FHIR API would tell of these addresses: their rank, which the public file does not have."""
        rows = [_line(holder.person, holder.address, self.place) for holder in (*self._seen, self._doubled)]
        if last:  # an operator whose console ranks another first
            rows += [
                _line(holder.person, f"{holder.person.rpps}@{ELSEWHERE}", self.place)
                for holder in (self._elsewhere, self._doubled)
            ]
        sync(Ranked(rows, timezone.now()))


def _line(person: Person, address: str, structure_id: str) -> EntryRecord:
    return EntryRecord(
        kind="PER", address=address, person_id_type="8", person_id=person.rpps or "", national_id=f"8{person.rpps}",
        family_name=person.family_name.upper(), given_name=person.given_name, structure_id_type="1",
        structure_id=structure_id, rank="1",
    )  # fmt: skip


@dataclass
class Ranked:
    """A source in memory, under the name of the one that tells ranks."""

    rows: list[EntryRecord]
    generated_at: datetime | None
    name: str = "fhir"
    record: type[Record] = EntryRecord
    whole: bool = False  # it tells of these addresses alone
    origin: str = "démonstration"
    scope: str = ""
    bytes_total: int = 1
    bytes_read: int = 1
    lines: int = field(default=0)

    @contextmanager
    def open(self, heartbeat) -> Iterator["Ranked"]:
        yield self

    def records(self) -> Iterator[EntryRecord]:
        for row in self.rows:
            self.lines += 1
            yield row
