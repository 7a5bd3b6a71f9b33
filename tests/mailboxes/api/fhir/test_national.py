"""The queries that the national guide documents, and what our copy holds of what they ask."""

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from directory.models import Activity
from mailboxes.api.fhir import totals
from mailboxes.api.fhir.parameters import CHAINS, INCLUDES, NOT_HELD, PARAMETERS
from tests.mailboxes.api.fhir.conftest import ALICE, BRUNO, CHU, CLINIC, DAY, SIRET, included, is_match

pytestmark = pytest.mark.sqlite_run

PAGE = Path(__file__).parents[4] / "docs" / "api" / "fhir-national.md"
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
ENTITY, UNKNOWN_ENTITY = "010000999", "750000000"
SECTORS = "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
IN_PART = "200, said in part"


def notes(bundle):
    return [entry["resource"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == "outcome"]


def test_the_documented_queries_are_answered_as_the_page_says(annuaire, ask):
    """All together: each needs the same annuaire, and a tenth of the time that making one takes."""
    faults = []
    for query, answer in ROWS:
        path, _, asked = query.partition("?")
        status, _, code = answer.removesuffix(", said in part").partition(" ")
        body = ask(path, status=int(status), **parse_qs(asked))
        told = body["issue"][0]["code"] if body["resourceType"] == "OperationOutcome" else ""
        if told != code or bool(notes(body)) != (answer == IN_PART):
            faults.append((query, answer, body))
    assert not faults
    assert len(ROWS) > 100


def test_the_page_names_every_parameter_modifier_and_include():
    """Of the tables that the searches read; the controls and `_id` apart."""
    said = {tuple(query.partition("?")[::2]) for query, _ in ROWS}
    asked = {(path, name) for path, query in said for name in parse_qs(query)}
    for name, own in PARAMETERS.items():
        assert {parameter for parameter in own if (name, parameter) not in asked and not any(
            (name, f"{parameter}:{modifier}") in asked for modifier in own[parameter].modifiers
        )} == set()  # fmt: skip
    assert {(name, parameter) for name, own in NOT_HELD.items() for parameter in own} <= asked
    assert {(kind, f"{name}.identifier") for kind, name in CHAINS} <= asked
    for kind, control, value in INCLUDES:
        assert any(path == kind and value in parse_qs(query).get(control, []) for path, query in said), value


# --- Names ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def names(publish):
    for rpps, family, given, civility in [
        ("10000000101", "MARTIN", "Jean", "DR"),
        ("10000000102", "SAINT-MARTIN", "Anne-Marie", "DR"),
        ("10000000103", "MARTINE", "Léa", "MME"),
        ("10000000104", "DRAPEAU", "Jean", "M"),
    ]:
        publish(rpps[-3:], rpps=rpps, family_name=family, given_name=given, civility=civility, place=CHU)
    publish("cardio", kind="ORG", place=CHU)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "DR martin"}, [101, 102]),
        ({"name": "docteur martin"}, [101, 102]),
        ({"name": "dr"}, [101, 102, 104]),
        ({"name": "Mme Lea"}, [103]),
        ({"name": "Mme Jean"}, []),
        ({"name:contains": "artin"}, [101, 102, 103]),
        ({"name:contains": "NT-MART"}, [102]),
        ({"name:contains": "ne mari"}, [102]),
        ({"name:contains": "zz"}, []),
        ({"name:contains": "zzz"}, []),
        ({"name:contains": "…"}, []),
        ({"family:contains": "arti"}, [101, 102, 103]),
        ({"family:contains": "jean"}, []),
        ({"given:contains": "ear,ean"}, [101, 104]),
        ({"given:contains": ["mar", "nne"]}, [102]),
        ({"family:text": "martin"}, [101, 102, 103]),
        ({"name:family": "martin", "name:given": "jean"}, [101]),
        ({"name:family": "jean"}, []),
    ],
)
def test_a_name_is_found_by_its_parts_and_its_title(names, ids, query, found):
    assert ids("Practitioner", **query) == [f"10000000{number}" for number in found]


