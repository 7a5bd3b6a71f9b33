"""The document as the tools that write clients from it want it."""

import json
import re

import pytest

from tests.mailboxes.api.conftest import document, named, operations


@pytest.mark.parametrize("operation", operations(), ids=named)
def test_an_operation_has_a_name_that_every_language_takes_a_summary_and_whole_numbers_for_ids(operation):
    path, _, said = operation
    assert re.fullmatch(r"[a-z][a-z_]*", said["operationId"])
    assert said["summary"]
    assert "A resource one reads" not in said["description"]
    ids = [one["schema"] for one in said.get("parameters", []) if one["in"] == "path"]
    assert [one["type"] for one in ids] == ["integer"] * path.count("{")
    assert not any("title" in one["schema"] for one in said.get("parameters", []))


def test_operations_have_one_name_each():
    names = [named(one) for one in operations()]
    assert len({*names}) == len(names)


@pytest.mark.parametrize("operation", operations(), ids=named)
def test_an_answer_names_the_headers_that_it_carries(operation):
    for answer in operation[2]["responses"].values():
        if "$ref" in answer:
            answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        assert {"X-Request-Id", "RateLimit", "RateLimit-Policy"} <= answer["headers"].keys()


def test_an_answer_carries_the_headers_that_the_document_names(ask, key, org):
    answer = ask(key, f"bals/{org.pk}/")
    assert answer["X-Request-Id"]
    assert answer["RateLimit"].startswith('"api";r=')
    assert answer["RateLimit-Policy"].startswith('"api";q=')


def test_the_document_says_where_by_whom_and_declares_its_tags():
    told = document()
    assert told["servers"] == [{"url": "/", "description": told["servers"][0]["description"]}]
    assert told["info"]["contact"]["name"]
    assert told["info"]["license"]["identifier"] == "MIT"
    used = {tag for _, _, said in operations() for tag in said["tags"]}
    assert {tag["name"] for tag in told["tags"]} == used
    assert all(tag["description"] for tag in told["tags"])


@pytest.mark.parametrize("name", ["Bal", "Person", "Holder", "Request", "Reading", "Structure", "Operator"])
def test_the_fields_of_an_answer_are_sure_to_be_there(name):
    shown = document()["components"]["schemas"][name]
    assert {*shown["required"]} == {*shown["properties"]} - {"expanded"}  # which is told to who asks for it


def test_no_name_of_a_class_would_have_an_accent():
    assert not re.search(r'"title": "', json.dumps(document()["components"]["schemas"]))


# --- The order of the lines -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("asked", "places"), [("id", [0, 1, 2]), ("-id", [2, 1, 0]), ("address", [1, 0, 2]),
                                               ("-address", [2, 0, 1])])  # fmt: skip
def test_a_list_goes_in_the_order_asked_page_after_page(ask, key, make_bal, asked, places):
    made = [make_bal("ORG", address=f"{name}@chu-exemple.mssante.fr").pk for name in ("m", "a", "z")]
    read, page = [], f"bals/?ordering={asked}&page_size=1"
    while page:
        body = ask(key, page).json()
        read += [line["id"] for line in body["results"]]
        page = body["next"] and body["next"].partition("/api/v1/")[2]
    assert read == [made[place] for place in places]


def test_an_order_that_no_cursor_can_follow_is_refused(ask, key):
    answer = ask(key, "bals/?ordering=percent_full")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"ordering": ["« percent_full » n’est pas un ordre connu. Connus : id, -id, address, -address."]},
    )


@pytest.mark.parametrize(
    ("moment", "status"), [("7197-04-09T00:07:59.9%2B22:56", 200), ("2026-11-01T00:00:00-23:00", 200),
                           ("0001-01-01T00:00:00%2B10:00", 400)]
)  # fmt: skip
def test_a_moment_of_any_clock_is_understood_or_refused(ask, key, org, moment, status):
    for path in ("readings", "journal"):
        assert ask(key, f"{path}/?until={moment}").status_code == status
