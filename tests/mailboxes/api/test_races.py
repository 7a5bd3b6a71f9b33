"""Two callers at once, on PostgreSQL, each by a connection of its own: one of the two sees what the other did."""

from functools import partial

import pytest
from django.test import Client

from mailboxes.models import Bal, Person, Reading, Request
from tests import threads

# By the rule, by the database, or by the row's own check where the other came between the two.
TAKEN = {"rpps", "invalid"}
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql_run,
]


@pytest.fixture
def at_once(key):
    """Send these (path, method, body, headers) together; the answers, by status."""

    def send(path, method, body, headers):
        facts = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {key}", **headers}}
        return getattr(Client(), method)(f"/api/v1/{path}", body, **facts)

    def go(*calls):
        answers = threads.at_once(*[partial(send, *call) for call in calls])
        return sorted(answers, key=lambda answer: answer.status_code)

    return go


def statuses(answers):
    return [answer.status_code for answer in answers]


def test_of_eight_who_read_the_same_one_writes(ask, key, at_once, org):
    etag = ask(key, f"bals/{org.pk}/")["ETag"]
    answers = at_once(*[(f"bals/{org.pk}/", "patch", {"service": f"S{n}"}, {"If-Match": etag}) for n in range(8)])
    assert statuses(answers) == [200] + [412] * 7
    assert Bal.objects.get(pk=org.pk).service == answers[0].json()["service"]
    assert org.journal.count() == 1


def test_of_eight_who_answer_the_same_request_one_is_heard(ask, key, at_once, world):
    path = f"requests/{world.requests.pk}/"
    etag = ask(key, path)["ETag"]
    acts = ["record_done/", "record_refusal/"] * 4
    answers = at_once(*[(path + act, "post", {"answer": "Vu"}, {"If-Match": etag}) for act in acts])
    assert statuses(answers) == [200] + [412] * 7


def test_a_request_answered_while_its_bal_is_described_waits_and_does_not_die(at_once, world):
    """Both lock the BAL first: in another order, PostgreSQL would end one of the two."""
    calls = [(f"requests/{world.requests.pk}/remind_operator/", "post", {}, {})] * 4
    calls += [(f"bals/{world.bals.pk}/", "patch", {"service": f"S{n}"}, {}) for n in range(4)]
    assert statuses(at_once(*calls)) == [200] * 5 + [409] * 3, "the operator is reminded once a day"


def test_a_write_sent_eight_times_under_one_name_is_done_once(at_once, org):
    body = {"bal": org.pk, "kind": "change", "detail": "Plus d’espace"}
    answers = at_once(*[("requests/", "post", body, {"Idempotency-Key": "a"})] * 8)
    assert statuses(answers) == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert Request.objects.count() == 1
    assert sum("Idempotent-Replayed" in answer for answer in answers) == 7


def test_the_same_readings_pushed_eight_times_at_once_are_one(at_once, org, per):
    pair = [{"address": bal.address, "at": "2026-11-20T02:00:00Z", "used_mb": 5} for bal in (org, per)]
    calls = [("readings/bulk/", "post", {"readings": pair[:: (-1) ** n]}, {}) for n in range(8)]
    answers = at_once(*calls)
    assert statuses(answers) == [200] * 8
    codes = sorted(one["code"] for answer in answers for one in answer.json()["readings"])
    assert codes == ["known"] * 14 + ["new"] * 2
    assert Reading.objects.count() == 2


def test_of_eight_who_enter_the_same_number_one_does_and_the_others_are_told(at_once, structure):
    body = {"structure": structure.pk, "given_name": "Zoé", "family_name": "Exemple", "rpps": "10000000090"}
    answers = at_once(*[("people/", "post", body, {})] * 8)
    assert statuses(answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers[1:]} <= TAKEN
    assert Person.objects.filter(rpps="10000000090").count() == 1


def test_of_several_who_give_the_same_number_at_once_one_has_it(at_once, people):
    some = (people.delphine, people.lea, people.gisele)
    body = {"why": "Il manquait.", "rpps": "10000000090"}
    answers = at_once(*[(f"people/{one.pk}/correct/", "post", body, {}) for one in some])
    assert statuses(answers) == [200, 409, 409]
    assert {answer.json()["code"] for answer in answers[1:]} <= TAKEN


def test_of_eight_who_enter_the_same_address_one_does_and_the_others_are_told(at_once, structure, operator):
    body = {"structure": structure.pk, "operator": operator.code, "kind": "APP", "exists": True}
    body["address"] = "logiciel@chu-exemple.mssante.fr"
    assert statuses(at_once(*[("bals/", "post", body, {})] * 8)) == [201] + [409] * 7
