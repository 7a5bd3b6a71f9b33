"""Whatever is asked of whatever address: no error of ours, and software is answered in its own words."""

import json
import re
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.conf import settings as of_django
from django.urls import get_resolver
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from directory.controls import SENTENCE
from directory.typography import typeset
from mailboxes.api.keys import KeyThrottle
from mailboxes.models import Bal
from tests.safety import routes
from tests.safety.conftest import undone, visitor

pytestmark = [pytest.mark.sqlite_run, pytest.mark.django_db]  # pages, words and doors

NASTY = ["²", "9" * 30, "-1\0\x0b%ff", "2026-13-45"]
NASTY_JSON = [None, True, -1, 10**30, 1e300, "", "²", "a" * 3000, "2026-13-45", [], [None], {}, {"a": None}]
UNREADABLE = [
    b"", b"[", b"[" * 200_000, b"null", b"[]", b'"x"', b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b'{"a":"\\u0000"}',
    b'{"a":"\\ud800"}', b'{"readings": [null, [], 1, {}]}', b'{"questions": [null]}', b'{"a":' * 60 + b"1" + b"}" * 60,
]  # fmt: skip
TOO_LONG = str(of_django.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
# These ask nothing that a form or a filter reads, or end the session.
LEFT_OUT = re.compile(r"^(admin/|metrics|healthz|readyz|compte/logout)")
ROUTES = [route for route in routes.walk() if not LEFT_OUT.match(route.path)]


@pytest.fixture(scope="module")
def stage(make_stage):
    return make_stage("Ici", "Ailleurs")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(KeyThrottle, "allow_request", lambda self, request, view: True)


@pytest.fixture
def who(stage):
    """Who asks this address: software where software does, an administrator where few others may."""
    manager, root = visitor(stage.here.users["gestionnaire"]), visitor(stage.root)
    holder, software = visitor(stage.here.users["titulaire"]), visitor(token=stage.here.tokens["manage"])
    finder, pusher = (visitor(token=stage.here.tokens[scope]) for scope in ("resolve", "usage"))

    def choose(path):
        if "readings/" in path and path.startswith("api/"):
            return pusher
        if path.startswith(("fhir/", "api/v1/resolve", "api/v1/check")):
            return finder
        if path.startswith("api/"):
            return software
        if path.startswith(("mes-", "bal/demander")):
            return holder
        return root if path.startswith(("annuaire/sync", "compte/", "service")) else manager

    return choose


@contextmanager
def overheard():
    """The names that were asked of a query or a form meanwhile."""
    names = set()

    def heard(method):
        def listen(self, key, *args, **kwargs):
            if isinstance(key, str):
                names.add(key)
            return method(self, key, *args, **kwargs)

        return listen

    with (
        patch.object(MultiValueDict, "__getitem__", heard(MultiValueDict.__getitem__)),
        patch.object(MultiValueDict, "_getlist", heard(MultiValueDict._getlist)),
    ):
        yield names


def ask(client, method, url, **data):
    """The status, or what was raised; the client's cookies stay as they were."""
    cookies = client.cookies.copy()
    try:
        with undone():
            return getattr(client, method)(url, **data)
    except Exception as error:  # what a person would see as an error 500
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        client.cookies = cookies


def is_fault(answer):
    return isinstance(answer, str) or answer.status_code >= 500


def test_no_value_of_a_query_or_form_is_an_error(stage, who):
    """Each name that is read there meets two of the values, and over all the addresses every one of them."""
    faults, asked, turn = [], 0, 0
    for route in ROUTES:
        url, client = routes.address(route, stage.here), who(route.path)
        for method in ("get", "post"):
            if method == "post" and route.path.startswith("api/"):
                continue  # they read JSON: below
            with overheard() as names:
                ask(client, method, url)
            names -= {"csrfmiddlewaretoken"}
            for _ in range(2):
                turn += 1
                values = {name: NASTY[(place + turn) % len(NASTY)] for place, name in enumerate(sorted(names))}
                said = urlencode(values).replace("%25ff", "%ff")
                kind = {"content_type": "application/x-www-form-urlencoded"}
                data = {"QUERY_STRING": said} if method == "get" else {"data": said, **kind}
                answer = ask(client, method, url, **data)
                asked += 1
                if is_fault(answer):
                    faults.append(f"{method} {url} {said}: {answer}")
                if not names:
                    break  # nothing is read: once is enough
    assert not faults, "\n".join(faults)
    assert asked > 500


def property_names():
    document = json.loads((routes.ROOT / "docs/api/openapi.json").read_text())
    return sorted({name for one in document["components"]["schemas"].values() for name in one.get("properties", ())})


def send(client, url, bodies):
    """What each of these bodies did that it should not."""
    for method in ("post", "patch"):
        for body in bodies:
            answer = ask(client, method, url, data=body, content_type="application/json")
            if is_fault(answer) or (answer.status_code >= 400 and not is_problem(answer)):
                yield f"{method} {url} {body[:40]}: {answer}"
            elif answer.status_code == 405:
                break


def test_no_value_of_a_body_is_an_error(stage, who):
    names = property_names()
    bodies = [json.dumps(dict.fromkeys(names, value)).encode() for value in NASTY_JSON]
    faults = []
    for route in ROUTES:
        if route.path.startswith("api/"):
            faults += send(who(route.path), routes.address(route, stage.here), bodies)
    assert len(names) > 80
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", ["readings/bulk/", "resolve/", "check/", "bals/"])
def test_no_body_is_unreadable_to_the_point_of_an_error(stage, who, path):
    assert list(send(who(f"api/v1/{path}"), f"/api/v1/{path}", UNREADABLE)) == []


def is_problem(answer):
    kind = answer.headers["Content-Type"]
    return (
        kind == "application/problem+json"
        and {"title", "status", "code", "detail"} <= json.loads(answer.content).keys()
    )


def is_outcome(answer):
    said = answer.json()
    return said["resourceType"] == "OperationOutcome" and said["issue"][0]["diagnostics"]


# --- In the words of software -----------------------------------------------------------------------------------------
@pytest.fixture
def key(stage):
    return visitor(token=stage.here.tokens["manage"])


@pytest.fixture
def finder(stage):
    return visitor(token=stage.here.tokens["resolve"])


@pytest.mark.parametrize("path", ["/api/", "/api/v2/", "/api/v1/nowhere/", "/api/v1/bals/abc/", "/api/v1/bals/999999/"])
def test_an_unknown_address_of_the_api_is_a_problem(key, path):
    answer = key.get(path)
    assert (answer.status_code, is_problem(answer)) == (404, True)


@pytest.mark.parametrize("path", ["/fhir/nowhere", "/fhir/Practitioner/none", "/fhir/Practitioner?nothing=1"])
def test_an_unknown_address_of_fhir_is_an_outcome(finder, path):
    answer = finder.get(path)
    assert answer.status_code in (400, 404)
    assert is_outcome(answer)


@pytest.mark.parametrize(("handler", "status"), [("400", 400), ("403", 403), ("404", 404)])
@pytest.mark.parametrize(("path", "is_told"), [("/api/v1/x/", is_problem), ("/fhir/x", is_outcome)])
def test_each_error_without_a_view_is_told_so(rf, handler, status, path, is_told):
    view = get_resolver().resolve_error_handler(handler)
    answer = view(rf.get(path), exception=ValueError("inner"))
    answer.json = lambda: json.loads(answer.content)
    assert answer.status_code == status
    assert is_told(answer)
    assert "inner" not in answer.content.decode()


def test_an_error_of_ours_says_nothing_of_it(rf):
    answer = get_resolver().resolve_error_handler("500")(rf.get("/api/v1/x/"))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (500, "error")


def test_a_body_too_long_is_not_read(key, finder):
    answer = key.post("/api/v1/bals/", data=b"{}", content_type="application/json", CONTENT_LENGTH=TOO_LONG)
    assert (answer.status_code, answer.json()["code"], is_problem(answer)) == (413, "too_long", True)
    form = {"content_type": "application/x-www-form-urlencoded", "CONTENT_LENGTH": TOO_LONG}
    assert finder.post("/fhir/Practitioner/_search", data=b"_id=x", **form).status_code == 413


def test_a_search_has_a_hundred_values_at_most(finder):
    def ids(count):
        return finder.get("/fhir/Practitioner", {"_id": ",".join(["x"] * count)})

    assert ids(100).status_code == 200
    assert (ids(101).status_code, bool(is_outcome(ids(101)))) == (400, True)
    assert finder.get("/fhir/Practitioner", {"name": ["a"] * 101}).status_code == 400
    posted = {"_id": ",".join(["x"] * 20_000)}
    assert (
        finder.post("/fhir/Practitioner/_search", urlencode(posted), "application/x-www-form-urlencoded").status_code
        == 400
    )


# --- What nobody sees -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("hidden", ["\x0b", "\x00", "\x1b", "\x85", "\u202e", "\u2066"])
def test_a_character_that_nobody_sees_is_refused_at_each_door(stage, key, hidden):
    manager, org = visitor(stage.here.users["gestionnaire"]), stage.here.rows["org"]
    with undone():
        page = manager.post(f"/bal/{org.pk}/modifier/", {"service": f"Cardio{hidden}logie"})
        assert page.status_code == 200
        assert typeset(SENTENCE) in page.text
        body = json.dumps({"service": f"Cardio{hidden}logie"})
        answer = key.patch(f"/api/v1/bals/{org.pk}/", data=body, content_type="application/json")
        assert (answer.status_code, answer.json()["detail"]) == (400, SENTENCE)
        assert Bal.objects.get(pk=org.pk).service == "Ici"


def test_line_breaks_stay(stage):
    manager, org = visitor(stage.here.users["gestionnaire"]), stage.here.rows["org"]
    with undone():
        page = manager.get(f"/bal/{org.pk}/modifier/")
        said = {name: value for name, value in page.context["form"].initial.items() if value is not None}
        assert manager.post(f"/bal/{org.pk}/modifier/", said | {"purpose": "Un\r\nDeux\tTrois"}).status_code == 302
        assert Bal.objects.get(pk=org.pk).purpose == "Un\r\nDeux\tTrois"


def test_an_address_is_checked_without_standing_in_the_log(finder):
    asked = {"data": {"address": "org@maison1.mssante.fr"}, "content_type": "application/json"}
    said = finder.post("/api/v1/check/", **asked).json()
    assert said["verdict"] == finder.get("/api/v1/check/", asked["data"]).json()["verdict"]
    assert finder.post("/api/v1/check/", {}, content_type="application/json").status_code == 400
