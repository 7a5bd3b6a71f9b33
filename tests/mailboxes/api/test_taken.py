"""Two that are to be one, held apart by the database where no rule came first: told by each door, in both databases."""

import json

import pytest
from django.db import IntegrityError, transaction

from mailboxes.models import Affiliation, Person
from mailboxes.software.actions import declare_software


def twice(*args, **facts):
    with transaction.atomic():
        for _ in range(2):
            Person.objects.create(given_name="Zoé", family_name="Exemple", rpps="10000000090")


def by_nobody(*args, **facts):
    with transaction.atomic():
        Affiliation.objects.create(person=None, structure=None)


@pytest.fixture
def tell(client, key, structure, people):
    """What the REST API and SCIM answer where they enter somebody."""
    facts = {"name": "Annuaire", "structures": [structure], "scopes": ["identities"], "days": 30}
    _, of_identities = declare_software(by=people.gisele.user, **facts)
    person = {"given_name": "Zoé", "family_name": "Exemple"}

    def go(door):
        if door == "scim":
            body, token, path = {"userName": "zoe"}, of_identities, "/scim/v2/Users"
        else:
            body, token, path = {"structure": structure.pk, **person}, key, "/api/v1/people/"
        headers = {"Authorization": f"Bearer {token}"}
        return client.post(path, json.dumps(body), content_type="application/json", headers=headers)

    return go


@pytest.mark.parametrize(("door", "code"), [("api", "race"), ("scim", "uniqueness")])
def test_what_another_call_wrote_meanwhile_is_refused_and_no_error_of_ours(tell, monkeypatch, door, code):
    monkeypatch.setattr("mailboxes.actions.record_person", twice)
    monkeypatch.setattr("mailboxes.software.scim.views.provision", twice)
    answer = tell(door)
    assert (answer.status_code, answer.json().get("code") or answer.json()["scimType"]) == (409, code)
    assert "relisez-la" in answer.json()["detail"]
    assert not Person.objects.filter(rpps="10000000090").exists()


@pytest.mark.parametrize("door", ["api", "scim"])
def test_any_other_fault_of_what_is_written_stays_one_of_ours(tell, monkeypatch, door):
    monkeypatch.setattr("mailboxes.actions.record_person", by_nobody)
    monkeypatch.setattr("mailboxes.software.scim.views.provision", by_nobody)
    with pytest.raises(IntegrityError):
        tell(door)
