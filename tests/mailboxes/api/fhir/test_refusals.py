"""What is refused, who may ask, and what is said to all."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.utils import timezone
from fhir.resources.R4B.operationoutcome import OperationOutcome

from mailboxes.api.fhir.parameters import PARAMETERS
from mailboxes.models import AccessTrace
from mailboxes.software.actions import declare_software
from tests.mailboxes.api.fhir.conftest import ALICE, CHU, state

pytestmark = pytest.mark.sqlite_run


# --- Refusals -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Practitioner", {"mailbox-mss-type": "PER"}),
        ("Practitioner", {"name:begins": "x"}),
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
        ("Practitioner", {"_lastUpdated": "ap9998"}),
        ("Practitioner", {"_include": "PractitionerRole:practitioner"}),
        ("Practitioner", {"active": "true,peut-être"}),
        ("Organization", {"_revinclude": "Device:owner"}),
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


VALUES = {"active": "true", "type": "SA01", "_lastUpdated": "ge2026-01-01"}


def test_every_parameter_it_declares_is_understood(annuaire, ask):
    for one in ask("metadata", key=None)["rest"][0]["resource"]:
        for parameter in one["searchParam"]:
            ask(one["type"], **{parameter["name"]: VALUES.get(parameter["name"], "x")})
        for include in one.get("searchInclude", []):
            ask(one["type"], _include=include)
        for include in one.get("searchRevInclude", []):
            ask(one["type"], _revinclude=include)


def test_the_examples_of_the_page_are_understood(annuaire, ask):
    page = (Path(__file__).parents[4] / "docs" / "api" / "fhir.md").read_text()
    examples = re.findall(r"(?:GET /fhir/|\$BASE/|\{base\}/)([^`\"]+)", page)
    assert len(examples) == 7
    for example in examples:
        path, _, query = example.partition("?")
        ask(path, **parse_qs(query))
    for name in {name for one in PARAMETERS.values() for name in one} - {"_id"}:
        assert f"`{name}`" in page


# --- Nothing passed over ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "asked",
    [
        "_count=1&_count=2",
        "active=true&active=false",
        "_summary=true&_summary=count",
        "_total=none&_total=accurate",
        "_format=xml&_format=json",
    ],
)
def test_of_what_has_one_value_two_are_refused(ask, annuaire, asked):
    said = ask(f"Practitioner?{asked}", 400)["issue"][0]
    assert (said["code"], asked.partition("=")[0] in said["diagnostics"]) == ("invalid", True)


def test_the_same_value_twice_is_one(ask, annuaire):
    assert len(ask("Practitioner?_format=json&_count=1&_format=json&_count=1")["entry"]) == 1


@pytest.mark.parametrize("path", ["Practitioner", f"Practitioner/{ALICE}", "metadata"])
def test_xml_is_refused_wherever_it_is_asked(ask, annuaire, path):
    assert "_format=json" in ask(path, 400, _format="xml")["issue"][0]["diagnostics"]
    ask(path, _format="application/fhir+json")


def test_a_resource_read_by_its_id_is_shown_as_a_search_shows_it(ask, annuaire):
    read = f"Practitioner/{ALICE}"
    assert {"name", "identifier"} & set(ask(read, _elements="name")) == {"name"}
    assert "qualification" in ask(read, _summary="data")
    assert "qualification" not in ask(read, _summary="true")
    assert ask(read, _summary="true")["meta"]["tag"][0]["code"] == "SUBSETTED"
    for wrong in ({"_summary": "count"}, {"_summary": "text"}, {"_count": "1"}, {"name": "x"}):
        ask(read, 400, **wrong)


def test_a_search_by_post_is_told_that_forms_are_read(client, token, annuaire):
    answer = client.post(
        "/fhir/Practitioner/_search", "{}", content_type="application/json", headers={"ESANTE-API-KEY": token}
    )
    assert (answer.status_code, "formulaires" in answer.json()["issue"][0]["diagnostics"]) == (415, True)
