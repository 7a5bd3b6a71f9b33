"""Nothing in silence: what a call says and nobody reads is refused by its name; and the keys that software knows."""

import codecs
import json
import logging
from base64 import b64encode
from urllib.parse import urlencode

import pytest

from balmanager.logs import REQUEST_ID, LogLine
from directory.search_index import level
from mailboxes.models import JournalEntry, Person
from tests.mailboxes.api.conftest import API, make_entry, named
from tests.mailboxes.api.test_doors import ALL, LISTS, address, body_about

pytestmark = pytest.mark.sqlite_run
WRITES = [one for one in ALL if one[1] != "get"]


@pytest.mark.parametrize("operation", ALL, ids=named)
def test_an_unknown_parameter_is_refused_by_its_name(ask, key, world, operation):
    path = address(operation, world)
    answer = ask(key, f"{path}?adresse=x", operation[1], {} if operation[1] != "get" else None)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"]["adresse"][0].startswith("Paramètre inconnu.")


@pytest.mark.parametrize("operation", WRITES, ids=named)
def test_an_unknown_field_is_refused_by_its_name_and_nothing_is_written(ask, key, world, people, operation):
    before = JournalEntry.objects.count()
    body = body_about(operation, world, people) if "{id}" not in operation[0] and world_makes(operation) else {}
    answer = ask(key, address(operation, world), operation[1], {**body, "servce": "x"})
    if named(operation) == "readings_bulk":
        body["readings"][0]["servce"] = "x"
        told = ask(key, operation[0], "post", body).json()["readings"][0]
        assert (told["code"], "servce" in told["detail"]) == ("invalid", True)
    if answer.status_code not in (403, 409):  # a software may not, or nothing is to be done: told before what was said
        assert answer.status_code == 400, answer.content
        assert "servce" in answer.json()["errors"]
    assert JournalEntry.objects.count() == before


def world_makes(operation) -> bool:
    return named(operation) not in ("resolve_batch", "check_posted")


def test_a_reader_that_wants_leniency_has_it_and_is_told(ask, key, org):
    answer = ask(key, f"bals/{org.pk}/?adresse=x", Prefer="handling=lenient")
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "handling=lenient")
    body = {"service": "Accueil", "servce": "x"}
    assert ask(key, f"bals/{org.pk}/", "patch", body, Prefer="respond-async, handling=lenient").status_code == 200
    assert "Preference-Applied" not in ask(key, f"bals/{org.pk}/")
    assert ask(key, f"bals/{org.pk}/?fields=", Prefer="handling=lenient").json()["id"] == org.pk


@pytest.mark.parametrize("size", ["abc", "0", "-1", "501", "1.5", "²", "9" * 40])
def test_a_size_of_page_that_cannot_be_had_is_refused(ask, key, world, size):
    answer = ask(key, f"bals/?page_size={size}")
    assert (answer.status_code, "page_size" in answer.json()["errors"]) == (400, True)


@pytest.mark.parametrize("operation", ALL, ids=named)
def test_without_its_last_slash_an_address_is_found_again_with_its_body(client, key, world, operation):
    path = address(operation, world).removesuffix("/")
    answer = getattr(client, operation[1])(f"{path}?a=b", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer["Location"]) == (308, f"{path}/?a=b")


@pytest.mark.parametrize("operation", LISTS, ids=named)
def test_the_total_is_told_to_who_asks(ask, key, world, operation):
    if named(operation) == "findings_list":
        return
    page = ask(key, f"{operation[0]}?total=true&page_size=1").json()
    assert page["total"] >= len(page["results"]) == 1
    assert "total" not in ask(key, operation[0]).json()
    assert ask(key, f"{operation[0]}?total=oui").status_code == 400


# --- By the keys that software knows ----------------------------------------------------------------------------------
def test_a_bal_is_found_by_its_address_its_holder_its_structure_its_operator(ask, key, org, per, people, structure):
    def found(asked):
        return {one["address"] for one in ask(key, f"bals/?{asked}").json()["results"]}

    assert found(f"address=mailto:{org.address.upper()}") == {org.address}
    assert found("address=personne@chu-exemple.mssante.fr") == set()
    assert found(f"rpps=8{people.bruno.rpps}") == {org.address}
    assert found(f"finess={structure.finess}.0") == {org.address, per.address}
    assert found("operator=regional") == {org.address, per.address}
    for wrong in ("address=org", "rpps=12", "finess=12", "operator=1"):
        answer = ask(key, f"bals/?{wrong}")
        assert (answer.status_code, [*answer.json()["errors"]]) == (400, [wrong.partition("=")[0]]), wrong


def test_what_belongs_to_a_bal_is_found_by_its_address(ask, key, world, people):
    for resource in ("holders", "delegations", "readings", "requests", "journal"):
        rows = ask(key, f"{resource}/?address={world.bals.address}").json()["results"]
        assert rows, resource
        assert ask(key, f"{resource}/?address=personne@chu-exemple.mssante.fr").json()["results"] == []
    assert len(ask(key, f"holders/?rpps={people.bruno.rpps}").json()["results"]) == 1
    assert ask(key, "requests/?operator=regional").json()["results"]


