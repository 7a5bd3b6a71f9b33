"""The searches of the national FHIR API, answered from our copy."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core.cache import cache
from django.utils import timezone
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.organization import Organization
from fhir.resources.R4B.practitioner import Practitioner
from fhir.resources.R4B.practitionerrole import PractitionerRole

from directory.models import Entry
from directory.search_index import level
from mailboxes.api.fhir import bundles, resources
from mailboxes.api.fhir.searches import PARAMETERS
from mailboxes.models import AccessTrace, Preference
from mailboxes.software.actions import declare_software

pytestmark = pytest.mark.sqlite_run

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


@pytest.fixture(autouse=True)
def no_request_counted_yet():
    cache.clear()


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


# --- Reading --------------------------------------------------------------------------------------------------------
def test_a_practitioner_carries_their_boxes_without_structure(annuaire, ask):
    alice = ask(f"Practitioner/{ALICE}")
    assert alice["name"] == [{"text": "LEFÈVRE Alice", "family": "LEFÈVRE", "given": ["Alice"]}]
    assert [(i["system"], i["value"]) for i in alice["identifier"]] == [(IDNPS, f"8{ALICE}"), (RPPS, ALICE)]
    assert [c["coding"][0]["display"] for c in (q["code"] for q in alice["qualification"])] == ["Médecin"]
    (telecom,) = alice["telecom"]
    assert (telecom["value"], telecom["rank"]) == ("alice.seule@chu-exemple.mssante.fr", 1)
    assert telecom["extension"][0]["valueCoding"]["code"] == "MSSANTE"
    assert child(telecom, "type")["coding"][0]["code"] == "PER"


def test_a_situation_carries_its_box_and_refers_to_both(annuaire, ask):
    role = ask(f"PractitionerRole/{ALICE}-{CHU}")
    assert (role["practitioner"], role["organization"]) == (
        {"reference": f"Practitioner/{ALICE}"}, {"reference": f"Organization/{CHU}"},
    )  # fmt: skip
    assert (addresses(role), child(role["telecom"][0], "digitization")) == (["alice"], True)
    assert "rank" not in role["telecom"][0]
    for reference in (role["practitioner"], role["organization"]):
        assert ask(reference["reference"])["active"] is True


def test_a_structure_carries_the_boxes_of_its_teams_and_software(annuaire, ask):
    chu, enterprise = ask(f"Organization/{CHU}"), ask(f"Organization/{SIRET}")
    assert (chu["name"], chu["address"]) == ("CHU DES LILAS", [{"city": "LYON", "postalCode": "69003"}])
    assert [(i["system"], i["value"]) for i in chu["identifier"]] == [(IDNST, f"1{CHU}"), (FINESS, CHU)]
    (telecom,) = chu["telecom"]
    assert (addresses(chu), child(telecom, "service"), child(telecom, "digitization")) == (
        ["cardio"], "Cardiologie", False,
    )  # fmt: skip
    assert (child(enterprise["telecom"][0], "type")["coding"][0]["code"], enterprise["identifier"][1]["system"]) == (
        "APP", "https://sirene.fr",
    )  # fmt: skip


def test_a_structure_known_by_its_professionals_alone_has_no_box(annuaire, ask):
    assert "telecom" not in ask(f"Organization/{CLINIC}")


def test_an_adeli_is_not_given_out_as_an_rpps(publish, ask):
    publish("ancien", rpps="699999999", person_id_type="0", national_id="0699999999")
    assert [i["value"] for i in ask("Practitioner/699999999")["identifier"]] == ["0699999999"]


def test_only_the_name_that_the_api_gave_identifies_a_situation(publish, ask, ids):
    publish("alice", rpps=ALICE, place=CHU, source="fhir", holder="PractitionerRole/R7")
    publish("bruno", rpps=BRUNO, place=CHU, source="fhir", holder="PractitionerRole/#005-1")
    assert ask(f"PractitionerRole/{ALICE}-{CHU}")["identifier"][0]["value"] == "R7"
    assert "identifier" not in ask(f"PractitionerRole/{BRUNO}-{CHU}")
    assert (
        ids("PractitionerRole", identifier="R7")
        == ids("PractitionerRole", identifier=f"{RPPS}|R7")
        == [f"{ALICE}-{CHU}"]
    )
    assert ids("PractitionerRole", identifier="R8,autre|R7") == []


def test_odd_identifiers_make_ids_that_lead_back(publish, ask, ids):
    publish("odd", rpps="12/3-4 é", place="A|b_1")
    (found,) = ids("PractitionerRole")
    role = ask(f"PractitionerRole/{found}")
    assert ask(role["practitioner"]["reference"])["identifier"][0]["value"].endswith("12/3-4 é")
    assert ask(role["organization"]["reference"])["identifier"][-1]["value"] == "A|b_1"


def test_the_first_source_has_the_first_word_and_the_rank_is_whoever_tells_it(publish, ask):
    publish("alice", rpps=ALICE, source="fhir", service="Seconde", rank="1")
    publish("alice", rpps=ALICE, service="Première")
    (telecom,) = ask(f"Practitioner/{ALICE}")["telecom"]
    assert (child(telecom, "service"), telecom["rank"]) == ("Première", 1)


def test_a_directory_that_is_not_public_is_not_served(publish, ids):
    publish("interne", rpps=ALICE, source="ldap")
    assert ids("Practitioner") == []


def test_the_etag_tells_whether_it_still_stands(annuaire, ask, client, token):
    version = ask(f"Practitioner/{ALICE}")["meta"]["versionId"]
    etag = ask.answer["ETag"]
    assert etag == f'W/"{version}"'
    url, headers = f"/fhir/Practitioner/{ALICE}", {"ESANTE-API-KEY": token, "If-None-Match": etag}
    assert client.get(url, headers=headers).status_code == 304
    Entry.objects.filter(person_id=ALICE, structure_id="").update(rank="2")
    assert client.get(url, headers=headers).status_code == 200


# --- What is gone ---------------------------------------------------------------------------------------------------
@pytest.fixture
def withdraw(db):
    def go(local, at=DAY + timedelta(days=5)):
        Entry.objects.filter(address__startswith=f"{local}@").update(withdrawn_at=at)
        level()

    return go


def test_who_is_gone_keeps_identifiers_alone(annuaire, ask, ids, withdraw):
    withdraw("bruno")
    gone = ask(f"Practitioner/{BRUNO}")
    assert set(gone) == {"resourceType", "id", "meta", "language", "identifier", "active"}
    assert gone["active"] is False
    assert gone["meta"]["lastUpdated"] == timezone.localtime(DAY + timedelta(days=5)).isoformat(timespec="milliseconds")
    assert ids("Practitioner") == ids("Practitioner", active="true") == [ALICE]
    assert ids("Practitioner", active="false") == [BRUNO]


def test_a_situation_is_gone_though_its_practitioner_is_not(annuaire, ids, ask, withdraw):
    withdraw("alice")
    assert ids("PractitionerRole", active="false") == [f"{ALICE}-{CHU}"]
    assert ids("Practitioner", active="false") == []
    assert addresses(ask(f"Practitioner/{ALICE}")) == ["alice.seule"]


@pytest.mark.parametrize("query", [{"mailbox-mss": "bruno"}, {"family": "alice"}, {"qualification-code": "60"}])
def test_what_is_gone_is_not_found_by_what_it_no_longer_says(annuaire, ids, withdraw, query):
    assert ids("Practitioner", **query) == ([BRUNO] if "mailbox-mss" not in query else [])
    withdraw("bruno")
    assert ids("Practitioner", **query, active="false") == []


# --- What the register adds, and keeps to itself --------------------------------------------------------------------
def test_who_sees_the_bal_is_told_its_state_and_what_it_is_for(annuaire, ask, people, make_bal):
    make_bal("ORG", people.alice, address="cardio@chu-exemple.mssante.fr", description="Avis rapides")
    (telecom,) = ask(f"Organization/{CHU}")["telecom"]
    assert (state(telecom), child(telecom, "description")) == ("active", "Avis rapides")


def test_another_structure_s_software_is_told_the_annuaire_alone(
    annuaire, ask, people, make_bal, other_structure, token
):
    make_bal("ORG", people.alice, address="cardio@chu-exemple.mssante.fr", description="Avis rapides")
    facts = {"name": "Autre", "structures": [other_structure], "scopes": ["resolve"], "days": 30}
    other = declare_software(by=people.eve.user, **facts)[1]
    (telecom,) = ask(f"Organization/{CHU}", key=other)["telecom"]
    assert (addresses({"telecom": [telecom]}), state(telecom), child(telecom, "description")) == (
        ["cardio"], None, None,
    )  # fmt: skip


@pytest.fixture
def two_boxes(publish, people, make_bal):
    """Alice has two at the CHU; the annuaire prefers one, alice the other."""
    publish("alice", rpps=ALICE, place=CHU, rank="1")
    publish("docteur", rpps=ALICE, place=CHU)
    make_bal("PER", people.alice, address="docteur@chu-exemple.mssante.fr")
    Preference.objects.create(
        person=people.alice, situation=CHU, address="docteur@chu-exemple.mssante.fr", by=people.alice.user
    )


def ranks(resource):
    return {telecom["value"].partition("@")[0]: telecom.get("rank") for telecom in resource["telecom"]}


def test_the_box_that_its_holder_chose_here_comes_before_the_annuaire_s(two_boxes, ask):
    assert ranks(ask(f"PractitionerRole/{ALICE}-{CHU}")) == {"alice": 2, "docteur": 1}


def test_what_a_person_chose_is_not_told_to_another_structure_s_software(two_boxes, ask, people, other_structure):
    facts = {"name": "Autre", "structures": [other_structure], "scopes": ["resolve"], "days": 30}
    other = declare_software(by=people.eve.user, **facts)[1]
    assert ranks(ask(f"PractitionerRole/{ALICE}-{CHU}", key=other)) == {"alice": 1, "docteur": None}


@pytest.mark.parametrize("changed", [{"situation": CLINIC}, {"purpose": "result"}])
def test_a_choice_for_elsewhere_or_for_some_messages_gives_no_rank(two_boxes, ask, changed):
    Preference.objects.update(**changed)
    assert ranks(ask(f"PractitionerRole/{ALICE}-{CHU}")) == {"alice": 1, "docteur": None}


def test_an_address_in_liste_rouge_is_given_to_nobody(annuaire, ask, ids, people, make_bal):
    assert ids("PractitionerRole", **{"mailbox-mss": "alice@"}) == [f"{ALICE}-{CHU}"]
    make_bal("PER", people.alice, address="alice@chu-exemple.mssante.fr", liste_rouge=True)
    assert ids("PractitionerRole", **{"mailbox-mss": "alice@"}) == []
    ask(f"PractitionerRole/{ALICE}-{CHU}", status=404)
    everything = [ask(kind).get("entry", []) for kind in ("Practitioner", "PractitionerRole", "Organization")]
    assert "alice@" not in str(everything)
    assert "alice.seule@" in str(everything)


def test_once_withdrawn_by_the_annuaire_its_holder_is_said_gone(annuaire, ids, people, make_bal, withdraw):
    make_bal("PER", people.alice, address="alice@chu-exemple.mssante.fr", liste_rouge=True)
    withdraw("alice")
    assert ids("PractitionerRole", _lastUpdated="ge2026-03-12") == [f"{ALICE}-{CHU}"]


# --- Parameters -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [ALICE, BRUNO]),
        ({"_id": ALICE}, [ALICE]),
        ({"_id": f"{BRUNO},{ALICE}"}, [ALICE, BRUNO]),
        ({"identifier": ALICE}, [ALICE]),
        ({"identifier": f"8{ALICE}"}, [ALICE]),
        ({"identifier": f"{RPPS}|{ALICE}"}, [ALICE]),
        ({"identifier": f"http://rpps.fr|{ALICE}"}, [ALICE]),
        ({"identifier": f"{IDNPS}|8{ALICE}"}, [ALICE]),
        ({"identifier": f"{IDNPS}|{ALICE}"}, []),
        ({"identifier": f"{FINESS}|{ALICE}"}, []),
        ({"name": "alice"}, [ALICE, BRUNO]),
        ({"name": "lefevre ali"}, [ALICE]),
        ({"name": "Lefèvre,bruno"}, [ALICE, BRUNO]),
        ({"name": "fevre"}, []),
        ({"name": "…"}, []),
        ({"family": "alice"}, [BRUNO]),
        ({"family": "LEFE"}, [ALICE]),
        ({"family:exact": "lefe"}, []),
        ({"family:exact": "lefevre"}, [ALICE]),
        ({"name:exact": "lefevre alice"}, [ALICE]),
        ({"name:exact": "alice"}, [ALICE, BRUNO]),
        ({"given": "alice"}, [ALICE]),
        ({"given": "bruno"}, [BRUNO]),
        ({"given": ["jean", "bruno"]}, [BRUNO]),
        ({"family": "alice", "given": "alice"}, []),
        ({"mailbox-mss": "alice.s"}, [ALICE]),
        ({"mailbox-mss:exact": "Alice.Seule@chu-exemple.mssante.fr"}, [ALICE]),
        ({"mailbox-mss:exact": "alice.seule"}, []),
        ({"mailbox-mss:contains": "@chu-exemple.mssante.fr"}, [ALICE]),
        ({"mailbox-mss:contains": "@chu-ex"}, [ALICE]),
        ({"mailbox-mss:contains": "@"}, [ALICE]),
        ({"mailbox-mss:contains": "@exemple.mssante.fr"}, []),
        ({"mailbox-mss": "alice@"}, []),  # that one is of a situation
        ({"qualification-code": "60"}, [BRUNO]),
        ({"qualification-code": "C"}, [BRUNO]),
        ({"qualification-code": f"{PROFESSIONS}|10"}, [ALICE]),
        ({"qualification-code": f"{PROFESSIONS}|C"}, []),
        ({"identifier": ","}, []),
    ],
)
def test_practitioners_are_found(annuaire, ids, query, found):
    assert ids("Practitioner", **query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"practitioner": ALICE}, [f"{ALICE}-{CHU}"]),
        ({"practitioner": f"Practitioner/{ALICE}"}, [f"{ALICE}-{CHU}"]),
        ({"practitioner": f"https://exemple.invalid/fhir/Practitioner/{BRUNO}"}, [f"{BRUNO}-{CLINIC}"]),
        ({"organization": CHU}, [f"{ALICE}-{CHU}"]),
        ({"organization": f"Organization/{CHU},{CLINIC}"}, [f"{ALICE}-{CHU}", f"{BRUNO}-{CLINIC}"]),
        ({"organization": CHU, "practitioner": BRUNO}, []),
        ({"_id": f"{ALICE}-{CHU}"}, [f"{ALICE}-{CHU}"]),
        ({"_id": f"{ALICE}-{CLINIC},{BRUNO}"}, []),
        ({"mailbox-mss": "bru"}, [f"{BRUNO}-{CLINIC}"]),
        ({"mailbox-mss:contains": "cardio"}, []),
        ({"role": "60"}, [f"{BRUNO}-{CLINIC}"]),
    ],
)
def test_situations_are_found(annuaire, ids, query, found):
    assert ids("PractitionerRole", **query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [CHU, CLINIC, SIRET]),
        ({"_id": CLINIC}, [CLINIC]),
        ({"identifier": CHU}, [CHU]),
        ({"identifier": f"1{CHU}"}, [CHU]),
        ({"identifier": f"{FINESS}|{CHU}"}, [CHU]),
        ({"identifier": f"{IDNST}|1{CHU}"}, [CHU]),
        ({"identifier": f"{IDNST}|2{CHU}"}, []),
        ({"identifier": f"https://sirene.fr|{CHU}"}, []),  # as many characters as a SIREN, and not one
        ({"identifier": f"https://sirene.fr|{SIRET}"}, [SIRET]),
        ({"identifier": f"http://rpps.interne.esante.gouv.fr|{CHU}"}, []),
        ({"name": "chu lilas"}, [CHU]),
        ({"name": "etoile"}, [CLINIC]),
        ({"name": "infirmier"}, []),  # what is said of people there is not its name
        ({"name:exact": "chu des lilas"}, [CHU]),
        ({"name:exact": "chu"}, []),
        ({"mailbox-mss": "cardio"}, [CHU]),
        ({"mailbox-mss": "alice"}, []),
        ({"address-postalcode": "69"}, [CHU]),
        ({"address-city": "par"}, [CLINIC]),
    ],
)
def test_structures_are_found(annuaire, ids, query, found):
    assert ids("Organization", **query) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ge2026-03-10", [ALICE, BRUNO]),
        ("gt2026-03-10", [BRUNO]),
        ("ge2026-03-15", [BRUNO]),
        ("ge2026-03-16", []),
        ("le2026-03-10", [ALICE]),
        ("lt2026-03-10", []),
        ("2026-03-15", [BRUNO]),
        ("eq2026-03-10", [ALICE]),
        (["ge2026-03-09", "lt2026-03-12"], [ALICE]),
        ("ge2026-03-15T12:00:00+01:00", [BRUNO]),
        ("gt2026-03-15T12:00:00+01:00", []),
        ("le2026-03-15T11:00:00Z", [ALICE, BRUNO]),
        ("2026", [ALICE, BRUNO]),
        ("2026-03", [ALICE, BRUNO]),
        ("gt2026-03", []),
        ("lt2026-03", []),
        ("ge2027", []),
        ("ne2026-03-10", [BRUNO]),
        ("ne2026-03", []),
        ("sa2026-03-10", [BRUNO]),
        ("eb2026-03-15", [ALICE]),
        ("eb2026-03-10", []),
        (["ne2026-03-15", "ge2026"], [ALICE]),
    ],
)
def test_a_delta_tells_what_changed_and_what_is_gone(annuaire, ids, withdraw, value, found):
    withdraw("bruno")
    assert ids("Practitioner", _lastUpdated=value) == found


def test_about_a_day_is_wider_the_longer_ago_it_is(annuaire, ids, withdraw, time_machine):
    withdraw("bruno")
    for day, found in ((12, []), (22, [ALICE]), (90, [ALICE, BRUNO])):
        time_machine.move_to(DAY + timedelta(days=day))
        assert ids("Practitioner", _lastUpdated="ap2026-03-12") == found, day


@pytest.mark.parametrize("query", [{"_count": "0"}, {"_summary": "count"}, {"_count": "0", "_revinclude": "*"}])
def test_their_number_alone_is_told(annuaire, ask, query):
    bundle = ask("Practitioner", **query)
    assert (bundle["total"], "entry" in bundle, [link["relation"] for link in bundle["link"]]) == (2, False, ["self"])


def test_a_summary_is_the_elements_that_fhir_marks_and_is_said_to_be_a_part(annuaire, ask):
    (entry,) = ask("Organization", _id=CHU, _summary="true")["entry"]
    assert set(entry["resource"]) <= {"resourceType", "id", "meta", "identifier", "active", "type", "name"}
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    for whole in ("false", "data"):
        assert "telecom" in ask("Organization", _id=CHU, _summary=whole)["entry"][0]["resource"]


def test_all_that_may_come_with_a_search_is_asked_for_by_a_star(annuaire, ask):
    both = {"_include": ["PractitionerRole:practitioner", "PractitionerRole:organization"]}
    assert included(ask("PractitionerRole", _include="*")) == included(ask("PractitionerRole", **both))


@pytest.mark.parametrize("active", ["true,false", "false,true"])
def test_those_in_force_and_those_gone_are_asked_for_together(annuaire, ids, withdraw, active):
    withdraw("bruno")
    assert ids("Practitioner", active=active) == [ALICE, BRUNO]
    assert ids("Practitioner", active="http://hl7.org/fhir/special-values|true") == [ALICE]


@pytest.mark.parametrize("said", ["json", "application/json", "application/fhir+json"])
def test_the_format_is_named_as_our_statement_names_it(annuaire, ask, client, token, said):
    ask("Practitioner", _format=said)
    answer = client.get(f"/fhir/Practitioner?_format={said}", headers={"ESANTE-API-KEY": token})
    assert answer.status_code == 200, "a + left as it is reads as a space"


@pytest.mark.parametrize("path", ["Device", "HealthcareService", "Device/1", "HealthcareService/_search"])
def test_what_the_national_api_alone_holds_is_said_not_to_be_supported(ask, path):
    assert ask(path, status=404)["issue"][0]["code"] == "not-supported"


def test_who_lost_a_box_has_changed_though_still_there(annuaire, ids, withdraw):
    withdraw("alice.seule")
    for active in ({}, {"active": "true"}):
        assert ids("Practitioner", _lastUpdated="ge2026-03-15", **active) == [ALICE]
    assert ids("Practitioner", _lastUpdated="lt2026-03-15", active="true") == [BRUNO]


def test_the_elements_asked_for_come_alone_and_are_said_to(annuaire, ask):
    bundle = ask("Practitioner", identifier=ALICE, _elements="identifier,telecom", _revinclude=ROLES_OF_PERSON)
    alice, role = [entry["resource"] for entry in bundle["entry"]]
    assert set(alice) == {"resourceType", "id", "meta", "identifier", "telecom"}
    assert alice["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert set(role) == {"resourceType", "id", "meta", "identifier", "telecom", "practitioner", "organization"} & set(
        role
    )
    assert role["practitioner"]["reference"] == f"Practitioner/{ALICE}", "by which it is tied to what was found"
    assert "code" not in role


def test_where_no_mailbox_is_asked_none_is_read(annuaire, ask, django_assert_max_num_queries):
    both = ["PractitionerRole:practitioner", "PractitionerRole:organization"]
    whole = ask("PractitionerRole", practitioner=ALICE, _include=both)
    bundle = ask("PractitionerRole", practitioner=ALICE, _include=both, _elements="name,code,active")
    assert [one["fullUrl"] for one in bundle["entry"]] == [one["fullUrl"] for one in whole["entry"]]
    for one, full in zip(bundle["entry"], whole["entry"], strict=True):
        resource, asked = one["resource"], full["resource"]
        for name in ("name", "code", "active"):
            assert resource.get(name) == asked.get(name)
        assert "telecom" not in resource
        assert "versionId" not in resource["meta"], "a version of what was not read whole would be another one"


ROLES_OF_PERSON = "PractitionerRole:practitioner"


def test_what_is_asked_for_comes_with_it(annuaire, ask):
    both = ["PractitionerRole:practitioner", "PractitionerRole:organization"]
    assert included(ask("PractitionerRole", practitioner=ALICE, _include=both)) == {
        f"Practitioner/{ALICE}", f"Organization/{CHU}",
    }  # fmt: skip
    assert included(ask("Practitioner", _revinclude=ROLES_OF_PERSON)) == {
        f"PractitionerRole/{ALICE}-{CHU}", f"PractitionerRole/{BRUNO}-{CLINIC}",
    }  # fmt: skip
    bundle = ask("Organization", identifier=CHU, _revinclude="PractitionerRole:organization")
    assert included(bundle) == {f"PractitionerRole/{ALICE}-{CHU}"}
    assert bundle["total"] == 1, "of what was found, not of what came with it"


def test_what_comes_with_a_page_has_a_limit_that_is_told(annuaire, ask, publish, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_INCLUDED", 2)
    for number in range(3):
        bundle = ask("Organization", identifier=CHU, _revinclude="PractitionerRole:organization")
        assert ("incomplete" in str(bundle)) == (number == 2)
        publish(f"p{number}", rpps=f"2000000000{number}", place=CHU)
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "include", "include", "outcome"]


def test_a_form_asks_as_an_address_does(annuaire, client, token):
    url, headers = "/fhir/Practitioner/_search?active=true", {"ESANTE-API-KEY": token}
    found = client.post(url, "family=lefevre", "application/x-www-form-urlencoded", headers=headers).json()
    Bundle.model_validate(found)
    assert [entry["resource"]["id"] for entry in found["entry"]] == [ALICE]


# --- Pages ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def walk(ask):
    """Every id, page by page; `between` is done between two pages."""

    def go(path, between=lambda number: None, **query):
        found, totals = [], []
        bundle = ask(path, **query)
        while True:
            found.append([entry["resource"]["id"] for entry in bundle.get("entry", [])])
            totals.append(bundle.get("total"))
            following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
            if not following:
                return found, totals
            between(len(found))
            url = urlsplit(following[0])
            bundle = ask(url.path.removeprefix("/fhir/"), **parse_qs(url.query))

    return go


def flat(pages):
    return [one for page in pages for one in page]


@pytest.fixture
def crowd_of(publish):
    def go(*numbers, **facts):
        for number in numbers:
            publish(f"p{number:03}", rpps=f"3{number:010}", **facts)

    return go


def test_pages_lead_through_everything_once(crowd_of, walk):
    crowd_of(*range(7))
    pages, totals = walk("Practitioner", _count=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert flat(pages) == [f"3{number:010}" for number in range(7)]
    assert totals == [None] * 3


def test_situations_of_one_person_are_cut_between_pages(crowd_of, walk):
    for place in ("010000001", CHU, CLINIC):
        crowd_of(1, 2, place=place)
    pages, _ = walk("PractitionerRole", _count=2)
    assert flat(pages) == [
        f"3{number:010}-{place}" for number in (1, 2) for place in sorted(("010000001", CHU, CLINIC))
    ]


def test_what_comes_and_goes_between_pages_shifts_nothing(crowd_of, walk):
    crowd_of(*range(1, 20, 2))

    def between(number):
        Entry.objects.filter(person_id=f"3{1:010}").update(withdrawn_at=timezone.now())
        crowd_of(0, 18, 19) if number == 1 else None

    pages, _ = walk("Practitioner", between=between, _count=3)
    seen = flat(pages)
    assert len(seen) == len(set(seen))
    assert {f"3{number:010}" for number in range(1, 20, 2)} <= set(seen)
    assert f"3{18:010}" in seen, "it came before its place was read"


def test_the_total_is_given_where_it_is_asked_or_costs_nothing(crowd_of, walk):
    crowd_of(*range(4))
    assert walk("Practitioner")[1] == [4]
    assert walk("Practitioner", _count=3, _total="none")[1] == [None, None]
    for total in ("accurate", "estimate"):
        assert walk("Practitioner", _count=3, _total=total)[1] == [4, 4]


def test_the_total_is_counted_once_for_all_pages(crowd_of, walk):
    crowd_of(*range(4))
    assert walk("Practitioner", between=lambda number: crowd_of(9), _count=3, _total="accurate")[1] == [4, 4]


def test_the_parameters_go_with_the_pages(crowd_of, walk, publish):
    crowd_of(*range(4))
    publish("q", rpps=ALICE)
    query = {"_count": 3, "mailbox-mss": "p,z", "_elements": "identifier"}
    assert flat(walk("Practitioner", **query)[0]) == [f"3{number:010}" for number in range(4)]


def test_a_page_has_at_most_200(crowd_of, ask, monkeypatch):
    monkeypatch.setattr("mailboxes.api.fhir.searches.MAX_SIZE", 2)
    crowd_of(*range(4))
    assert len(ask("Practitioner", _count=10_000)["entry"]) == 2


def test_nothing_found_is_an_empty_bundle(ask):
    bundle = ask("Practitioner", name="personne")
    assert (bundle["type"], bundle["total"], "entry" in bundle) == ("searchset", 0, False)
    assert bundle["link"] == [{"relation": "self", "url": "http://testserver/fhir/Practitioner?name=personne"}]


INCLUDED = {
    "Practitioner": {"_revinclude": "PractitionerRole:practitioner"},
    "PractitionerRole": {"_include": ["PractitionerRole:practitioner", "PractitionerRole:organization"]},
    "Organization": {"_revinclude": "PractitionerRole:organization"},
}


@pytest.mark.parametrize("path", INCLUDED)
def test_the_queries_do_not_grow_with_the_page(path, crowd_of, ask, make_bal, django_assert_max_num_queries):
    counts = []
    for numbers in (range(2), range(2, 20)):
        for number in numbers:
            crowd_of(number, place=f"02{number:07}")
            make_bal("PER", address=f"p{number:03}@chu-exemple.mssante.fr")
        with django_assert_max_num_queries(40) as captured:
            assert len(ask(path, **INCLUDED[path])["entry"]) >= len(numbers)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_structure_does_not_cost_a_line_for_each_of_its_professionals(crowd_of, ask, monkeypatch):
    crowd_of(*range(6), place=CHU)
    read = []
    make = resources.ToldLine._make
    monkeypatch.setattr(resources.ToldLine, "_make", lambda row: read.append(row) or make(row))
    ask("Organization")
    assert len(read) == 1


# --- Refusals -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Practitioner", {"mailbox-mss-type": "PER"}),
        ("Practitioner", {"name:contains": "x"}),
        ("Practitioner", {"identifier:exact": "x"}),
        ("Practitioner", {"name:": "x"}),
        ("Practitioner", {"_sort": "family"}),
        ("Practitioner", {"_summary": "text"}),
        ("Practitioner", {"_include": "*"}),
        ("Practitioner", {"organization": CHU}),
        ("Organization", {"family": "x"}),
        ("Practitioner", {"name": ""}),
        ("Practitioner", {"name": "a\0"}),
        ("Practitioner", {"active": "oui"}),
        ("Practitioner", {"_count": "-1"}),
        ("Practitioner", {"_count": "²"}),
        ("Practitioner", {"_total": "beaucoup"}),
        ("Practitioner", {"_lastUpdated": "hier"}),
        ("Practitioner", {"_lastUpdated": "ge2026-13-01"}),
        ("Practitioner", {"_lastUpdated": "ge0001-01-01"}),
        ("Practitioner", {"_lastUpdated": "2026-13"}),
        ("Practitioner", {"_lastUpdated": "xx2026"}),
        ("Practitioner", {"_include": "PractitionerRole:practitioner"}),
        ("Practitioner", {"active": "true,peut-être"}),
        ("Organization", {"_revinclude": "Device:organization"}),
        ("Practitioner", {"_format": "xml"}),
    ],
)
def test_what_is_not_understood_is_refused_and_not_passed_over(ask, path, query):
    issue = ask(path, status=400, **query)["issue"][0]
    assert (issue["severity"], issue["code"]) == ("error", "invalid")
    assert issue["diagnostics"]


def test_an_unknown_parameter_is_told_which_are_known(ask):
    assert "family:exact" in ask("Practitioner", status=400, telecom="x")["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "path", ["Practitioner/10000000099", "Practitioner/a-b", "PractitionerRole/1", "Practitioner/.00", "Patient",
             "Organization/1/_history", "", "Practitioner/..", "Patient/1"],
)  # fmt: skip
def test_what_is_unknown_is_not_found(ask, path):
    assert ask(path, status=404)["issue"][0]["code"] == "not-found"


@pytest.mark.parametrize("page", ["", "abc", "x" * 3000])
def test_a_page_that_is_not_ours_is_gone(ask, page):
    assert ask("_page", status=410, id=page)["issue"][0]["code"] == "expired"


def test_nothing_is_written_here(client, token, annuaire):
    headers = {"ESANTE-API-KEY": token}
    one = f"Practitioner/{ALICE}"
    for method, path in (("post", "Practitioner"), ("put", one), ("delete", one), ("get", "Practitioner/_search")):
        answer = getattr(client, method)(f"/fhir/{path}", headers=headers)
        assert (answer.status_code, OperationOutcome.model_validate(answer.json()).issue[0].code) == (
            405, "not-supported",
        )  # fmt: skip
        assert ("POST" if path.endswith("_search") else "GET") in answer["Allow"]


def test_only_json_is_served_and_only_forms_are_read(ask, client, token):
    assert ask("Practitioner", status=406, headers={"Accept": "application/fhir+xml"})["issue"]
    sent = client.post("/fhir/Practitioner/_search", "{}", "application/json", headers={"ESANTE-API-KEY": token})
    assert (sent.status_code, sent.json()["resourceType"]) == (415, "OperationOutcome")
    plain = client.get("/fhir/Practitioner", headers={"ESANTE-API-KEY": token, "Accept": "application/json"})
    assert (plain.status_code, plain["Content-Type"]) == (200, "application/json")


# --- Who may --------------------------------------------------------------------------------------------------------
PATHS = ["Practitioner", f"Organization/{CHU}", "_page", "Device", ""]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [None, "balm_12345678_inconnue"])
def test_without_a_known_key_nothing_is_said(annuaire, ask, path, key):
    issue = ask(path, status=401, key=key)["issue"][0]
    assert issue["code"] == "login"
    assert ask.answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PATHS)
def test_an_expired_key_opens_nothing(annuaire, ask, path, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=31))
    assert ask(path, status=401)["issue"][0]["code"] == "login"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scope", ["read", "usage", "manage"])
def test_a_key_for_something_else_opens_nothing(annuaire, ask, path, scope, people, structure):
    facts = {"name": "Autre", "structures": [structure], "scopes": [scope], "days": 30}
    issue = ask(path, status=403, key=declare_software(by=people.gisele.user, **facts)[1])["issue"][0]
    assert issue["code"] == "forbidden"
    assert "chercher la bonne adresse" in issue["diagnostics"]


def test_the_usual_header_opens_it_as_well(annuaire, client, token):
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/fhir/Practitioner", headers=headers).status_code == 200


def test_too_many_requests_are_told_when_to_come_back(ask, monkeypatch, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # within one minute
    monkeypatch.setattr("mailboxes.api.keys.KeyThrottle.get_rate", lambda self: "2/min")
    ask("Practitioner")
    ask("Practitioner")
    assert ask("Practitioner", status=429)["issue"][0]["code"] == "throttled"
    assert int(ask.answer["Retry-After"]) > 0


def test_what_is_looked_for_is_not_written_down(annuaire, ask):
    ask("Practitioner", family="lefevre", identifier=ALICE)
    assert AccessTrace.objects.exists()
    assert not [trace for trace in AccessTrace.objects.values() if "lefevre" in str(trace) or ALICE in str(trace)]


def test_of_the_register_nothing_else_is_told(annuaire, ask, people, make_bal):
    private = {"purpose": "secret usage", "auto_reply": "secret reply", "responsable": people.lea, "used_mb": 987654}
    make_bal("ORG", people.bruno, address="cardio@chu-exemple.mssante.fr", replaced_by="secret@x.mssante.fr", **private)
    said = str(ask(f"Organization/{CHU}"))
    assert state(ask.answer.json()["telecom"][0]) == "active"
    assert not [word for word in ("secret", "Lea", "Bruno", "987654") if word in said]


# --- What is said to all --------------------------------------------------------------------------------------------
def test_what_is_understood_is_said_to_all(ask):
    said = ask("metadata", key=None)
    assert (said["fhirVersion"], said["implementation"]["url"]) == ("4.0.1", "http://testserver/fhir")
    assert {one["type"] for one in said["rest"][0]["resource"]} == {"Practitioner", "PractitionerRole", "Organization"}


VALUES = {"active": "true", "_lastUpdated": "ge2026-01-01"}


def test_every_parameter_it_declares_is_understood(annuaire, ask):
    for one in ask("metadata", key=None)["rest"][0]["resource"]:
        for parameter in one["searchParam"]:
            ask(one["type"], **{parameter["name"]: VALUES.get(parameter["name"], "x")})
        for include in one.get("searchInclude", []):
            ask(one["type"], _include=include)
        for include in one.get("searchRevInclude", []):
            ask(one["type"], _revinclude=include)


def test_the_examples_of_the_page_are_understood(annuaire, ask):
    page = (Path(__file__).parents[3] / "docs" / "api" / "fhir.md").read_text()
    examples = re.findall(r"(?:GET /fhir/|\$BASE/|\{base\}/)([^`\"]+)", page)
    assert len(examples) == 7
    for example in examples:
        path, _, query = example.partition("?")
        ask(path, **parse_qs(query))
    for name in {name for one in PARAMETERS.values() for name in one} - {"_id"}:
        assert f"`{name}`" in page
