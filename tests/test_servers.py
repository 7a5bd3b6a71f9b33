"""The real servers that other tests ask for do start, and answer."""

import psycopg
import pytest
import redis
from django.core.management import call_command
from django.db import connection

from tests.servers import made_once, wait_for

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def test_the_suite_runs_on_the_database_asked_for(request, db):
    assert connection.vendor == request.config.getoption("db")


def test_what_one_worker_has_made_the_others_find(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    made = []
    assert made_once("page", made.append) == made_once("page", made.append) == tmp_path / "page"
    assert made == [tmp_path / "page"]


def test_what_could_not_be_made_is_made_by_the_next_who_asks(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_FOLDER", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        made_once("page", lambda folder: 1 / 0)
    made = []
    made_once("page", made.append)
    assert made == [tmp_path / "page"]


def test_the_database_of_a_worker_is_a_copy_with_every_migration(db):
    call_command("migrate", "--check", verbosity=0)


def test_postgresql_compiles_no_plan_of_ours_though_it_would_by_default(postgresql_url, db):
    with connection.cursor() as ours, psycopg.connect(postgresql_url) as by_default:
        ours.execute("SHOW jit")
        assert ours.fetchone() == ("off",)
        assert by_default.execute("SHOW jit").fetchone() == ("on",)


def test_a_postgresql_has_the_extensions_we_use(postgresql_url):
    with psycopg.connect(postgresql_url) as database:
        database.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent")
        assert database.execute("SELECT unaccent('é')").fetchone() == ("e",)


def test_a_redis_answers(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_an_openldap_is_empty_and_speaks_tls(openldap):
    ldap = pytest.importorskip("ldap", reason="python-ldap is not installed")
    openldap.add("dn: cn=un,o=mssante,c=fr\nobjectClass: person\nsn: Un\ncn: un\n")
    connection = ldap.initialize(openldap.tls_uri)
    connection.set_option(ldap.OPT_X_TLS_CACERTFILE, openldap.ca_file)
    connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    connection.simple_bind_s(openldap.admin_dn, openldap.password)
    assert len(connection.search_s(openldap.base, ldap.SCOPE_ONELEVEL)) == 1
    connection.unbind_s()
    openldap.clear()


def test_what_a_stranger_is_shown_is_accessible_and_what_breaks_the_content_policy_is_caught(
    app_server, page, browser_errors, assert_accessible
):
    app = app_server()
    page.goto(f"{app.url}/compte/login/")
    assert page.title() == "Se connecter · BAL Manager"
    assert_accessible(page)
    page.fill("#id_login", "personne")
    page.fill("#id_password", "rien")
    page.click("main button[type=submit]")
    page.get_by_role("alert").wait_for()
    assert_accessible(page)
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert_accessible(page)
    page.goto(f"{app.url}/nulle-part/")
    assert page.locator("h1").inner_text() == "Page introuvable"
    assert_accessible(page)
    assert "404" in browser_errors.pop()
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'alert(1)'}))")
    assert "Content Security Policy" in browser_errors.pop()


def test_a_worker_takes_a_job_from_the_embedded_queue(app_server):
    app = app_server()
    worker = app.start_worker()
    send = "from balmanager.celery import app; app.control.broadcast('shutdown')"
    app.manage("shell", "--verbosity", "0", "-c", send)
    wait_for(lambda: worker.poll() is not None, seconds=20)


def test_the_application_and_its_worker_run_on_postgresql_and_redis(app_server, migrated_url, redis_url):
    app = app_server(DATABASE_URL=migrated_url, REDIS_URL=redis_url)
    app.start_worker()
    pong = "from balmanager.celery import app; print(app.control.ping(timeout=5, limit=1))"
    assert "pong" in app.manage("shell", "--verbosity", "0", "-c", pong)
