"""What the searches find, and what comes with it."""

from datetime import timedelta

import pytest
from fhir.resources.R4B.bundle import Bundle

from mailboxes.api.fhir import bundles
from tests.mailboxes.api.fhir.conftest import (
    ALICE,
    BRUNO,
    CHU,
    CLINIC,
    DAY,
    FINESS,
    IDNPS,
    IDNST,
    PROFESSIONS,
    RPPS,
    SIRET,
    included,
)

pytestmark = pytest.mark.sqlite_run


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


def test_what_comes_with_a_summary_is_summed_up_as_its_own_kind(ask, annuaire):
    bundle = ask("PractitionerRole", _summary="true", _include="*", practitioner=ALICE)
    shown = {entry["resource"]["resourceType"]: set(entry["resource"]) for entry in bundle["entry"]}
    assert {"name", "identifier"} <= shown["Practitioner"]
    assert {"name", "identifier"} <= shown["Organization"]
    assert "qualification" not in shown["Practitioner"]
    only = ask("PractitionerRole", _elements="telecom", _include="PractitionerRole:practitioner", practitioner=ALICE)
    assert all("name" not in entry["resource"] for entry in only["entry"])


def test_a_comma_after_a_backslash_is_of_the_value(ids, publish):
    publish("un", kind="ORG", place=CHU, structure_name="LABORATOIRE DUPONT, MARTIN")
    publish("deux", kind="ORG", place=CLINIC, structure_name="MARTIN")
    assert ids("Organization", **{"name:exact": r"Laboratoire Dupont\, Martin"}) == [CHU]
    assert ids("Organization", **{"name:exact": "Martin,Laboratoire"}) == [CLINIC]
    assert ids("Organization", **{"name:contains": r"dupont\, m"}) == [CHU]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (ALICE, True),
        (f"Practitioner/{ALICE}", True),
        (f"https://ailleurs.fr/fhir/Practitioner/{ALICE}", True),
        (f"Organization/{ALICE}", False),
        (f"https://ailleurs.fr/fhir/Organization/{ALICE}", False),
    ],
)
def test_a_reference_names_what_it_refers_to(ids, annuaire, reference, found):
    assert bool(ids("PractitionerRole", practitioner=reference)) is found
