"""Every address × everyone × one's own and another's: nothing of an establishment is shown to, or written by, one that
is none of its own. And nothing personal is kept on the way."""

import re
from contextlib import contextmanager

import pytest
from django.db import connection
from django.urls import Resolver404, resolve

from tests.safety import routes
from tests.safety.conftest import undone, visitor

pytestmark = pytest.mark.django_db

FOREIGN = "Zorglub"
DOCUMENT = "api/v1/openapi.json"  # the same for all; to write it takes a second
ROUTES = [route for route in routes.walk() if not route.path.startswith((routes.ADMIN, DOCUMENT))]
ADMIN = [route for route in routes.walk() if route.path.startswith(routes.ADMIN)]
IS_API = re.compile(r"^/(api|fhir|scim)/")
# Open to whoever comes: they say nothing of anybody, or hold the signed link that opens them.
OPEN = re.compile(
    r"^/(healthz|readyz|metrics|accessibilite/|apparence/|\.well-known/jwks\.json|fhir/metadata|adresses/|questions/"
    r"|rattachement/|coordonnees/[^/]+/$|avis/repondre/|compte/(invitation|adresse/.|login|logout"
    r"|inactive|parti|identite|password/reset|ferme|reauthenticate|second-facteur/(authenticate|webauthn/login)))"
)
# Without Cache-Control: no-store: what is published, which its asker alone keeps, and asks each time whether it stands.
KEPT_BY_ASKER = re.compile(r"^/fhir/")
# One's own and nobody else's, whatever one's role.
PERSONAL = {"bal-access-object", "opening-drop", "opening-step", "campaign-answer", "claim-guide", "contact-answer"}
WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(?:mailboxes|directory|accounts)_(\w+)', re.IGNORECASE)
REFUSALS = {403, 404, 405}
HARMLESS = {"accesstrace", "call", "softwarekey"}  # that one looked, that a key served


@pytest.fixture(scope="module")
def stage(make_stage):
    return make_stage("Ici", FOREIGN)


@pytest.fixture(scope="module")
def callers(stage):
    """By name: who comes, and whether they may see the other establishment."""
    here, there = stage.here, stage.there
    people = {f"{name} d’ici": visitor(here.users[name]) for name in ("gestionnaire", "lecteur", "titulaire")}
    keys = {f"clé {scope}": visitor(token=token) for scope, token in here.tokens.items()}
    strangers = people | keys | {"parti": visitor(stage.former), "personne": visitor()}
    return strangers, visitor(there.users["gestionnaire"]), visitor(stage.root)


@pytest.mark.sqlite_run
def test_every_route_says_of_what_it_is():
    assert [route.path for route in ROUTES if route.arguments and routes.told(route) is None] == []
    unknown = [
        f"{route.path}: {name}"
        for route in ROUTES
        for name in route.arguments
        if name not in (routes.told(route) or {})
    ]
    assert unknown == []
    assert len(ROUTES) > 190
    assert len(ADMIN) > 60


def shown(answer):
    return b"".join(answer) if answer.streaming else answer.content