def test_where_many_words_hold_what_is_asked_the_names_are_read(names, ids, monkeypatch):
    monkeypatch.setattr("mailboxes.api.fhir.asks.MANY", 1)
    assert ids("Practitioner", **{"name:contains": "artin"}) == [f"10000000{number}" for number in (101, 102, 103)]


# --- Chains -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"practitioner.identifier": ALICE}, [f"{ALICE}-{CHU}"]),
        ({"practitioner:Practitioner.identifier": f"8{BRUNO}"}, [f"{BRUNO}-{CLINIC}"]),
        ({"practitioner.family:contains": "lic"}, [f"{BRUNO}-{CLINIC}"]),
        ({"organization.identifier": f"https://finess.esante.gouv.fr|{CHU}"}, [f"{ALICE}-{CHU}"]),
        ({"organization.name": "etoile"}, [f"{BRUNO}-{CLINIC}"]),
        ({"organization.address-postalcode": "69", "practitioner.identifier": BRUNO}, []),
        ({"organization.identifier": f"{CHU},{CLINIC}"}, [f"{ALICE}-{CHU}", f"{BRUNO}-{CLINIC}"]),
    ],
)
def test_a_situation_is_found_by_what_it_refers_to(annuaire, ids, query, found):
    assert ids("PractitionerRole", **query) == found


@pytest.mark.parametrize(
    "query",
    [{"practitioner:Organization.identifier": "1"}, {"practitioner.": "1"}, {"practitioner.none": "1"},
     {"nobody.identifier": "1"}, {"practitioner.identifier:not": "1"}, {"practitioner.practitioner.identifier": "1"}],
)  # fmt: skip
def test_a_chain_that_leads_nowhere_is_refused(ask, query):
    assert ask("PractitionerRole", status=400, **query)["issue"][0]["code"] == "invalid"


# --- Places -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def activities(annuaire, publish):
    """The CHU is a site of an entity that has a box, the clinic of one that has none."""
    publish("siege", kind="ORG", place=ENTITY, structure_name="HOSPICES")
    facts = {"source": "activities", "first_seen_at": DAY, "changed_at": DAY}
    for number, (site, entity, code, sector) in enumerate([
        (CHU, ENTITY, "SA01", "Etablissement public de santé"), (CHU, ENTITY, "SA01", "Etablissement public de santé"),
        (CLINIC, UNKNOWN_ENTITY, "SA04", ""),
    ]):  # fmt: skip
        Activity.objects.create(
            national_id=f"8{number}", finess_site=site, finess_ej=entity, sector_code=code, sector=sector, **facts
        )
    Activity.objects.create(national_id="9", finess_site=SIRET[:9], withdrawn_at=timezone.now(), **facts)


def test_a_site_is_said_to_be_one_and_names_its_entity_and_sector(activities, ask):
    chu, clinic, entity = (ask(f"Organization/{number}") for number in (CHU, CLINIC, ENTITY))
    told = [[(one["extension"][0]["valueCode"], one["coding"][0]["code"]) for one in place["type"]]
            for place in (chu, clinic, entity)]  # fmt: skip
    assert told == [
        [("organizationType", "GEOGRAPHICAL-ENTITY"), ("secteurActiviteRASS", "SA01")],
        [("organizationType", "GEOGRAPHICAL-ENTITY"), ("secteurActiviteRASS", "SA04")],
        [("organizationType", "LEGAL-ENTITY")],
    ]
    assert chu["type"][1]["coding"][0] == {
        "system": SECTORS, "code": "SA01", "display": "Etablissement public de santé",
    }  # fmt: skip
    assert chu["partOf"]["reference"] == f"Organization/{ENTITY}"
    assert "reference" not in clinic["partOf"], "nothing is found there"
    assert clinic["partOf"]["identifier"]["value"] == UNKNOWN_ENTITY
    assert "partOf" not in entity
    assert [one["identifier"][1]["type"]["coding"][0]["code"] for one in (chu, entity)] == ["FINEG", "FINEJ"]


