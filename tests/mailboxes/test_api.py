"""The API translates: the rules' refusals become problem+json, what is unseen is 404."""

import pytest
from django.urls import reverse

from mailboxes.lifecycle import EXPOSED, State
from mailboxes.models import Bal

URL = "/api/v1/bals/"


@pytest.fixture
def ask(client):
    def go(person, path="", body=None, **query):
        client.force_login(person.user)
        if body is None:
            return client.get(URL + path, query)
        return client.post(URL + path, body, content_type="application/json")

    return go


def problem_of(answer):
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return body["code"], body["detail"]


def test_a_visitor_gets_json_and_no_log_in_page(client, db):
    answer = client.get(URL)
    assert answer.status_code in (401, 403)
    assert problem_of(answer)[0] == "not_authenticated"


def test_a_bal_reads_with_what_one_may_do(ask, people, org):
    body = ask(people.alice, f"{org.pk}/").json()
    assert body["address"] == org.address
    assert [holder["name"] for holder in body["cotitulaires"]] == ["Alice EXEMPLE", "Bruno EXEMPLE"]
    assert body["abilities"]["request_depublication"] is True
    assert body["abilities"].keys() == set(EXPOSED)
    assert ask(people.bruno, f"{org.pk}/").json()["abilities"]["request_depublication"] is False


def test_the_list_is_filtered_as_the_page_is(ask, people, org, per):
    assert ask(people.gisele).json()["count"] == 2
    assert [bal["address"] for bal in ask(people.gisele, kind="PER").json()["results"]] == [per.address]
    assert problem_of(ask(people.gisele, kind="XXX"))[0] == "invalid"


def test_a_page_has_a_maximum(ask, people, make_bal):
    for _ in range(3):
        make_bal("ORG")
    assert len(ask(people.gisele, page_size=2).json()["results"]) == 2
    assert ask(people.gisele, page_size=100_000).status_code == 200
    assert problem_of(ask(people.gisele, page=99))[0] == "not_found"


@pytest.mark.parametrize("path", ["", "cotitulaires/", *[f"{verb}/" for verb in EXPOSED]])
def test_a_stranger_gets_404(ask, people, org, path):
    answer = ask(people.eve, f"{org.pk}/{path}", {} if path else None)
    assert answer.status_code == 404
    assert problem_of(answer)[0] == "not_found"


def test_a_verb_moves_the_bal(ask, people, org):
    answer = ask(people.gisele, f"{org.pk}/request_depublication/", {"note": "Doublon"})
    assert answer.json()["state"] == State.DEPUBLICATION_REQUESTED
    assert org.journal.get().note == "Doublon"


def test_because_of_who_asks_is_403_and_because_of_the_state_409(ask, people, org):
    answer = ask(people.bruno, f"{org.pk}/request_deletion/", {})
    assert (answer.status_code, problem_of(answer)[0]) == (403, "role")
    answer = ask(people.gisele, f"{org.pk}/activate/", {})
    assert (answer.status_code, problem_of(answer)[0]) == (409, "state")


def test_a_verb_of_the_machine_has_no_address(ask, people, org):
    assert ask(people.gisele, f"{org.pk}/alert_idle/", {}).status_code == 404


def test_deletion_wants_the_attestation(ask, people, org):
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLISHED)
    answer = ask(people.alice, f"{org.pk}/request_deletion/", {})
    assert (answer.status_code, problem_of(answer)[0]) == (409, "attestation")
    assert ask(people.alice, f"{org.pk}/request_deletion/", {"attested": True}).status_code == 200


def test_a_cotitulaire_is_added(ask, people, org):
    answer = ask(people.alice, f"{org.pk}/cotitulaires/", {"person": people.paul.pk})
    assert answer.status_code == 201
    assert "Paul EXEMPLE" in [holder["name"] for holder in answer.json()["cotitulaires"]]


def test_the_21st_cotitulaire_is_refused_by_the_api(ask, people, crowd):
    bal = crowd(20)
    answer = ask(people.alice, f"{bal.pk}/cotitulaires/", {"person": people.paul.pk})
    assert (answer.status_code, problem_of(answer)) == (
        409,
        ("full", "Une BAL a au plus 20 cotitulaires, le principal compris."),
    )


def test_a_person_unseen_is_unknown(ask, people, org):
    answer = ask(people.alice, f"{org.pk}/cotitulaires/", {"person": people.eve.pk})
    assert answer.status_code == 400
    assert str(people.eve.pk) in answer.json()["errors"]["person"][0]


def test_the_queries_of_the_list_do_not_grow_with_the_rows(ask, people, make_bal, django_assert_max_num_queries):
    around = ("django_session", "accounts_user", "SAVEPOINT", "BEGIN")
    for count in (2, 40):
        for _ in range(count - Bal.objects.count()):
            make_bal("PER", people.bruno)
        with django_assert_max_num_queries(100) as captured:
            assert len(ask(people.gisele).json()["results"]) == count
        assert len([q for q in captured if not any(word in q["sql"] for word in around)]) <= 6


def test_the_admin_and_the_pages_stand_beside(client, people):
    assert reverse("api-bal-list") == URL
