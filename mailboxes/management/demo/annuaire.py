"""The demonstration's annuaire: the published BAL of the register, what differs, and invented lines."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from directory.invented import write_annuaire
from directory.records import EntryRecord
from mailboxes.actions import answer
from mailboxes.jobs import run
from mailboxes.lifecycle import State
from mailboxes.management.demo.foundation import Foundation
from mailboxes.management.demo.people import CODES, DOCTOR
from mailboxes.management.demo.places import FOUNDATION_DOMAIN
from mailboxes.models import Bal, Claim, Person, Structure

SYNCED = [200.0, 120.0, 60.0, 20.0, 1.1, 0.1]  # days ago
DAILY_CHANGE = 0.005  # share of the invented lines, from one file to the next
OPERATOR_TAKES = timedelta(days=10)  # to depublish
ELSEWHERE = "praticiens-liberaux.mssante.fr"  # of an operator that the register does not know
LEFT_SINCE = 30  # days
DEPARTMENTS = {
    "01": "Ain", "03": "Allier", "07": "Ardèche", "15": "Cantal", "26": "Drôme", "38": "Isère", "42": "Loire",
    "43": "Haute-Loire", "63": "Puy-de-Dôme", "69": "Rhône", "73": "Savoie", "74": "Haute-Savoie",
}  # fmt: skip
SEEN = [State.ACTIVE, State.IDLE_ALERTED]


class Annuaire:
    def __init__(self, foundation: Foundation, lines: int, unpublished: set[str]):
        self.foundation, self.time, self.lines = foundation, foundation.time, lines
        self._files: list[Path] = []
        ordinary = foundation.nominatives[::2]
        self._missing = {holder.address for holder in ordinary[3:6]} | {foundation.shared["Pneumologie"].address}
        self._missing |= unpublished
        self._left = ordinary[5].address  # published at first, and its operator tells of it still
        self._gone_today = ordinary[6].address
        self._changed_today = ordinary[7].address
        services = ["Cardiologie et vasculaire", "SSR", "Médecine A", "Consultations"]
        self._other_service = dict(zip([holder.address for holder in ordinary[8:12]], services, strict=True))
        self._elsewhere = [holder.person for holder in ordinary[12:18]]
        self._doubled, self._named_wrongly = ordinary[18].address, ordinary[19].person

    def plan(self) -> None:
        for days_ago in (19.0, 1.05):  # asked, then reminded; the annuaire is fresh on those days
            self.time.on(days_ago, run, "ask_unidentified")
        for person, address, said in (
            (self._named_wrongly, self._doubled, Claim.Answer.NOT_MINE),
            (self._elsewhere[1], _elsewhere(self._elsewhere[1]), Claim.Answer.USED),
            (self._elsewhere[2], _elsewhere(self._elsewhere[2]), Claim.Answer.UNUSED),
        ):
            self.time.on(17, answer, self.foundation.cast.let_in(person), address, said, by=person.user)
        for rank, days_ago in enumerate(SYNCED):
            self.time.on(days_ago, self._sync, rank, days_ago)
            self.time.on(days_ago - 0.01, run, "verify_absences")
            self.time.on(days_ago - 0.01, run, "verify_requests")

    def _sync(self, rank: int, days_ago: float) -> None:
        now = self.time.moment(days_ago)
        folder = Path(settings.VAR_DIR) / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        stamp = timezone.localtime(now - timedelta(days=1))  # of the day before: a real file of today is newer
        path = folder / f"Extraction_Correspondance_MSSante_{stamp:%Y%m%d%H%M}.txt"
        for former in self._files[:-1]:  # the last two stay, to be looked at
            former.unlink(missing_ok=True)
        self._files.append(path)
        last = days_ago == SYNCED[-1]
        write_annuaire(path, self.lines, change=DAILY_CHANGE, days=rank, extra_rows=list(self._rows(now, last)))
        told = StringIO()
        call_command("sync_annuaire", "extraction", "--file", str(path), "--json", stdout=told)
        if json.loads(told.getvalue())["status"] != "applied":
            raise RuntimeError(told.getvalue())

    # --- The lines of our own people ----------------------------------------------------------------------------------
    def _rows(self, now: datetime, last: bool) -> Iterator[EntryRecord]:
        for bal in Bal.objects.live().expected_in_annuaire().with_holders().order_by("address"):
            if self._is_shown(bal, now) and not (last and bal.address == self._gone_today):
                yield from self._lines_of(bal, last)
        for rank, person in enumerate(self._elsewhere):
            if last or rank:  # the first appears with the last file
                yield _line(Bal.Kind.NOMINATIVE, _elsewhere(person), "Exercice libéral", None, person)
        if last:  # published again, though its depublication was seen
            back = Bal.objects.filter(state=State.DEPUBLISHED).with_holders().order_by("address")[0]
            yield from self._lines_of(back, last)

        for local, service in (("secretariat.pneumologie", "Secrétariat de pneumologie"), ("dim", "DIM"),
                               ("ancien.standard", "Standard")):  # fmt: skip
            hospital = self.foundation.places.hospital
            yield _line(Bal.Kind.ORGANISATIONNELLE, f"{local}@{FOUNDATION_DOMAIN}", service, hospital)

    def _is_shown(self, bal: Bal, now: datetime) -> bool:
        if bal.address in self._missing:
            return bal.address == self._left and now < self.time.moment(LEFT_SINCE)
        asked = bal.state == State.DEPUBLICATION_REQUESTED and bal.state_since > now - OPERATOR_TAKES
        return asked or bal.state in SEEN

    def _lines_of(self, bal: Bal, last: bool) -> Iterator[EntryRecord]:
        service = self._other_service.get(bal.address, bal.service)
        if bal.address == self._doubled:
            yield _line(bal.kind, bal.address, service, bal.structure, self._named_wrongly)
        if last and bal.address == self._changed_today:
            service = f"{service}, hôpital de jour"
        holders = [holder.person for holder in bal.cotitulaires.all()]
        if bal.kind == Bal.Kind.ORGANISATIONNELLE and bal.structure.finess_et:
            yield _line(bal.kind, bal.address, service, bal.structure)
        else:  # without FINESS, a shared BAL is found under the name of each of its cotitulaires
            for person in holders:
                yield _line(bal.kind, bal.address, service, bal.structure, person)


def _elsewhere(person: Person) -> str:
    return f"{person.rpps}@{ELSEWHERE}"


def _line(
    kind: str, address: str, service: str, structure: Structure | None, person: Person | None = None
) -> EntryRecord:
    facts: dict[str, str] = {"service": service, "paperless": "O", "country": "France"}
    if person:
        facts |= {
            "person_id_type": "8", "person_id": person.rpps or "", "national_id": f"8{person.rpps}",
            "civility": "DR" if person.profession == DOCTOR else "", "family_name": person.family_name.upper(),
            "given_name": person.given_name, "category_code": "C", "category": "Civil",
            "profession_code": CODES[person.profession], "profession": person.profession,
        }  # fmt: skip
    if structure:
        number = structure.finess_et or structure.siret or structure.rpps_rang
        code = "1" if structure.finess_et else "3" if structure.siret else "4" if structure.rpps_rang else ""
        facts |= {
            "structure_id_type": code, "structure_id": number, "structure_name": structure.name,
            "postcode": structure.postcode, "address_l6": f"{structure.postcode} {structure.town.upper()}",
            "department": DEPARTMENTS[structure.department],
        }  # fmt: skip
    return EntryRecord(kind=kind, address=address, **facts)
