"""Webhooks without a page: declared, tried, paused, their secret renewed, a delivery sent again, by the API."""

import json
from datetime import datetime
from itertools import count

import jsonschema_rs
import pytest
from django.core.cache import cache
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import Scope
from mailboxes.models import JournalEntry
from mailboxes.software import delivery
from mailboxes.software.actions import add_webhook, declare_software
from mailboxes.software.models import LINES, Delivery, Event, Webhook
from tests.mailboxes.api.conftest import document

pytestmark = pytest.mark.sqlite_run
HOOKS = "/api/v1/webhooks/"
URL = "https://dpi.exemple.fr/bal"
NUMBERS = count()


@pytest.fixture(autouse=True)
def no_request_counted_yet():
    cache.clear()


@pytest.fixture
def ask(client, people, structure):
    def go(path="", method="get", body=None, *, scopes=("manage",), by=people.gisele, where=structure):
        facts = {"name": f"DPI {next(NUMBERS)}", "structures": [where], "scopes": scopes, "days": 3, "by": by.user}
        token = declare_software(**facts)[1]
        said = {"data": body, "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(HOOKS + path, headers={"Authorization": f"Bearer {token}"}, **said)

    return go


@pytest.fixture
def hook(structure, people):
    return add_webhook(structure=structure, url=URL, events=["state"], by=people.gisele.user)


def test_a_software_declares_its_webhook_and_reads_its_secret(ask, structure):
    told = ask("", "post", {"structure": structure.pk, "url": URL, "events": ["state", "quota"]})
    assert told.status_code == 201, told.content
    hook = Webhook.objects.get()
    assert told.json() | {"created_at": ""} == {
        "id": hook.pk, "structure": structure.pk, "url": URL, "events": ["quota", "state"], "paused": False,
        "created_at": "",
    }  # fmt: skip
    answer = ask(f"{hook.pk}/secret/")
    assert (answer.json(), answer["Cache-Control"]) == (
        {"secret": hook.secret, "former_until": None}, "no-store, private",
    )  # fmt: skip
    assert JournalEntry.objects.filter(what="add_webhook").get().by.software


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"url": "http://dpi.exemple.fr/"}, "https://"),
        ({"url": "https://10.0.0.1/"}, "adresse intérieure"),
        ({"events": []}, "events"),
        ({"events": ["all"]}, "events"),
        ({"evnts": ["state"]}, "Champ inconnu"),
    ],
)
def test_what_cannot_be_told_is_refused_and_says_why(ask, structure, facts, said):
    answer = ask("", "post", {"structure": structure.pk, "url": URL, "events": ["state"], **facts})
    assert answer.status_code in (400, 409)
    assert said in answer.content.decode()
    assert not Webhook.objects.exists()


def test_one_field_is_changed_alone_and_a_paused_webhook_waits(ask, hook):
    assert ask(f"{hook.pk}/", "patch", {"paused": True}).json()["paused"] is True
    assert ask(f"{hook.pk}/", "patch", {"events": ["holders"]}).json()["events"] == ["holders"]
    hook.refresh_from_db()
    assert (hook.url, hook.events, hook.is_paused) == (URL, ["holders"], True)
    assert ask(f"{hook.pk}/", "patch", {"paused": False}).json()["paused"] is False


def test_a_new_secret_takes_the_place_of_the_old(ask, hook):
    assert "secret" not in ask(f"{hook.pk}/renew_secret/", "post", {}).json()
    told = ask(f"{hook.pk}/secret/").json()
    assert told["secret"] != hook.secret
    assert datetime.fromisoformat(told["former_until"]) > timezone.now()


def test_a_try_is_a_delivery_and_one_given_up_is_sent_again_as_it_was(ask, hook):
    assert ask(f"{hook.pk}/test/", "post", {}).status_code == 200
    row = Delivery.objects.get()
    Delivery.objects.update(stage="failed", attempts=8, status=503, error="Réponse 503")
    (told,) = ask(f"{hook.pk}/deliveries/?stage=failed").json()["results"]
    assert (told["id"], told["status"], told["payload"]["event"]) == (str(row.pk), 503, "test")
    assert ask(f"{hook.pk}/deliveries/?stage=waiting").json()["results"] == []
    assert ask(f"{hook.pk}/replay/", "post", {"delivery": str(row.pk)}).status_code == 200
    again = Delivery.objects.get()
    assert (again.stage, again.attempts, again.body) == ("waiting", 0, row.body)


def test_a_delivery_of_another_webhook_is_not_found(ask, hook, other_structure, people):
    other = add_webhook(structure=other_structure, url=URL, events=["state"], by=people.eve.user)
    theirs = Delivery.objects.create(webhook=other, body="{}")
    assert ask(f"{hook.pk}/replay/", "post", {"delivery": str(theirs.pk)}).status_code == 404
    assert ask(f"{other.pk}/deliveries/").status_code == 404
    assert ask(f"{hook.pk}/deliveries/?stage=autre").json()["errors"]["stage"]


def test_a_key_that_only_reads_sees_no_webhook_nor_its_secret(ask, hook):
    assert ask(scopes=("read",)).json()["results"] == []
    assert ask(f"{hook.pk}/secret/", scopes=("read",)).status_code == 404
    assert ask(scopes=[Scope.RESOLVE]).status_code == 403


def test_the_document_tells_every_event_as_it_is_delivered(hook, org, people):
    said = document()["webhooks"]
    assert set(said) == {*Event.values, "test"}
    assert set(LINES) == set(Event)
    actions.describe_bal(org, by=people.gisele.user, service="Accueil")
    actions.request_depublication(org, by=people.gisele.user)
    Webhook.objects.update(events=Event.values)
    hook.refresh_from_db()
    delivery.enlist(hook, timezone.now())
    assert Delivery.objects.count() >= 2
    for operation in said.values():
        content = operation["post"]["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document()["components"]}
        for example in content["examples"].values():
            jsonschema_rs.validate(schema, example["value"])
        for row in Delivery.objects.all():
            jsonschema_rs.validate(schema, json.loads(row.body))


def test_the_same_address_is_not_told_the_same_things_twice(ask, structure, hook):
    same = {"structure": structure.pk, "url": URL, "events": ["state"]}
    assert ask("", "post", same).json()["code"] == "twice"
    assert ask("", "post", {**same, "events": ["quota"]}).status_code == 201
    assert ask(f"{hook.pk}/", "patch", {"events": ["quota"]}).json()["code"] == "twice"
    assert ask(f"{hook.pk}/", "patch", {"paused": True}).status_code == 200