@contextmanager
def written():
    """The tables of ours that were written to meanwhile."""
    tables = []

    def look(execute, sql, params, many, context):
        if (found := WRITES.match(sql)) and found[1] not in HARMLESS:
            tables.append(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield tables


def knock(client, method, url):
    """The answer; the client's cookies stay as they were, for what it did is undone."""
    data = {"content_type": "application/json"} if method == "post" and IS_API.match(url) else {}
    cookies = client.cookies.copy()
    try:
        return getattr(client, method)(url, {}, **data)
    finally:
        client.cookies = cookies


def faults_of(answer, name, method, url):
    said = f"{name} {method} {url} {answer.status_code}"
    if answer.status_code >= 500:
        yield f"{said}: an error"
    if FOREIGN.lower().encode() in shown(answer).lower():
        yield f"{said}: shows the other establishment"
    kept = answer.headers.get("Cache-Control", "")
    if not ("no-store" in kept and "private" in kept) and not KEPT_BY_ASKER.match(url):
        yield f"{said}: may be kept on the way ({kept})"


def tries(name, route, url):
    """How each comes: those who act try to write too. What has no argument shows the asker's own, to whoever asks."""
    if name.startswith("clé") and not IS_API.match(url):
        return ()
    if not route.arguments:
        return {"gestionnaire d’ici": ("get", "post"), "lecteur d’ici": ()}.get(name, ("get",))
    if name in ("clé usage", "clé resolve"):
        return ()  # what they open has no argument
    if name == "lecteur d’ici":
        return ("post",)  # what a gestionnaire may not read, a reader may not either
    return ("get",) if name in ("personne", "clé read") else ("get", "post")


@pytest.mark.sqlite_run
def test_nobody_reaches_what_is_another_s(stage, callers):
    strangers, *_ = callers
    faults, asked = [], 0
    for route in ROUTES:
        theirs = routes.address(route, stage.there)
        is_closed = bool(route.arguments) and not OPEN.match(theirs) and not is_everybody_s(route)
        for name, client in strangers.items():
            for method in tries(name, route, theirs):
                with undone(), written() as tables:
                    answer = knock(client, method, theirs)
                asked += 1
                faults += faults_of(answer, name, method, theirs)
                if is_closed and answer.status_code not in refusals(name, theirs):
                    faults.append(f"{name} {method} {theirs} {answer.status_code}: is not refused")
                if is_closed and tables:
                    faults.append(f"{name} {method} {theirs}: writes in {sorted(set(tables))}")
    assert not faults, "\n".join(faults)
    assert asked > 900


def refusals(name, url):
    if name == "personne":
        return {401} if IS_API.match(url) else {302}
    return REFUSALS


def is_everybody_s(route):
    """The same page for all, or of what is published."""
    return re.match(
        r"a-faire/|seuils/|listes/|couts/|annuaire/|fhir/|api/v1/\^(operators|annuaire|sync_runs)|compte/(identite|pass)",
        route.path,
    )


@pytest.mark.sqlite_run
def test_one_s_own_pages_show_nothing_of_another_s(stage, callers):
    strangers, *_ = callers
    faults = []
    for route in ROUTES:
        if not route.arguments:
            continue  # seen above
        ours = routes.address(route, stage.here)
        for name in ("clé manage",) if IS_API.match(ours) else ("gestionnaire d’ici", "titulaire d’ici"):
            with undone():
                faults += faults_of(knock(strangers[name], "get", ours), name, "get", ours)
    assert not faults, "\n".join(faults)


@pytest.mark.sqlite_run
def test_who_only_reads_writes_nothing_at_home_either(stage, callers):
    strangers, *_ = callers
    reader, faults, asked = strangers["lecteur d’ici"], [], 0
    for route in ROUTES:
        ours = routes.address(route, stage.here)
        if IS_API.match(ours) or not route.arguments or OPEN.match(ours) or is_everybody_s(route):
            continue
        with undone(), written() as tables:
            answer = knock(reader, "post", ours)
        asked += 1
        is_giving_up = route.name == "rights-withdraw"  # a role of one's own
        if answer.status_code >= 500 or (tables and not is_giving_up):
            faults.append(f"{ours} {answer.status_code}: {sorted(set(tables))}")
    assert not faults, "\n".join(faults)
    assert asked > 90


def test_each_is_at_home_there(stage, callers):
    """Over both databases, every address opens: the addresses above are right, for whoever manages the other
    establishment is not refused them."""
    _, manager, _ = callers
    refused = set()
    for route in ROUTES:
        theirs = routes.address(route, stage.there)
        with undone():
            status = knock(manager, "get", theirs).status_code
        assert status < 500, theirs
        if status in (403, 404) and route.arguments and not OPEN.match(theirs):
            refused.add(route.name)
    not_theirs = PERSONAL | {"directory:run", "api-annuaire-detail", "api-sync_run-detail"}
    not_theirs |= {"fhir-unknown", "fhir-not-held"}
    not_theirs |= {"operator-edit", "operator-server", "domain-reserve"}  # an administrator's of the platform
    not_theirs |= {"styleguide-mail"}  # for administrators
    not_theirs |= {"scim-user", "scim-schema", "scim-unknown"}  # for keys of their own scope, whoever manages
    assert refused - not_theirs == set()


@pytest.mark.sqlite_run
def test_the_administration_is_for_administrators(stage, callers):
    strangers, _, root = callers
    objects = {"object_id": stage.there.structure.pk, "content_type_id": 1}
    for route in ADMIN:
        path = "/" + re.sub(r"<\w+:(\w+)>", lambda found: str(objects.get(found[1], "mailboxes")), route.path)
        path = re.sub(r"\^?\(\?P.*", "", path)
        try:
            resolve(path)
        except Resolver404:
            continue
        for name in ("gestionnaire d’ici", "personne"):
            assert strangers[name].get(path).status_code in (301, 302, 403), path
        with undone():
            assert root.get(path).status_code < 500, path
