"""Who may do what: each line of the tables, attempted by everyone of one's own structure and of another.

`who_may.txt` says it a second time. Whoever changes a row of `TRANSITIONS` or `WHO_MAY` draws it there too.
"""

from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from mailboxes.lifecycle import BY_VERB, WHO_MAY, Act, Role, Verb
from mailboxes.lists.accesses import OF_AN_ACCESS
from mailboxes.models import Bal, Cotitulaire, Delegataire, JournalEntry
from mailboxes.rules import NotAllowed, Refused
from mailboxes.software.models import EVENT_OF
from tests.mailboxes.attempts import ATTEMPTS
from tests.mailboxes.before import CAST, set_stage

HEADER, *ROWS = [line.split() for line in (Path(__file__).parent / "who_may.txt").read_text().splitlines() if line]
# The last column is of few rows: the others leave it out.
DRAWN = {
    what: {Role(role) for role, mark in zip_longest(HEADER, marks, fillvalue=".") if mark == "x"}
    for what, *marks in ROWS
}
EVERY = [*Verb, *Act]
CASES = [
    pytest.param(what, attempt, on, id=f"{what}-{on}")
    for what in EVERY
    for attempt in ATTEMPTS.get(what, ())
    for on in attempt.on
]
WITH_A_DOOR = [case for case in CASES if case.values[1].page or case.values[1].api]
WITHOUT_A_BROWSER = {"system", "robot", "stray", "idp"}
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]


@contextmanager
def undone():
    """What happens inside did not happen: one stage serves every case."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone():
        yield log_in(set_stage())


def log_in(stage):
    """Each once."""
    for name in stage.users.keys() - WITHOUT_A_BROWSER:
        stage.clients[name] = Client()
        stage.clients[name].force_login(stage.users[name])
    return stage


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.VAR_DIR = tmp_path


# --- The tables and the drawing ---------------------------------------------------------------------------------------
def test_each_line_of_the_tables_is_attempted():
    assert ATTEMPTS.keys() == set(EVERY), "an act without an attempt: add it to tests/mailboxes/attempts.py"


@pytest.mark.parametrize("what", EVERY)
def test_the_tables_say_what_is_drawn(what):
    allowed = BY_VERB[what].by if what in Verb.values else WHO_MAY[what]
    assert allowed == DRAWN[what], "draw it in tests/mailboxes/who_may.txt too"


def test_each_role_is_somebody_s():
    assert set(Role) == {role for cast in CAST.values() for roles in cast.values() for role in roles}


def test_what_changes_an_access_is_of_the_state_of_accesses(stage):
    """Whatever the act: an inspector asks what changed since, and a line of the journal answers."""
    untold, seen = [], set()
    for case in CASES:
        what, attempt, on = case.values
        with undone():
            it = attempt.before(stage, stage.subject(on))
            name = next((name for name, roles in CAST[on].items() if roles & DRAWN[what]), None)
            before, last = accesses(), newest()
            try:
                attempt.do(it, stage.by(name), stage)
            except Refused:
                continue
            if accesses() != before:
                seen.add(what)
                lines = JournalEntry.objects.filter(pk__gt=last)
                if not lines.filter(OF_AN_ACCESS).exists():
                    untold.append((case.id, list(lines.values_list("what", flat=True))))
    assert not untold, "\n".join(map(str, untold))
    assert len(seen) > 10


def test_what_changes_a_bal_is_an_event_that_software_may_hear_of(stage):
    """Whatever the act: a software that is told of every event needs to read nothing again."""
    untold, seen = [], set()
    for case in CASES:
        what, attempt, on = case.values
        with undone():
            it = attempt.before(stage, stage.subject(on))
            name = next((name for name, roles in CAST[on].items() if roles & DRAWN[what]), None)
            before, last = (bals(), accesses()), newest()
            try:
                attempt.do(it, stage.by(name), stage)
            except Refused:
                continue
            if (bals(), accesses()) != before:
                seen.add(what)
                lines = JournalEntry.objects.filter(pk__gt=last)
                if not lines.filter(what__in=EVENT_OF).exists():
                    untold.append((case.id, list(lines.values_list("what", flat=True))))
    assert not untold, "\n".join(map(str, untold))
    assert len(seen) > 20


def bals():
    """What the API shows of each, readings and the annuaire aside."""
    told = ("address", "kind", "state", "structure", "operator", "service", "description", "purpose", "responsable")
    return {*Bal.objects.values_list("pk", *told, "liste_rouge", "replaced_by")}


def accesses():
    held = Cotitulaire.objects.values_list("bal", "person", "is_principal")
    lent = Delegataire.objects.values_list("bal", "person", "under", "ends_on", "ended_at", "can_read", "can_send")
    return {*held, *lent}


def newest():
    return JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


# --- The door and the drawing -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("what", "attempt", "on"), CASES)
def test_the_action_is_for_those_who_are_drawn_and_asks_the_table(what, attempt, on, stage, monkeypatch):
    """With an emptied row nobody may: no rule knows it by heart."""
    drawn = {name for name, roles in CAST[on].items() if roles & DRAWN[what]}
    with undone():
        it = attempt.before(stage, stage.subject(on))
        assert {name for name in CAST[on] if is_admitted(attempt, it, name, stage)} == drawn
        empty_row(what, monkeypatch)
        assert not [name for name in drawn if is_admitted(attempt, it, name, stage)]


def empty_row(what, monkeypatch):
    if what in Verb.values:
        monkeypatch.setitem(BY_VERB, what, BY_VERB[what]._replace(by=frozenset()))
    else:
        monkeypatch.setitem(WHO_MAY, what, frozenset())


def is_admitted(attempt, it, name, stage) -> bool:
    with undone():
        try:
            attempt.do(it, stage.by(name), stage)
        except NotAllowed:
            return False
    return True


@pytest.mark.parametrize(
    ("what", "attempt", "on"), [case for case in CASES if case.values[1].page or case.values[1].api]
)
def test_the_page_and_the_api_are_for_those_who_are_drawn(what, attempt, on, stage):
    with undone():
        it = attempt.before(stage, stage.subject(on))
        for name, client in browsers(stage, on):
            may = bool(CAST[on][name] & DRAWN[what])
            if attempt.page and not (attempt.is_anywhere and name == "eve"):
                assert shows_a_form(client, *attempt.page(it)) == may, name
            if attempt.api:
                assert is_taken(client, *attempt.api(it)) == may, name


def browsers(stage, on):
    """Of those who have the same roles there, one; and eve, of the other structure."""
    alike = {frozenset(roles): name for name, roles in CAST[on].items() if name not in WITHOUT_A_BROWSER}
    return [(name, stage.clients[name]) for name in {*alike.values(), "eve"}]


def shows_a_form(client, name, *args) -> bool:
    """Or says why not, or that there is no such page; then what is posted all the same writes nothing."""
    url = reverse(name, args=args)
    answer = client.get(url)
    shown = answer.status_code == 200 and not (answer.context or {}).get("refusal")
    if not shown:
        before = JournalEntry.objects.count()
        client.post(url, {})
        assert JournalEntry.objects.count() == before
    return shown


def is_taken(client, name, *args) -> bool:
    with undone():
        answer = client.post(reverse(name, args=args), {}, content_type="application/json")
    assert answer.status_code in (200, 201, 400, 403, 404, 409), answer.content
    return answer.status_code not in (403, 404)
