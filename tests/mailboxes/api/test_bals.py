"""The API translates: the rules' refusals become problem+json, what is unseen is 404."""

import pytest
from django.urls import reverse

from mailboxes.api.serializers import ACTS
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
    assert body["abilities"].keys() == {*EXPOSED, *ACTS}
    assert ask(people.bruno, f"{org.pk}/").json()["abilities"]["request_depublication"] is False


def test_the_list_is_filtered_as_the_page_is(ask, people, org, per):
    assert len(ask(people.gisele).json()["results"]) == 2
    assert [bal["address"] for bal in ask(people.gisele, kind="PER").json()["results"]] == [per.address]
    assert problem_of(ask(people.gisele, kind="XXX"))[0] == "invalid"


def test_a_page_has_a_maximum(ask, people, make_bal):
    for _ in range(3):
        make_bal("ORG")
    assert len(ask(people.gisele, page_size=2).json()["results"]) == 2
    assert problem_of(ask(people.gisele, page_size=100_000))[0] == "invalid"
    assert problem_of(ask(people.gisele, cursor="rien"))[0] == "not_found"


def test_every_line_stands_on_one_page_whatever_comes_meanwhile(client, ask, people, make_bal):
    first = [make_bal("ORG").pk for _ in range(5)]
    page = ask(people.gisele, page_size=2).json()
    read = page["results"]
    make_bal("ORG", address="aaa@chu-exemple.mssante.fr")
    while page["next"]:
        page = client.get(page["next"]).json()
        read += page["results"]
    assert [bal["id"] for bal in read][:5] == first
    assert len({bal["id"] for bal in read}) == len(read) == 6


def test_only_the_fields_asked_for_are_sent(ask, people, org):
    assert ask(people.gisele, fields="id,address").json()["results"] == [{"id": org.pk, "address": org.address}]
    assert ask(people.gisele, f"{org.pk}/", fields="state").json() == {"state": "active"}
    answer = ask(people.gisele, fields="id,secret")
    (sentence,) = answer.json()["errors"]["fields"]
    assert (answer.status_code, sentence.startswith("« secret » est inconnu. Connus : abilities, ")) == (400, True)


def test_what_has_not_changed_is_not_sent_again(client, ask, people, org):
    etag = ask(people.gisele, f"{org.pk}/")["ETag"]
    again = client.get(f"{URL}{org.pk}/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    Bal.objects.filter(pk=org.pk).update(service="Accueil")
    assert client.get(f"{URL}{org.pk}/", headers={"If-None-Match": etag}).status_code == 200


def test_a_write_on_what_has_changed_is_refused(client, ask, people, org):
    etag = ask(people.gisele, f"{org.pk}/")["ETag"]
    Bal.objects.filter(pk=org.pk).update(service="Accueil")
    path = f"{URL}{org.pk}/request_depublication/"
    answer = client.post(path, {}, content_type="application/json", headers={"If-Match": etag})
    assert (answer.status_code, problem_of(answer)[0]) == (412, "changed")
    assert not org.journal.exists()
    now = ask(people.gisele, f"{org.pk}/", fields="id")["ETag"]  # of the whole, however little is asked for
    answer = client.post(path, {}, content_type="application/json", headers={"If-Match": now})
    assert answer.status_code == 200


def test_a_write_sent_twice_is_done_once_and_answered_twice(client, people, org):
    client.force_login(people.gisele.user)
    facts = {"content_type": "application/json", "headers": {"Idempotency-Key": "abc"}}
    path = f"{URL}{org.pk}/request_depublication/"
    first, second = (client.post(path, {"note": "Doublon"}, **facts) for _ in range(2))
    assert first.json() == second.json()
    assert (first.status_code, second.status_code, second["Idempotent-Replayed"]) == (200, 200, "true")
    assert org.journal.count() == 1
    other = client.post(path, {"note": "Autre"}, **facts)
    assert (other.status_code, problem_of(other)[0]) == (422, "idempotency_mismatch")


def test_a_write_refused_may_be_sent_again_under_the_same_name(client, people, org):
    client.force_login(people.gisele.user)
    facts = {"content_type": "application/json", "headers": {"Idempotency-Key": "abc"}}
    path = f"{URL}{org.pk}/verify_depublication/"
    assert client.post(path, {}, **facts).status_code == 409
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLICATION_REQUESTED, liste_rouge=True)
    assert client.post(path, {}, **facts).status_code == 200


def test_the_name_of_a_write_is_its_callers_own(client, people, org, per):
    facts = {"content_type": "application/json", "headers": {"Idempotency-Key": "abc"}}
    for who, bal in (("gisele", org), ("paul", per)):
        client.force_login(getattr(people, who).user)
        assert client.post(f"{URL}{bal.pk}/request_depublication/", {}, **facts).status_code == 200


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
        (
            "full",
            "Une BAL a au plus 20 cotitulaires, le principal compris. "
            "Retirez-en un, ou donnez un accès de délégataire.",
        ),
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
        assert len([q for q in captured if not any(word in q["sql"] for word in around)]) == 6


def test_the_admin_and_the_pages_stand_beside(client, people):
    assert reverse("api-bal-list") == URL
