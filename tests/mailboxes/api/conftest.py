"""A structure with one object of each resource, keys to it and to its neighbour, and the document that names them."""

import functools
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from directory.models import Entry, SyncRun
from mailboxes import actions
from mailboxes.lifecycle import RequestKind, Scope
from mailboxes.models import Reading
from mailboxes.software.actions import add_webhook, declare_software

API = "/api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")


@functools.cache
def document() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations():
    """(path, method, operation) of all that the document describes."""
    found = document()["paths"].items()
    return [(path, method, one[method]) for path, one in found for method in METHODS if method in one]


def named(operation) -> str:
    return operation[2]["operationId"]


def resource_of(path: str) -> str:
    return path.removeprefix(API).split("/")[0]


@pytest.fixture(autouse=True)
def no_request_counted_yet():
    cache.clear()


@pytest.fixture
def key_to(people):
    """`key_to(structure, "read")`: the token of a software that its gestionnaire lets in."""

    def give(structure, *scopes, by):
        facts = {"name": "DPI", "structures": [structure], "scopes": scopes or list(Scope.values), "days": 30}
        software, token = declare_software(by=by.user, **facts)
        software.keys.update(last_used_at=timezone.now())  # its first use writes once more, and queries are counted
        return token

    return give


@pytest.fixture
def key(key_to, structure, people):
    return key_to(structure, by=people.gisele)


@pytest.fixture
def foreign_key(key_to, other_structure, people):
    return key_to(other_structure, by=people.eve)


@pytest.fixture
def ask(client):
    def go(token, path, method="get", body=None, **headers):
        facts = {"headers": {"Authorization": f"Bearer {token}", **headers}}
        if body is not None:
            facts |= {"data": body, "content_type": "application/json"}
        return getattr(client, method)(path if path.startswith(("/", "http")) else API + path, **facts)

    return go


def make_entry(address, **facts):
    now = timezone.now()
    facts = {"source": "extraction", "digest": "x", "first_seen_at": now, "changed_at": now, "kind": "PER", **facts}
    return Entry.objects.create(address=address, **facts)


@pytest.fixture
def world(org, people, structure, operator, per):
    """The first object of each resource, by the name it has in the addresses."""
    request = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="Plus d’espace")
    reading = Reading.objects.create(bal=org, at=timezone.now(), source="push", used_mb=10)
    run = SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    entry = make_entry(org.address, kind="ORG", family_name="")
    rows = {
        "structures": structure,
        "operators": operator,
        "bals": org,
        "people": people.alice,
        "holders": org.cotitulaires.get(person=people.bruno),
        "delegations": org.delegataires.get(),
        "readings": reading,
        "requests": request,
        "annuaire": entry,
        "sync_runs": run,
        "journal": request.entry,
        "webhooks": add_webhook(
            structure=structure, url="https://dpi.exemple.fr/bal", events=["state"], by=people.gisele.user
        ),
    }
    return SimpleNamespace(**rows)