def test_a_person_is_found_by_their_rpps(ask, key, people):
    assert [one["id"] for one in ask(key, f"people/?rpps=RPPS {people.bruno.rpps}").json()["results"]] == [
        people.bruno.pk
    ]
    with_one = {one["id"] for one in ask(key, "people/?rpps=avec").json()["results"]}
    without = {one["id"] for one in ask(key, "people/?rpps=sans").json()["results"]}
    assert people.bruno.pk in with_one
    assert with_one.isdisjoint(without)


# --- What every answer carries ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["bals/", "bals/999999/", "nothing/", "bals/?adresse=x"])
def test_an_answer_bears_the_number_that_the_log_has(ask, key, org, path):
    given = ask(key, path, **{"X-Request-Id": "dpi-2026-11-29-0001"})
    assert given["X-Request-Id"] == "dpi-2026-11-29-0001"
    ours = ask(key, path, **{"X-Request-Id": "à effacer\n"})["X-Request-Id"]
    assert len(ours) == 32
    assert ours != ask(key, path)["X-Request-Id"]


def test_the_log_of_a_request_bears_its_number():
    token = REQUEST_ID.set("dpi-0001")
    try:
        line = LogLine("%(message)s").format(logging.LogRecord("x", 30, "", 0, "Bad Request", None, None))
    finally:
        REQUEST_ID.reset(token)
    assert line == "Bad Request [dpi-0001]"


def test_what_is_left_to_ask_is_told_at_each_answer(ask, key, settings):
    first, second = ask(key, "bals/"), ask(key, "bals/")
    assert first["RateLimit-Policy"] == f'"api";q={settings.API_REQUESTS_PER_MINUTE};w=60'
    left = [int(answer["RateLimit"].split(";r=")[1].split(";")[0]) for answer in (first, second)]
    assert left == [settings.API_REQUESTS_PER_MINUTE - 1, settings.API_REQUESTS_PER_MINUTE - 2]


def test_a_compressed_answer_is_written_on_as_any_other(ask, key, org):
    answer = ask(key, f"bals/{org.pk}/", **{"Accept-Encoding": "gzip"})
    assert (answer["Content-Encoding"], answer["ETag"][:2]) == ("gzip", "W/")
    assert ask(key, f"bals/{org.pk}/", **{"If-None-Match": answer["ETag"]}).status_code == 304
    written = ask(key, f"bals/{org.pk}/", "patch", {"service": "Accueil"}, **{"If-Match": answer["ETag"]})
    assert (written.status_code, json.loads(written.content)["service"]) == (200, "Accueil")


def test_a_page_is_not_compressed(client, people):
    client.force_login(people.gisele.user)
    assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": "gzip"})


# --- One value, and one that says something ---------------------------------------------------------------------------
@pytest.mark.parametrize("operation", LISTS, ids=named)
def test_a_parameter_that_is_empty_or_given_twice_is_refused_rather_than_passed_over(ask, key, world, operation):
    for one in [said["name"] for said in operation[2].get("parameters", ()) if said["in"] == "query"]:
        for asked in (f"{one}=", f"{one}=%20", f"{one}=1&{one}=2"):
            answer = ask(key, f"{operation[0]}?{asked}")
            assert (answer.status_code, [*answer.json()["errors"]]) == (400, [one]), asked
    assert ask(key, f"{operation[0]}?fields=", Prefer="handling=lenient").status_code == 200


def test_a_question_to_the_resolver_may_leave_a_part_empty_and_says_none_twice(ask, key, org):
    whole = ask(key, "resolve/?rpps=10000000017").json()["question"]
    assert ask(key, "resolve/?rpps=10000000017&finess=&service=&purpose=").json()["question"] == whole
    assert [*ask(key, "resolve/?rpps=10000000017&rpps=10000000025").json()["errors"]] == ["rpps"]


@pytest.mark.parametrize(
    "asked",
    [
        "holders/?is_principal=oui",
        "delegations/?current=2",
        "bals/?idle_months=1.5",
        "bals/?full_within=1.5",
        "structures/?finess=12",
        "annuaire/?kind=AUTRE",
        "bals/?fields=,",
    ],
)
def test_a_value_that_would_be_taken_for_another_or_for_none_is_refused(ask, key, world, asked):
    answer = ask(key, asked)
    assert answer.status_code == 400, answer.content
    ((name, said),) = answer.json()["errors"].items()
    assert (name, [type(one) for one in said]) == (asked.partition("?")[2].partition("=")[0], [str])


def test_true_and_false_are_read(ask, key, world):
    both = {one["id"] for one in ask(key, "holders/").json()["results"]}
    yes, no = ({one["id"] for one in ask(key, f"holders/?is_principal={said}").json()["results"]}
               for said in ("true", "False"))  # fmt: skip
    assert yes
    assert yes | no == both
    assert not yes & no