def test_a_siret_is_a_site_whatever_is_known_of_it(annuaire, ask):
    (kind,) = ask(f"Organization/{SIRET}")["type"]
    assert kind["coding"][0]["code"] == "GEOGRAPHICAL-ENTITY"
    assert "type" not in ask(f"Organization/{CHU}")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "GEOGRAPHICAL-ENTITY"}, [CHU, SIRET, CLINIC]),
        ({"type": "LEGAL-ENTITY"}, [ENTITY]),
        ({"type": "SA01"}, [CHU]),
        ({"type": "SA01,SA04"}, [CHU, CLINIC]),
        ({"type": f"{SECTORS}|SA04"}, [CLINIC]),
        ({"type": "SA01", "mailbox-mss:contains": "@"}, [CHU]),
        ({"type:not": "SA01,SA04"}, [ENTITY, SIRET]),
        ({"type": "GEOGRAPHICAL-ENTITY", "type:not": "SA01"}, [SIRET, CLINIC]),
        ({"partof": ENTITY}, [CHU]),
        ({"partof": f"Organization/{ENTITY}"}, [CHU]),
        ({"partof": CHU}, []),
        ({"partof": "a-b-c"}, []),
        ({"identifier-type": "FINEJ"}, [ENTITY]),
        ({"identifier-type": "FINEG"}, [CHU, CLINIC]),
        ({"identifier-type": "SIRET"}, [SIRET]),
        ({"identifier-type": "IDNST"}, [CHU, ENTITY, SIRET, CLINIC]),
        ({"identifier-type": "INTRN,SIREN"}, []),
        ({"identifier": "https://finess.esante.gouv.fr|"}, [CHU, ENTITY, CLINIC]),
        ({"identifier": "http://finess.sante.gouv.fr|"}, [CHU, ENTITY, CLINIC]),
        ({"identifier": "https://sirene.fr|"}, [SIRET]),
        ({"identifier": "urn:oid:1.2.250.1.71.4.2.2|"}, [CHU, ENTITY, SIRET, CLINIC]),
        ({"identifier": "http://rpps.interne.esante.gouv.fr|"}, []),
        ({"name:contains": "hospi"}, [ENTITY]),
        ({"name:contains": "toi"}, [CLINIC]),
    ],
)
def test_places_are_found_by_what_the_activities_tell(activities, ids, query, found):
    assert ids("Organization", **query) == sorted(found)


def test_a_place_that_lost_a_box_is_no_less_of_its_sector(activities, publish, withdraw, ids):
    publish("urgences", kind="ORG", place=CHU)
    withdraw("urgences")
    assert ids("Organization", **{"type:not": "SA01"}) == [ENTITY, CLINIC, SIRET]


def test_the_entity_of_a_site_and_the_sites_of_an_entity_come_with_it(activities, ask):
    for query in ({"_include": "Organization:partof"}, {"_include": "*"}):
        assert included(ask("Organization", _id=CHU, **query)) == {f"Organization/{ENTITY}"}
    assert included(ask("Organization", _id=CLINIC, _include="Organization:partof")) == set()
    assert included(ask("Organization", _id=ENTITY, _revinclude="Organization:partof")) == {f"Organization/{CHU}"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"address": "didot"}, [CHU]),
        ({"address": "rue lyon"}, [CHU]),
        ({"address": "69003"}, [CHU]),
        ({"address": "idot"}, []),
        ({"address:contains": "idot"}, [CHU]),
        ({"address-line": "didot"}, [CHU]),
        ({"address-line": "lyon"}, []),
        ({"address-line:exact": "didot"}, [CHU]),
        ({"address-line:exact": "dido"}, []),
        ({"address-line": "…"}, []),
        ({"address-city:exact": "lyon"}, [CHU]),
        ({"address-city:exact": "lyo"}, []),
        ({"address-city:contains": "yon"}, [CHU]),
        ({"address-city:contains": "…"}, []),
        ({"address-postalcode:exact": "690"}, []),
        ({"address-postalcode:exact": "69003"}, [CHU]),
        ({"address-postalcode:contains": "900"}, [CHU]),
    ],
)
def test_places_are_found_by_where_they_are(publish, ids, query, found):
    publish("cardio", kind="ORG", place=CHU, street_number="96", street_type="RUE", street_name="DIDOT")
    publish("accueil", kind="ORG", place=CLINIC)
    assert ids("Organization", **query) == found


