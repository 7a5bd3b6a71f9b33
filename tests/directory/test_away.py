"""A database that is away is told from a question that it cannot answer: by errors that the two really raise."""

import contextlib
import errno
import sqlite3

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper

from balmanager import errors, outage
from directory.away import database_is_away, is_taken_meanwhile
from tests.servers import free_port


def raised_by(sql, database=connection):
    with pytest.raises(DatabaseError) as caught, database.cursor() as cursor:
        cursor.execute(sql)
    return caught.value


@pytest.mark.parametrize("sql", ["SELECT no_such FROM mailboxes_bal", "SELECT 1 FROM no_such", "SELEKT", "SELECT ("])
def test_what_we_asked_wrongly_is_no_outage(db, sql):
    assert not database_is_away(raised_by(sql))


def test_neither_is_a_row_that_it_refuses(db):
    assert not database_is_away(raised_by("INSERT INTO django_content_type (id) VALUES (NULL)"))


def test_two_of_what_is_to_be_one_are_told_from_another_wrong_row(db):
    (pk,) = ContentType.objects.order_by("pk").values_list("pk", flat=True)[:1]
    one = ContentType.objects.get(pk=pk)
    assert is_taken_meanwhile(written(pk=pk, app_label="other", model="other"))
    assert is_taken_meanwhile(written(app_label=one.app_label, model=one.model))
    assert not is_taken_meanwhile(written(app_label="other", model=None))
    assert not is_taken_meanwhile(OperationalError("told"))


def written(**facts):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ContentType(**facts).save(force_insert=True)
    return caught.value


def test_a_connection_that_is_lost_is_an_outage_whatever_came_of_it(db):
    lost = OperationalError("the connection is closed")
    lost.__cause__ = psycopg.OperationalError("the connection is closed")
    told = ValueError("what came of it")
    told.__context__ = lost
    assert database_is_away(told)
    assert database_is_away(InterfaceError("connection already closed"))
    assert not database_is_away(ValueError("ours"))


@pytest.mark.parametrize(
    ("state", "is_away"),
    [
        ("08006", True), ("53100", True), ("53300", True), ("57P01", True), ("57P03", True), ("58030", True),
        ("40P01", True), ("55P03", True), ("25006", True),
        ("42703", False), ("42P01", False), ("22P02", False), ("23505", False), ("57014", False), ("XX000", False),
    ],
)  # fmt: skip
def test_postgresql_says_by_its_state(state, is_away):
    error = OperationalError("told")
    error.__cause__ = psycopg.errors.lookup(state)("told")
    assert database_is_away(error) == is_away


@pytest.fixture
def other(db):
    """`other(path)`: Django's own connection to an SQLite database in that file."""
    opened = []

    def connect(path):
        facts = {**connection.settings_dict, "NAME": str(path), "OPTIONS": {"timeout": 0}}
        opened.append(DatabaseWrapper(facts, "other"))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()


def test_an_sqlite_that_cannot_be_opened_is_an_outage(tmp_path, other):
    assert database_is_away(raised_by("SELECT 1", other(tmp_path / "no folder" / "bal.sqlite3")))


def test_an_sqlite_that_another_holds_is_an_outage(tmp_path, other):
    with contextlib.closing(sqlite3.connect(tmp_path / "bal.sqlite3", isolation_level=None)) as holder:
        holder.execute("CREATE TABLE row (id)")
        holder.execute("BEGIN EXCLUSIVE")
        assert database_is_away(raised_by("INSERT INTO row VALUES (1)", other(tmp_path / "bal.sqlite3")))


def test_an_sqlite_that_is_full_is_an_outage_and_one_without_that_column_is_none(tmp_path, other):
    database = other(tmp_path / "bal.sqlite3")
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE row (id)")
        cursor.execute("PRAGMA max_page_count = 2")
    full = raised_by("INSERT INTO row VALUES (zeroblob(100000))", database)
    assert database_is_away(full)
    assert outage.outage_behind(full) is outage.FULL  # to be told to who runs it: no instant brings room
    assert not database_is_away(raised_by("SELECT no_such FROM row", database))


def test_a_postgresql_that_does_not_answer_is_an_outage():
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(f"postgresql://bal@127.0.0.1:{free_port()}/bal")
    error = OperationalError("refused")
    error.__cause__ = refused.value
    assert database_is_away(error)


def test_a_session_that_a_full_database_does_not_take_is_an_outage(client, db, settings, monkeypatch):
    """Django makes a 400 of it, on every page."""
    full = OperationalError("database or disk is full")
    full.__cause__ = psycopg.errors.DiskFull("full")

    def save(self, *args, **kwargs):
        raise full

    client.force_login(get_user_model().objects.create_user("gisele"))
    client.raise_request_exception = False
    settings.SESSION_SAVE_EVERY_REQUEST = True
    monkeypatch.setattr("django.contrib.sessions.models.Session.save", save)
    answer = client.get("/compte/login/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "plus de place" in answer.text


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/api/v1/bals/", "application/problem+json"), ("/fhir/metadata", "application/fhir+json")],
)
def test_a_full_disk_is_answered_to_each_door_in_its_own_words(rf, path, kind):
    answer = errors.unavailable(rf.get(path), outage.outage_behind(OSError(errno.ENOSPC, "full")))
    assert answer.status_code == 503
    assert answer["Content-Type"].startswith(kind)
    assert outage.outage_behind(OSError(errno.ENOENT, "no such file")) is None
