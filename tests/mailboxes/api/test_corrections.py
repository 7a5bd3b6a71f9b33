"""Corrections and vouched accesses by the API: the same acts, the same refusals, nothing in silence."""

import pytest

from mailboxes.lifecycle import Act
from mailboxes.models import JournalEntry, Request

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
WORD = {"told_on": "2026-02-01", "told_how": "par téléphone"}


@pytest.fixture
def post(client):
    def go(user, path, said):
        client.force_login(user)
        return client.post(f"/api/v1/{path}", said, content_type="application/json")

    return go


def test_a_gestionnaire_corrects_a_bal_with_why_and_a_reader_does_not(post, people, org):
    said = {"why": "Coquille.", "address": "acceuil-juste@chu-exemple.mssante.fr"}
    assert post(people.lea.user, f"bals/{org.pk}/correct/", said).status_code == 403
    assert post(people.eve.user, f"bals/{org.pk}/correct/", said).status_code == 404
    answer = post(people.gisele.user, f"bals/{org.pk}/correct/", said)
    assert (answer.status_code, answer.json()["address"]) == (200, said["address"])
    assert answer.json()["abilities"]["correct"] is True
    assert JournalEntry.objects.get(bal=org, what=Act.CORRECT).note == "Coquille."


def test_the_wrong_titulaire_is_replaced_by_their_rpps(post, people, per):
    said = {"why": "Mauvais titulaire.", "principal": {"rpps": people.bruno.rpps}}
    answer = post(people.gisele.user, f"bals/{per.pk}/correct/", said)
    assert answer.status_code == 200, answer.content
    assert per.cotitulaires.get().person == people.bruno


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"address": "x@chu-exemple.mssante.fr"}, 400),  # without why
        ({"why": "Rien."}, 409),  # nothing changes
        ({"why": "Coquille.", "service": "Accueil"}, 400),  # not a fact that is corrected
        ({"why": "Coquille.", "address": "x@ailleurs.mssante.fr"}, 409),
        ({"why": "Coquille.", "principal": {"rpps": "10000000025", "person": 3}}, 400),
    ],
)
def test_what_is_not_understood_or_refused_changes_nothing(post, people, org, said, status):
    answer = post(people.gisele.user, f"bals/{org.pk}/correct/", said)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert not JournalEntry.objects.filter(what=Act.CORRECT).exists()


def test_a_name_is_corrected_and_a_structure_s_numbers_are_not_one_s_own(post, people, structure):
    answer = post(
        people.gisele.user, f"people/{people.paul.pk}/correct/", {"why": "Mariage.", "family_name": "Roy-Martin"}
    )
    assert (answer.status_code, answer.json()["family_name"]) == (200, "Roy-Martin")
    path = f"structures/{structure.pk}/correct/"
    assert post(people.gisele.user, path, {"why": "Coquille.", "name": "CHU juste"}).json()["name"] == "CHU juste"
    assert post(people.gisele.user, path, {"why": "Coquille.", "finess_et": "010000003"}).status_code == 403


@pytest.mark.parametrize(("how", "asked"), [("exists", 0), ("asked", 1)])
def test_an_access_is_recorded_or_asked_for_on_somebody_s_word(post, people, org, how, asked):
    said = {"rpps": people.paul.rpps, "under": people.alice.rpps, "role": "cotitulaire", "how": how, **WORD}
    answer = post(people.gisele.user, f"bals/{org.pk}/accesses/", said)
    assert answer.status_code == 201, answer.content
    assert {one["name"] for one in answer.json()["cotitulaires"]} >= {"Paul EXEMPLE"}
    assert org.cotitulaires.get(person=people.paul).vouched_by == people.alice
    assert Request.objects.filter(person=people.paul).count() == asked


def test_a_delegataire_is_named_under_a_titulaire_of_this_bal_alone(post, people, org):
    said = {"person": people.lea.pk, "role": "delegataire", "how": "exists", "reason": "Secrétariat", **WORD}
    refused = post(people.gisele.user, f"bals/{org.pk}/accesses/", said | {"under": people.paul.rpps})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["under"])
    assert post(people.lea.user, f"bals/{org.pk}/accesses/", said | {"under": people.bruno.rpps}).status_code == 403
    future = said | {"under": people.bruno.rpps, "told_on": "2999-01-01"}
    assert post(people.gisele.user, f"bals/{org.pk}/accesses/", future).status_code == 409
    assert post(people.gisele.user, f"bals/{org.pk}/accesses/", said | {"under": people.bruno.rpps}).status_code == 201
    assert org.delegataires.get(person=people.lea).under == people.bruno
