"""An annuaire of two professionals and three structures, asked by software in FHIR."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.organization import Organization
from fhir.resources.R4B.practitioner import Practitioner
from fhir.resources.R4B.practitionerrole import PractitionerRole

from directory.models import Entry
from directory.search_index import level
from mailboxes.software.actions import declare_software

MODELS = {
    model.__name__: model
    for model in (Bundle, CapabilityStatement, OperationOutcome, Organization, Practitioner, PractitionerRole)
}
CHU, CLINIC, SIRET = "010000002", "020000001", "13001234500017"
ALICE, BRUNO = "10000000017", "10000000025"
RPPS, FINESS = "https://rpps.esante.gouv.fr", "https://finess.esante.gouv.fr"
IDNPS, IDNST = "urn:oid:1.2.250.1.71.4.2.1", "urn:oid:1.2.250.1.71.4.2.2"
PROFESSIONS = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
NAMES = {ALICE: ("LEFÈVRE", "Alice"), BRUNO: ("ALICE", "Jean-Bruno")}
PLACES = {
    CHU: {"structure_name": "CHU DES LILAS", "postcode": "69003", "address_l6": "69003 LYON"},
    CLINIC: {"structure_name": "CLINIQUE DE L'ÉTOILE", "postcode": "75012", "address_l6": "75012 PARIS"},
}
DAY = timezone.make_aware(timezone.datetime(2026, 3, 10, 12))


@pytest.fixture
def publish(db):
    """`publish("alice", rpps=ALICE, place=CHU)`: a line of the annuaire, alice@chu-exemple.mssante.fr."""

    def go(local, kind="PER", rpps="", place="", **facts):
        family, given = NAMES.get(rpps, ("", ""))
        person = {"person_id_type": "8", "national_id": f"8{rpps}", "family_name": family, "given_name": given}
        where = {"structure_id_type": "3" if len(place) == 14 else "1", **PLACES.get(place, {})}
        said = (person if rpps else {}) | (where if place else {})
        said |= {"source": "extraction", "first_seen_at": DAY, "changed_at": DAY, "digest": local, **facts}
        entry = Entry.objects.create(
            address=f"{local}@chu-exemple.mssante.fr", kind=kind, person_id=rpps, structure_id=place,
            ordinal=Entry.objects.count(), **said,
        )  # fmt: skip
        level()
        return entry

    return go


@pytest.fixture
def annuaire(publish):
    """Alice at the CHU and in private practice, Bruno at the clinic, a team of the CHU, an enterprise."""
    publish("alice", rpps=ALICE, place=CHU, profession_code="10", profession="Médecin", paperless="O")
    publish("alice.seule", rpps=ALICE, profession_code="10", profession="Médecin", rank="1")
    publish("bruno", rpps=BRUNO, place=CLINIC, profession_code="60", profession="Infirmier", category_code="C")
    publish("cardio", kind="ORG", place=CHU, service="Cardiologie", paperless="N")
    publish("logiciel", kind="APP", place=SIRET)


@pytest.fixture
def token(people, structure):
    facts = {"name": "DPI", "structures": [structure], "scopes": ["resolve"], "days": 30}
    software, token = declare_software(by=people.gisele.user, **facts)
    software.keys.update(last_used_at=timezone.now())  # its first use writes once more, and queries are counted
    return token


@pytest.fixture
def ask(client, token):
    """The answer, valid as FHIR R4B; of a search, a Bundle."""

    def go(path, status=200, key=token, headers=None, **query):
        url = f"/fhir/{path}{'?' if query else ''}{urlencode(query, doseq=True)}"
        answer = client.get(url, headers={"ESANTE-API-KEY": key, **(headers or {})} if key else headers or {})
        assert answer.status_code == status, answer.text
        assert answer["Content-Type"].startswith("application/fhir+json")
        body = answer.json()
        MODELS[body["resourceType"]].model_validate(body)
        go.answer = answer
        return body

    return go


@pytest.fixture
def ids(ask):
    """The ids of what a search finds."""

    def go(path, **query):
        return [entry["resource"]["id"] for entry in ask(path, **query).get("entry", []) if is_match(entry)]

    return go


def is_match(entry):
    return entry["search"]["mode"] == "match"


def included(bundle):
    return {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"] if not is_match(e)}


def addresses(resource):
    return [telecom["value"].partition("@")[0] for telecom in resource.get("telecom", [])]


def child(telecom, url):
    (metadata,) = [e for e in telecom["extension"] if e["url"].endswith("as-ext-mailbox-mss-metadata")]
    found = [e for e in metadata["extension"] if e["url"] == url]
    return next((value for e in found for name, value in e.items() if name != "url"), None)


def state(telecom):
    return next((e["valueCode"] for e in telecom["extension"] if e["url"].endswith("/bal-state")), None)


@pytest.fixture
def withdraw(db):
    def go(local, at=DAY + timedelta(days=5)):
        Entry.objects.filter(address__startswith=f"{local}@").update(withdrawn_at=at)
        level()

    return go
