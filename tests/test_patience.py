"""A page keeps PostgreSQL at one question for so long, and then says what to do; a file that is handed out may last."""

import os
import sys

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from directory.patience import handed_out, limit_pages
from tests.forks import ROOT, run_own


@pytest.fixture
def limited(db, settings):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such limit")
    settings.PAGE_SECONDS = 1
    limit_pages()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '400ms', false)")
    yield
    connection_created.disconnect(dispatch_uid="patience")  # the test's transaction takes the rest back


def sleep(seconds=0.8):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


@pytest.mark.parametrize("path", ["/api/v1/bals/", "/fhir/Practitioner", "/"])
def test_what_takes_too_long_is_stopped_and_says_so(client, limited, monkeypatch, path):
    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", lambda self: sleep())
    client.cookies["sessionid"] = "a" * 32
    answer = client.get(path)
    assert answer.status_code == 503
    assert "trop de lignes" in answer.content.decode()


def test_a_file_handed_out_is_not_stopped_and_the_limit_is_back_after(limited):
    def lines():
        sleep()
        yield "une ligne"

    assert list(handed_out(lines())) == ["une ligne"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("400ms",)


def test_a_new_connection_of_a_process_that_serves_is_limited(limited):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("1s",)
    other.close()


def test_a_process_that_serves_plans_once_and_a_job_does_not(limited):
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        assert cursor.fetchone() == ("auto",), "as for a job: this connection was there before"
    again = connection.copy()
    try:
        with again.cursor() as cursor:
            cursor.execute("SHOW plan_cache_mode")
            assert cursor.fetchone() == ("force_generic_plan",)
    finally:
        again.close()


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_each_door_has_read_its_addresses_and_limits_its_pages(door):
    asked = f"""
import sys
import balmanager.{door}
from django.db.backends.signals import connection_created
print("mailboxes.urls" in sys.modules, "patience" in [key for (key, _), *_ in connection_created.receivers])
"""
    command = [sys.executable, "-c", asked]
    done = run_own(command, cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "balmanager.settings"})
    assert done.stdout.split() == ["True", "True"], done.stderr
