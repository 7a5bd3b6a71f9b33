"""The demonstration's other two sources: the activities of its people, and the white list of domains."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from directory.identifiers import APICRYPT_DOMAIN
from directory.invented import write_activities, write_whitelist
from directory.invented.annuaire import PROFESSIONS, TOWNS
from directory.records import ActivityRecord
from mailboxes.actions import note_sightings
from mailboxes.management.demo.clock import Timeline
from mailboxes.management.demo.people import CODES, DOCTOR
from mailboxes.management.demo.places import (
    COMPANY_DOMAIN,
    FORMER_DOMAIN,
    FOUNDATION_DOMAIN,
    PORTAL_DOMAIN,
    REGION_DOMAIN,
)
from mailboxes.models import Affiliation

DOMAINS = [
    FOUNDATION_DOMAIN, REGION_DOMAIN, COMPANY_DOMAIN, PORTAL_DOMAIN, APICRYPT_DOMAIN, "praticiens-liberaux.mssante.fr",
    *sorted({domain for *_, domain in PROFESSIONS}), *sorted({f"{region}.mssante.fr" for *_, region in TOWNS}),
]  # fmt: skip
SYNCED = [130.0, 0.5]  # days ago
LEAVES = 18  # the rank of one who left without a word, and still has a practice elsewhere
SALARIED, LIBERAL = {"mode_code": "S", "mode": "Salarié"}, {"mode_code": "L", "mode": "Libéral"}


class Situations:
    def __init__(self, time: Timeline):
        self.time = time

    def plan(self) -> None:
        for days_ago in SYNCED:
            self.time.on(days_ago, self._sync_domains, days_ago)
            self.time.on(days_ago, self._sync_activities, days_ago)
            self.time.on(days_ago - 0.1, note_sightings)

    def _sync_domains(self, days_ago: float) -> None:
        names = DOMAINS if days_ago == SYNCED[-1] else [*DOMAINS, FORMER_DOMAIN]
        path = _folder() / "listeblanchemssante.xml"
        write_whitelist(path, names, timezone.localtime(self.time.moment(days_ago + 1)))
        _sync("whitelist", path)

    def _sync_activities(self, days_ago: float) -> None:
        stamp = timezone.localtime(self.time.moment(days_ago + 1))
        path = _folder() / f"PS_LibreAcces_Personne_activite_{stamp:%Y%m%d%H%M}.txt"
        write_activities(path, lines=1_000, extra_rows=_rows(gone=days_ago == SYNCED[-1]))
        _sync("activities", path)


def _folder() -> Path:
    folder = Path(settings.VAR_DIR) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sync(source: str, path: Path) -> None:
    told = StringIO()
    call_command("sync_annuaire", source, "--file", str(path), "--json", stdout=told)
    if json.loads(told.getvalue())["status"] not in ("applied", "unchanged"):
        raise RuntimeError(told.getvalue())


def _rows(*, gone: bool) -> Iterator[ActivityRecord]:
    """`gone`: some whom the register still has are no longer shown there."""
    stays = Affiliation.objects.current().exclude(person__rpps=None).select_related("person", "structure")
    retired = stays.filter(person__held=None).order_by("pk").last()  # and one of whom nothing is left to show
    for rank, stay in enumerate(stays.order_by("pk")):
        if not (gone and (rank == LEAVES or stay == retired)):
            yield _activity(stay)
        if rank % 9 == 0:  # and one has a practice beside the hospital
            yield _activity(stay)._replace(
                **LIBERAL, siret="", siren="", finess_site="", finess_ej="", technical_id=f"R{rank}", trade_name="",
                structure_name=f"CABINET DU DR {stay.person.family_name.upper()}",
            )  # fmt: skip


def _activity(stay: Affiliation) -> ActivityRecord:
    person, structure = stay.person, stay.structure
    return ActivityRecord(
        person_id_type="8", person_id=person.rpps or "", national_id=f"8{person.rpps}",
        civility="DR" if person.profession == DOCTOR else "", family_name=person.family_name.upper(),
        given_name=person.given_name, profession_code=CODES[person.profession], profession=person.profession,
        category_code="C", category="Civil", **(LIBERAL if structure.rpps_rang else SALARIED),
        siret=structure.siret, siren=structure.siret[:9], finess_site=structure.finess_et,
        finess_ej=structure.finess_ej, technical_id=structure.rpps_rang and f"4{structure.rpps_rang}",
        structure_name=structure.name, postcode=structure.postcode, town=structure.town,
        address_l6=f"{structure.postcode} {structure.town.upper()}".strip(),
    )  # fmt: skip
