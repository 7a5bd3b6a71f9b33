"""What a resource says, of the annuaire and of the register."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Entry
from mailboxes.models import Preference
from mailboxes.software.actions import declare_software
from tests.mailboxes.api.fhir.conftest import (
    ALICE,
    BRUNO,
    CHU,
    CLINIC,
    DAY,
    FINESS,
    IDNPS,
    IDNST,
    RPPS,
    SIRET,
    addresses,
    child,
    state,
)

pytestmark = pytest.mark.sqlite_run


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
def test_who_is_gone_keeps_identifiers_alone(annuaire, ask, ids, withdraw):
    withdraw("bruno")
    gone = ask(f"Practitioner/{BRUNO}")
    assert set(gone) == {"resourceType", "id", "meta", "language", "identifier", "active"}
    assert gone["active"] is False
    assert gone["meta"]["lastUpdated"] == timezone.localtime(DAY + timedelta(days=5)).isoformat(timespec="milliseconds")
    assert ids("Practitioner") == [ALICE, BRUNO]
    assert ids("Practitioner", active="true") == [ALICE]
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