@pytest.mark.parametrize(("value", "found"), [("RPPS", [ALICE]), ("IDNPS", [ALICE, "699999999"]), ("ADELI", [])])
def test_people_are_found_by_the_type_of_their_number(publish, ids, value, found):
    publish("alice", rpps=ALICE)
    publish("ancien", rpps="699999999", person_id_type="0", national_id="0699999999")
    assert ids("Practitioner", **{"identifier-type": value}) == found
    system = {"RPPS": "https://rpps.esante.gouv.fr", "IDNPS": "urn:oid:1.2.250.1.71.4.2.1"}.get(value, "urn:x")
    assert ids("Practitioner", identifier=f"{system}|") == found


def test_situations_with_a_number_of_their_own_are_found(publish, ids):
    publish("alice", rpps=ALICE, place=CHU, source="fhir", holder="PractitionerRole/R7")
    publish("bruno", rpps=BRUNO, place=CHU, source="fhir", holder="PractitionerRole/#005-1")
    assert ids("PractitionerRole", identifier="https://rpps.esante.gouv.fr|") == [f"{ALICE}-{CHU}"]


# --- The total, and the profiles --------------------------------------------------------------------------------------
def total(ask, path, **query):
    return ask(path, _count=1, **query).get("total")


def test_the_total_is_told_unless_it_is_long_to_count(annuaire, ask, monkeypatch):
    assert total(ask, "Practitioner") == 2
    assert total(ask, "Practitioner", family="a") == 1
    assert total(ask, "Practitioner", _lastUpdated="ge2020") == 2
    monkeypatch.setattr(totals, "BOUND", 1)
    assert total(ask, "Practitioner", _lastUpdated="ge2020") is None
    assert total(ask, "Practitioner", _lastUpdated="ge2020", _total="estimate") == 2
    assert total(ask, "Practitioner", _total="none") is None


def test_an_estimate_is_counted_once_and_an_accurate_total_each_time(annuaire, ask, publish):
    assert total(ask, "Practitioner") == 2
    publish("zoe", rpps="10000000058")
    assert total(ask, "Practitioner", _elements="name") == 2, "as counted"
    assert total(ask, "Practitioner", _total="accurate") == 3
    assert total(ask, "Practitioner", active="true") == 3, "another search"


def test_fhirpy_s_word_for_a_number_alone_is_understood(annuaire, ask):
    assert ask("Practitioner", _count=0, _totalMethod="count")["total"] == 2
    assert ask("Practitioner", _count=1, _totalMethod="count")["total"] == 2


@pytest.mark.parametrize("path", PARAMETERS)
def test_a_resource_names_its_profiles(annuaire, ask, path):
    for entry in ask(path)["entry"]:
        assert [url.rpartition("/")[2] for url in entry["resource"]["meta"]["profile"]] == {
            "Practitioner": ["fr-core-practitioner", "as-dp-practitioner"],
            "PractitionerRole": ["fr-core-practitioner-role", "as-dp-practitionerrole"],
            "Organization": ["fr-core-organization", "as-dp-organization"],
        }[path]


def test_a_profession_and_a_skill_stand_apart_as_the_profile_slices_them(publish, ask):
    publish("alice", rpps=ALICE, place=CHU, profession_code="10", category_code="C", skill_code="SM26")
    codes = [
        [coding["code"] for coding in one["code"]["coding"]] for one in ask(f"Practitioner/{ALICE}")["qualification"]
    ]
    assert codes == [["C", "10"], ["SM26"]]
    role = ask(f"PractitionerRole/{ALICE}-{CHU}")
    assert [coding["code"] for coding in role["specialty"][0]["coding"]] == ["SM26"]
    assert [coding["code"] for coding in role["code"][0]["coding"]] == ["C", "10"]


def test_what_is_gone_is_told_unless_it_is_asked_not_to(annuaire, ask, withdraw):
    withdraw("bruno")
    bundle = ask("Practitioner", _revinclude="PractitionerRole:practitioner")
    assert [entry["resource"]["active"] for entry in bundle["entry"] if is_match(entry)] == [True, False]
    assert included(bundle) == {f"PractitionerRole/{ALICE}-{CHU}", f"PractitionerRole/{BRUNO}-{CLINIC}"}
