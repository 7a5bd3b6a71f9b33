"""The document that software is written from: kept, complete, and true of every answer."""

import functools
import json
import re
from itertools import chain

import jsonschema_rs
import pytest
import schemathesis
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import get_resolver
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mailboxes.api.keys import KeyThrottle
from tests.mailboxes.api.conftest import API, document, named, operations, resource_of

KEPT = settings.BASE_DIR / "docs" / "api" / "openapi.json"
WITHOUT_BODY = {
    "bals_declare_use", "holders_transfer_principal", "delegations_end_delegation", "webhooks_renew_secret",
    "webhooks_test",
}  # fmt: skip
TRUE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SHAPE = [response_schema_conformance]
BOUNDED = bounded(
    max_examples=12, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


# --- Kept -------------------------------------------------------------------------------------------------------------
def test_the_document_that_is_kept_is_the_one_that_is_served():
    kept, served = json.loads(KEPT.read_text()), json.loads(json.dumps(document()))
    assert kept == served, "The API has changed: run `make openapi`, and look at the difference as its callers will."


def test_every_address_of_the_api_is_in_the_document():
    found = {
        f"{API}{route}"
        for route in _routes(get_resolver().url_patterns)
        if route not in ("", "openapi.json")  # the documents themselves
    }
    assert found == {path for path, _, _ in operations()}


def _routes(patterns, before=""):
    for one in patterns:
        said = str(one.pattern).replace(r"(?P<pk>\d+)", "{id}")
        route = before + re.sub(r"\^|\$|\\Z", "", said)
        if hasattr(one, "url_patterns"):
            yield from _routes(one.url_patterns, route)
        elif route.startswith(API[1:]):
            yield route.removeprefix(API[1:])


# --- Complete ---------------------------------------------------------------------------------------------------------
def examples_of(content):
    return [one["value"] for one in content.get("examples", {}).values()]


@pytest.mark.parametrize("operation", operations(), ids=named)
def test_an_operation_says_how_it_refuses(operation):
    path, method, said = operation
    wanted = {"401", "403", "406", "429"}
    if "{id}" in path:
        wanted |= {"404"}
    if method != "get":
        wanted |= {"400", "409", "412", "415", "422"}
    assert wanted <= said["responses"].keys()


@pytest.mark.parametrize("operation", operations(), ids=named)
def test_an_operation_has_an_example_of_what_it_takes_and_of_what_it_gives_and_they_are_valid(operation):
    _, method, said = operation
    told = [answer["content"] for code, answer in said["responses"].items() if code[0] == "2" and "content" in answer]
    if method in ("post", "patch") and named(operation) not in WITHOUT_BODY:
        told.append(said["requestBody"]["content"])
    components = document()["components"]
    for content in chain(*(one.values() for one in told)):
        assert examples_of(content)
        for example in examples_of(content):
            jsonschema_rs.validate({**content["schema"], "components": components}, example)


# --- True -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def kept_connection():
    """A whole request would close the connection, and the test's transaction with it; so does not the test client."""
    around = (request_started, request_finished)
    for signal in around:
        signal.disconnect(close_old_connections)
    yield
    for signal in around:
        signal.connect(close_old_connections)


@functools.cache
def read_document():
    schema = schemathesis.openapi.from_dict(json.loads(KEPT.read_text()))
    schema.app = WSGIHandler()
    return schema


@pytest.mark.postgresql_run  # long: once, on the database of production
@pytest.mark.usefixtures("kept_connection")
@pytest.mark.parametrize("operation", [f"{method.upper()} {path}" for path, method, _ in operations()])
def test_every_answer_is_as_the_document_says(operation, key, world, monkeypatch):
    """Whatever a caller invents: no error of ours, no status, type or shape that the document does not name."""
    monkeypatch.setattr(KeyThrottle, "get_rate", lambda self: None)
    method, path = operation.split()
    met = []

    @BOUNDED
    @given(case=read_document()[path][method].as_strategy())
    def play(case):
        if "{id}" in path and len(met) % 3:  # else any number
            case.path_parameters["id"] = getattr(world, resource_of(path)).pk
        if isinstance(case.body, dict) and "address" in case.body and len(met) % 3:
            case.body["address"] = world.bals.address
        # Not compressed: between two functions of Python nobody would unpack it.
        answer = case.call(headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"})
        met.append(answer.status_code)
        # What `fields` leaves out is left out: the shape described is that of the whole.
        case.validate_response(answer, checks=[one for one in TRUE if one not in SHAPE or "fields" not in case.query])

    play()
    assert set(met) - {404}