def test_a_plus_before_a_time_zone_is_read_though_it_came_as_a_space(ask, key, org):
    at = "2999-01-01T00:00:00"
    asked = [f"{at}+02:00", f"{at}%2B02:00", f"{at}.123+0200", f"{at}Z", at.replace("T", "%20")]
    for said in asked:
        assert ask(key, f"bals/?updated_since={said}").json() == {"next": None, "previous": None, "results": []}, said


def _cursor(position: str) -> str:
    return b64encode(urlencode({"p": position}).encode()).decode()


@pytest.mark.parametrize(
    ("ordering", "position"),
    [
        ("id", "abc"),
        ("id", "a@b.fr"),
        ("-id", "\0"),
        ("id", "9" * 30),
        ("id", "²"),
        ("address", "12"),
        ("address", "a@\0"),
    ],
)
def test_a_cursor_that_stands_nowhere_in_this_order_is_refused(ask, key, org, ordering, position):
    answer = ask(key, f"bals/?ordering={ordering}&cursor={_cursor(position)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "reprenez la liste" in answer.json()["detail"]


def test_a_search_of_the_annuaire_is_one_page(ask, key, world):
    make_entry("accueil.deux@chu-exemple.mssante.fr", kind="ORG", family_name="")
    level()
    asked = "annuaire/?domain=chu-exemple.mssante.fr"
    for one in ("cursor=x", "ordering=id", "total=true"):
        assert [*ask(key, f"{asked}&{one}").json()["errors"]] == [one.partition("=")[0]]
    assert len(ask(key, f"{asked}&page_size=1").json()["results"]) == 1
    assert len(ask(key, asked).json()["results"]) == 2


@pytest.mark.parametrize("said", ["abc", "W/", "é", ","])
def test_an_etag_that_cannot_be_read_guards_nothing_and_is_refused(ask, key, org, said):
    answer = ask(key, f"bals/{org.pk}/", "patch", {"service": "Accueil"}, **{"If-Match": said})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["If-Match"])
    org.refresh_from_db()
    assert org.service != "Accueil"


# --- A body is an object that says each thing once --------------------------------------------------------------------
@pytest.mark.parametrize("operation", WRITES, ids=named)
@pytest.mark.parametrize(
    ("body", "code"),
    [("[1]", "parse_error"), ("null", "parse_error"), ('"x"', "parse_error"), ('{"a": 1, "a": 2}', "twice")],
)
def test_a_body_that_is_no_object_or_says_a_thing_twice_is_refused(client, key, world, operation, body, code):
    send = getattr(client, operation[1])
    facts = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {key}"}}
    answer = send(address(operation, world), body, **facts)
    assert (answer.status_code, answer.json().get("code")) in ((400, code), (403, "role"), (409, "state")), (
        answer.content
    )


def test_what_a_write_answered_is_given_again_with_its_etag_and_its_place(ask, key, structure):
    body = {"structure": structure.pk, "given_name": "Zoé", "family_name": "Exemple"}
    first, again = (ask(key, "people/", "post", body, **{"Idempotency-Key": "un"}) for _ in range(2))
    assert (again["Idempotent-Replayed"], first.json()) == ("true", again.json())
    assert (first["ETag"], first["Location"]) == (again["ETag"], again["Location"])


@pytest.mark.parametrize("said", ["", "  ", "x" * 101])
def test_a_name_of_a_write_that_is_none_makes_it_safe_to_send_again_no_more_and_is_refused(ask, key, structure, said):
    body = {"structure": structure.pk, "given_name": "Zoé", "family_name": "Exemple"}
    answer = ask(key, "people/", "post", body, **{"Idempotency-Key": said})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["Idempotency-Key"])
    assert not Person.objects.filter(given_name="Zoé").exists()


@pytest.mark.parametrize("charset", ["zlib", "bz2", "hex", "rot13", "undefined"])
def test_a_body_is_text_and_none_is_inflated(client, key, org, charset):
    said = b'{"service": "Accueil"}'
    body = codecs.encode(said, charset) if charset in ("zlib", "bz2", "hex") else said
    headers = {"Authorization": f"Bearer {key}"}
    answer = client.patch(f"{API}bals/{org.pk}/", body, f"application/json; charset={charset}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-8", '\ufeff{"service": "Réanimation"}'.encode()),
        ("iso-8859-1", '{"service": "Réanimation"}'.encode("latin-1")),
        ("utf-16", '{"service": "Réanimation"}'.encode("utf-16")),
    ],
)
def test_a_body_is_read_in_the_charset_it_says_with_its_mark_of_order(client, key, org, charset, body):
    headers = {"Authorization": f"Bearer {key}"}
    answer = client.patch(f"{API}bals/{org.pk}/", body, f"application/json; charset={charset}", headers=headers)
    assert answer.json()["service"] == "Réanimation"
