"""What an operator of the service sees: health, metrics, the runs of the jobs, logs without people."""

import contextlib
import json
import logging
import os
import re
import runpy
import secrets
import socketserver
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler
from smtplib import SMTPException
from threading import Thread
from types import SimpleNamespace

import psycopg
import pytest
from aiosmtpd.controller import Controller
from celery import signals
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from balmanager import logs
from balmanager.accounts.links import write_address_link
from balmanager.celery import app as celery_app
from balmanager.env import MEANT_EMPTY, Env
from balmanager.operations import alerts, checks, records
from balmanager.operations.models import Failure, Job, Trouble
from balmanager.operations.records import schedules
from balmanager.schedule import expires
from mailboxes.notices.links import sign_notice
from mailboxes.software.models import new_token
from tests.safety import routes
from tests.servers import ROOT, free_port, wait_until


# --- For machines -------------------------------------------------------------------------------------------------
def test_healthz_asks_nobody(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok\n"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"])
def test_what_machines_read_is_not_written_to(path, db):
    answer = Client(enforce_csrf_checks=True).post(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_readyz_says_what_it_looked_at(client, db):
    told = client.get("/readyz").json()
    assert set(told["checks"]) == set(checks.READINESS)
    assert told["checks"]["database"] is told["checks"]["migrations"] is True


@pytest.fixture
def unwell(monkeypatch):
    """`unwell("disk")`: those checks, and no other, find something; `unwell(failures={"purge": "…"})`: these things."""

    def be(*names, **things):
        told = dict.fromkeys(names, "quelque chose") | things

        def look(name):
            def found():
                if name in told:
                    raise checks.Unwell(told[name])
                return "bien"

            return found

        monkeypatch.setattr(checks, "CHECKS", tuple(check._replace(look=look(check.name)) for check in checks.CHECKS))

    return be


@pytest.mark.parametrize(
    ("names", "status", "told"),
    [
        ((), 200, "ready"),
        (("cache", "broker"), 200, "degraded"),
        (("disk",), 200, "degraded"),
        (("migrations",), 503, "unavailable"),
        (("database",), 503, "unavailable"),
    ],
)
def test_a_process_is_ready_as_long_as_it_serves_pages(client, unwell, names, status, told):
    unwell(*names)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (status, told)


def test_an_unknown_error_is_an_answer_and_tells_no_secret(monkeypatch):
    def look():
        raise ConnectionError("redis://:secret@host")

    outcome = checks.look_at(checks.Check("x", "X", look))
    assert (outcome.is_well, outcome.says) == (False, "ne répond pas (ConnectionError)")


def test_a_migration_to_apply_is_told(db, monkeypatch):
    plan = "balmanager.operations.checks.MigrationExecutor.migration_plan"
    monkeypatch.setattr(plan, lambda self, targets: ["0001", "0002"])
    assert checks.look_at(checks.CHECKS[1]).says == "2 à appliquer : « manage.py migrate »"


def test_metrics_count_requests_by_view_and_tell_the_state_of_the_service(client, db):
    client.get("/compte/login/?next=/personnes/10000000017/")
    text = client.get("/metrics").content.decode()
    assert 'bal_requests_total{method="GET",status="200",view="account_login"}' in text
    assert 'bal_check{check="database"} 1.0' in text
    assert "bal_disk_free_megabytes" in text
    assert "10000000017" not in text


@pytest.mark.parametrize(
    "asking",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"},
    ],
    ids=["another machine", "through the proxy", "through a proxy that names nobody"],
)
def test_metrics_are_for_this_machine_alone(client, asking):
    assert client.get("/metrics", **asking).status_code == 404


def test_with_a_token_metrics_are_for_whoever_has_it(client, db, settings):
    settings.METRICS_TOKEN = "jeton"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer jeton", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_health_is_asked_without_tls_and_pages_are_not(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/compte/login/").status_code == 301


# --- The runs of the jobs -----------------------------------------------------------------------------------------
PURGE = "mailboxes.jobs.purge"


@pytest.fixture
def play():
    """`play(result)`: a worker runs the nightly purge, which gives this result or raises it."""
    records.connect()

    def go(result=None, *, task=PURGE, args=(), is_eager=False):
        run = SimpleNamespace(name=task, request=SimpleNamespace(is_eager=is_eager))
        state = "FAILURE" if isinstance(result, Exception) else "SUCCESS"
        facts = {"sender": task, "task_id": "1", "task": run, "args": args}
        answers = signals.task_prerun.send(**facts) + signals.task_postrun.send(**facts, retval=result, state=state)
        assert [answer for _, answer in answers if isinstance(answer, Exception)] == []  # Celery would but log them

    yield go
    signals.task_prerun.disconnect(records.note_start)
    signals.task_postrun.disconnect(records.note_end)


def test_each_run_of_a_job_is_noted(db, play, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    play(SimpleNamespace(done=12, refused={"une BAL": "pourquoi"}))
    job = Job.objects.get()
    assert (job.name, job.done, job.refused, job.runs, job.failures) == ("purge", 12, 1, 1, 0)
    assert job.started_at == job.ended_at == job.succeeded_at == now
    assert job.seconds >= 0
    play()
    assert Job.objects.get().runs == 2


def test_a_failure_is_kept_without_who_it_was_about(db, play):
    play()
    play(ValueError("alice@chu-exemple.mssante.fr (10000000017) est en double"))
    job = Job.objects.get()
    assert (job.runs, job.failures) == (2, 1)
    assert job.ended_at > job.succeeded_at
    assert Failure.objects.get().error == "ValueError: ‹adresse› (‹numéro›) est en double"


def test_the_latest_failures_are_kept(db, play):
    for number in range(Failure.KEPT + 5):
        play(ValueError(f"n° {number}"))
    kept = [failure.error for failure in Failure.objects.all()]
    assert len(kept) == Failure.KEPT
    assert kept[0] == f"ValueError: n° {Failure.KEPT + 4}"


def test_the_syncs_are_told_apart_by_what_they_read(db, play):
    play(task="directory.tasks.sync_annuaire")
    play(task="directory.tasks.sync_annuaire", args=["whitelist"])
    assert set(Job.objects.values_list("name", flat=True)) == {"sync_annuaire", "sync_whitelist"}


@pytest.mark.parametrize("facts", [{"task": "mailboxes.notices.telling.tell", "args": [[1]]}, {"is_eager": True}])
def test_what_an_act_asks_for_is_no_run_of_a_job(db, play, facts):
    play(**facts)
    assert not Job.objects.exists()


def test_a_job_is_done_even_when_it_cannot_be_noted(db, play, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise DatabaseError("no room")

    monkeypatch.setattr(records, "start", fail)
    monkeypatch.setattr(records, "end", fail)
    play()
    assert caplog.text.count("could not be noted") == 2


def test_a_real_worker_notes_the_runs_of_its_jobs(app_data):
    app = app_data()
    app.start_worker()
    app.manage("shell", "-c", "from mailboxes.jobs import TASKS; TASKS['purge'].delay()")
    with contextlib.closing(sqlite3.connect(app.var / "bal.sqlite3")) as database:
        ended = f"SELECT name, runs FROM {Job._meta.db_table} WHERE ended_at IS NOT NULL"
        noted = [("purge", 1)]
        wait_until(lambda: database.execute(ended).fetchall() == noted, app.var / "worker.log", seconds=60)


test_a_real_worker_notes_the_runs_of_its_jobs.pytestmark = [pytest.mark.postgresql_run]


@pytest.mark.postgresql_run
def test_a_worker_whose_database_was_started_anew_goes_on_and_says_so(app_data, migrated_url, redis_url):
    app = app_data(DATABASE_URL=migrated_url, REDIS_URL=redis_url, LOG_LEVEL="INFO")
    app.start_worker()
    log = app.var / "worker.log"
    # The first begins outside any transaction, whose end would have closed what is lost.
    ask = "from mailboxes.jobs import TASKS; from mailboxes.notices.telling import tell"
    ask += "; tell.delay([0]); TASKS['settle_waiting'].delay()"
    ended = f"SELECT runs FROM {Job._meta.db_table} WHERE name = 'settle_waiting'"
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    with psycopg.connect(migrated_url, autocommit=True) as watcher:
        for runs in (1, 2):
            app.manage("shell", "-c", ask)
            wait_until(lambda runs=runs: watcher.execute(ended).fetchone() == (runs,), log, seconds=60)
            watcher.execute(end_all, [watcher.info.backend_pid])
    assert log.read_text().count("settle_waiting : 0 faits, 0 refusés") == 2


# --- What is late -------------------------------------------------------------------------------------------------
def at(hour, minute=0):
    return timezone.make_aware(datetime(2026, 3, 10, hour, minute))


@pytest.mark.parametrize(
    ("name", "started", "now", "is_late"),
    [
        ("purge", at(3, 30), at(23), False),
        ("purge", at(3, 30), at(3, 34) + timedelta(days=1), False),
        ("purge", at(3, 30), at(3, 36) + timedelta(days=1), True),
        ("deliver_webhooks", at(8), at(8, 5), False),
        ("deliver_webhooks", at(8), at(8, 7), True),
    ],
)
def test_a_job_is_late_five_minutes_after_its_time(db, time_machine, name, started, now, is_late):
    time_machine.move_to(now, tick=False)
    Job.objects.create(name=name, started_at=started)
    assert bool(checks.late_jobs()) == is_late


@pytest.mark.parametrize(
    ("name", "started", "ended", "now", "is_told"),
    [
        ("purge", at(3, 30), at(3, 31), at(9), False),
        ("purge", at(3, 30), at(3, 31) - timedelta(days=1), at(4, 30), False),  # at it, perhaps
        ("purge", at(3, 30), at(3, 31) - timedelta(days=1), at(4, 40), True),
        ("deliver_webhooks", at(8, 30), at(8), at(8, 30), False),
        ("deliver_webhooks", at(9, 30), at(8), at(9, 30), True),  # one each minute, and each is killed
    ],
)
def test_a_job_whose_process_is_killed_each_time_is_told(db, time_machine, name, started, ended, now, is_told):
    time_machine.move_to(now, tick=False)
    Job.objects.create(name=name, started_at=started, ended_at=ended, succeeded_at=ended)
    outcome = checks.look_at(next(check for check in checks.CHECKS if check.name == "failures"))
    assert (outcome.is_well, f"{name} : commencé et jamais fini, faute de mémoire" in outcome.says) == (
        not is_told,
        is_told,
    )


def test_a_folder_that_is_lost_is_told_and_what_watches_goes_on(client, db, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "lost"
    assert client.get("/readyz").json()["checks"]["disk"] is False
    text = client.get("/metrics").content.decode()
    assert 'bal_check{check="disk"} 0.0' in text
    assert "bal_disk_free_megabytes" not in text


@pytest.mark.parametrize(
    ("backend", "is_local", "is_well"), [("filebased", True, True), ("filebased", False, False), ("smtp", False, True)]
)
def test_a_service_whose_mails_go_to_nobody_is_told(db, settings, backend, is_local, is_well):
    settings.IS_LOCAL, settings.EMAIL_BACKEND = is_local, f"django.core.mail.backends.{backend}.EmailBackend"
    outcome = checks.look_at(next(check for check in checks.CHECKS if check.name == "mail"))
    assert (outcome.is_well, "EMAIL_URL" in outcome.says) == (is_well, not is_well)


def test_a_backup_that_is_made_no_more_is_told(settings, tmp_path):
    settings.VAR_DIR, settings.BACKUP_DIR = tmp_path, tmp_path / "backups"
    check = next(check for check in checks.CHECKS if check.name == "backups")
    assert checks.look_at(check).is_well
    settings.BACKUP_DIR.mkdir()
    assert not checks.look_at(check).is_well  # one was begun
    for days in (3, 1):
        archive = settings.BACKUP_DIR / f"balmanager-2026030{days}-020000.tar.gz.age"
        archive.touch()
        os.utime(archive, ((timezone.now() - timedelta(days=days)).timestamp(),) * 2)
    assert checks.look_at(check).is_well
    archive.unlink()
    outcome = checks.look_at(check)
    assert (outcome.is_well, "manage.py backup" in outcome.says) == (False, True)


def test_a_folder_that_is_named_for_backups_and_holds_none_is_told(settings, tmp_path):
    settings.VAR_DIR, settings.BACKUP_DIR = tmp_path, tmp_path / "disque" / "backups"
    assert "abouti" in checks.look_at(next(check for check in checks.CHECKS if check.name == "backups")).says


def test_a_job_that_left_the_schedule_is_neither_late_nor_failing(db):
    long_ago = timezone.now() - timedelta(days=300)
    Job.objects.create(name="jadis", started_at=long_ago, ended_at=long_ago)
    assert (checks.late_jobs(), checks.failing_jobs()) == ([], [])


def test_each_job_s_trouble_has_room_for_its_name():
    longest = Trouble._meta.get_field("name").max_length
    assert [name for name in schedules() if len(f"failures {name}") > longest] == []


def test_a_service_whose_jobs_never_ran_is_told(db):
    assert checks.look_at(next(check for check in checks.CHECKS if check.name == "jobs")).is_well is False


def test_a_job_that_no_worker_took_is_dropped_before_many_of_its_kind_wait():
    assert {"sync_annuaire", "alert_idle"} <= set(schedules())  # of the settings, and of mailboxes.jobs
    for name, schedule in schedules().items():
        gap = schedule.remaining_estimate(timezone.now()).total_seconds()
        assert 60 <= expires(schedule) <= max(3600, 24 * 3600, gap), name


@pytest.mark.parametrize("source", ["extraction", "whitelist"])
def test_what_the_night_did_not_bring_is_asked_for_by_day(source):
    """A process killed at its hour must not cost a day: a run that is done already is not done again."""
    again = [entry for entry in records.scheduled().values() if entry["task"] == "directory.tasks.sync_if_due"]
    by_day = next(entry["schedule"] for entry in again if entry.get("args") == [source])
    assert len(by_day.hour) > 3


# --- The page -----------------------------------------------------------------------------------------------------
@pytest.fixture
def admin_page(admin_client):
    return lambda: admin_client.get("/service/").content.decode()


def test_the_page_says_what_is_unwell_and_how_each_job_ran(admin_page, play):
    play(ValueError("rien à faire"))
    page = admin_page()
    assert "À regarder" in page
    assert "jamais chargé" in page
    assert "ValueError: rien à faire" in page
    assert "purge\u00a0: dernier passage en échec" in page


def test_the_page_says_that_all_is_well(admin_page, unwell):
    unwell()
    assert "Tout va bien." in admin_page()


def test_the_page_is_for_who_administers_the_service(client, django_user_model, db):
    client.force_login(django_user_model.objects.create_user("gisele", is_staff=True))
    assert client.get("/service/").status_code == 404


# --- Told by mail -----------------------------------------------------------------------------------------------------
class Inbox:
    """A real mail server that keeps what it takes; told to, it takes nothing."""

    def __init__(self):
        self.mails, self.refuses, self.knows_not = [], False, ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.knows_not:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.refuses:
            return "451 later"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def inbox(settings, db):
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.SERVICE_EMAIL = ["exploitation@exemple.invalid"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield inbox
    controller.stop()


def subjects(inbox):
    return [mail["Subject"] for _, mail in inbox.mails]


def words(mail):
    return mail.get_content().replace("\r\n", "\n")


def test_a_trouble_is_mailed_once_when_it_comes_and_once_when_it_is_over(inbox, unwell):
    for names in (("disk",), ("disk",), ("disk",), ("disk", "mail"), ("disk", "mail"), ("mail",), (), (), ()):
        unwell(*names)
        alerts.tell()
    assert subjects(inbox) == [
        "BAL Manager : 1 à regarder",  # disk
        "BAL Manager : 2 à regarder",  # mail came
        "BAL Manager : 1 à regarder",  # disk is over
        "BAL Manager : tout est rentré dans l’ordre",
    ]
    recipients, second = inbox.mails[1]
    assert recipients == ["exploitation@exemple.invalid"]
    text = words(second)
    assert "À regarder\u00a0:\n- Courriels : quelque chose (depuis le" in text
    assert "Déjà dit, et qui dure\u00a0:\n- Place sur le disque" in text
    assert "Rentré dans l’ordre\u00a0:\n- Place sur le disque" in words(inbox.mails[2][1])
    assert not Trouble.objects.exists()


def test_each_thing_that_a_check_finds_is_told_when_it_comes_and_when_it_is_over(inbox, unwell):
    purge, alerts_of_idle = {"purge": "purge : en échec"}, {"alert_idle": "alert_idle : en échec"}
    both = purge | alerts_of_idle
    for things in (purge, purge, both, both, "ne répond pas", alerts_of_idle, alerts_of_idle):
        unwell(failures=things)
        alerts.tell()
    unwell()
    alerts.tell()
    assert subjects(inbox) == [
        "BAL Manager : 1 à regarder",  # purge
        "BAL Manager : 2 à regarder",  # alert_idle came
        "BAL Manager : 1 à regarder",  # purge is over
        "BAL Manager : tout est rentré dans l’ordre",
    ]
    second, third = (words(mail) for _, mail in inbox.mails[1:3])
    assert "À regarder\u00a0:\n- Échecs des tâches : alert_idle : en échec" in second
    assert "Déjà dit, et qui dure\u00a0:\n- Échecs des tâches : purge : en échec" in second
    assert "Rentré dans l’ordre\u00a0:\n- Échecs des tâches : purge : en échec" in third


def test_what_one_look_alone_finds_is_told_to_nobody(inbox, unwell):
    for names in (("broker",), (), ("broker",), ()):
        unwell(*names)
        alerts.tell()
    assert inbox.mails == []


def test_what_the_mail_server_did_not_take_is_told_once_it_does(inbox, unwell):
    inbox.refuses = True
    unwell("mail")
    alerts.tell()
    for _ in range(2):
        with pytest.raises(SMTPException):
            alerts.tell()
    inbox.refuses = False
    alerts.tell()
    alerts.tell()
    assert subjects(inbox) == ["BAL Manager : 1 à regarder"]


def test_an_address_that_is_refused_costs_the_others_nothing_and_is_told(inbox, unwell, settings):
    settings.SERVICE_EMAIL = [f"{name}@exemple.invalid" for name in ("garde", "partie", "dsi")]
    inbox.knows_not = "partie@exemple.invalid"
    unwell("disk")
    alerts.tell()
    with pytest.raises(alerts.Missed, match="address 2 of SERVICE_EMAIL"):  # kept among the failures of the job
        alerts.tell()
    alerts.tell()
    assert [recipients for recipients, _ in inbox.mails] == [["garde@exemple.invalid"], ["dsi@exemple.invalid"]]


def test_without_an_address_nobody_is_told(inbox, unwell, settings):
    settings.SERVICE_EMAIL = []
    unwell("disk")
    alerts.tell()
    alerts.tell()
    assert inbox.mails == []


def test_the_findings_are_told_by_a_scheduled_job(inbox, unwell):
    unwell("disk")
    task = celery_app.tasks[records.scheduled()["tell_troubles"]["task"]]
    task()
    task()
    assert len(inbox.mails) == 1


# --- What is written down -----------------------------------------------------------------------------------------
SAID = "Avis 7 non remis à alice.exemple@chu-exemple.mssante.fr, RPPS 10000000017, le 2026-03-10, en 1234567 ms"


@pytest.mark.parametrize("formatter", [logs.LogLine("{message}", style="{"), logs.Json("{message}", style="{", json_ensure_ascii=False)])  # fmt: skip  # noqa: E501
def test_addresses_and_national_numbers_never_reach_the_log(formatter):
    try:
        raise ValueError("Key (address)=(bruno@chu-exemple.mssante.fr) already exists")
    except ValueError:
        record = logging.LogRecord("bal", logging.ERROR, "", 0, SAID, (), sys.exc_info())
    written = formatter.format(record)
    assert "@" not in written
    assert "10000000017" not in written
    assert "Avis 7 non remis à ‹adresse›, RPPS ‹numéro›, le 2026-03-10, en 1234567 ms" in written
    assert "ValueError" in written


LINKS = {
    **dict.fromkeys(
        ["claims-link", "notice-link", "contact-link", "joining-link", "campaign-link"],
        lambda: {"token": sign_notice(SimpleNamespace(pk=7))},
    ),
    "account-address-link": lambda: {"token": write_address_link(SimpleNamespace(pk=7))},
    "invitation": lambda: {"token": secrets.token_urlsafe(32)},
    "account_reset_password_from_key": lambda: {"uidb36": "7", "key": "d2x1y3-0123456789abcdef0123456789abcdef"},
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_opens_without_a_password_never_reaches_the_log(name):
    known = LINKS[name]()
    said = "Forbidden (CSRF cookie not set.): %s"
    record = logging.LogRecord(
        "django.security.csrf", logging.WARNING, "", 0, said, (reverse(name, kwargs=known),), None
    )
    written = logs.LogLine("{message}", style="{").format(record)
    assert "/‹lien›/" in written
    assert not [part for part in known.values() if len(part) > 2 and part in written]


def test_every_address_with_a_token_is_among_those_links():
    assert {route.name for route in routes.walk() if "token" in route.arguments} <= {*LINKS}


@pytest.mark.parametrize("secret", [new_token()[1], "whsec_0123456789abcdef"], ids=["of an account", "of a webhook"])
def test_a_key_never_reaches_the_log(secret):
    assert logs.without_people(f"Bearer {secret} refused") == "Bearer ‹clé› refused"


def test_what_sentry_is_sent_names_nobody_and_is_no_link():
    known = {"type": "IntegrityError", "value": "Key (rpps)=(10000000017) exists, bruno@chu-exemple.mssante.fr"}
    event = {
        "request": {"url": "https://bal.exemple.fr/avis/repondre/x/", "query_string": "q=Martin"},
        "transaction": "/avis/repondre/{token}/",
        "exception": {"values": [known]},
        "threads": {"values": [{"id": 140235000000001}]},
    }
    assert logs.for_sentry(event, {}) == {
        "transaction": "/avis/repondre/{token}/",
        "exception": {"values": [{**known, "value": "Key (rpps)=(‹numéro›) exists, ‹adresse›"}]},
        "threads": event["threads"],
    }


def run_python(code, **env):
    command = [sys.executable, "-c", code]
    own = {"PATH": "/usr/bin", "ENV_FILE": "/dev/null", "SECRET_KEY": "0123456789" * 5, "DJANGO_SETTINGS_MODULE": "balmanager.settings"}  # fmt: skip  # noqa: E501
    return subprocess.run(command, cwd=ROOT, env=own | env, capture_output=True, text=True, check=False)


def test_a_log_in_json_is_one_object_a_line(tmp_path):
    code = "import django, logging; django.setup(); logging.getLogger('bal').warning('Appelé : %s', 'été')"
    written = run_python(code, VAR_DIR=str(tmp_path), LOG_FORMAT="json").stderr.splitlines()
    facts = json.loads(written[-1])
    assert (facts["level"], facts["logger"], facts["message"]) == ("WARNING", "bal", "Appelé : été")


# --- Settings that make no sense ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "", "50 random characters"),
        ("SECRET_KEY", "trop-courte", "50 random characters"),
        ("SECRET_KEY", "$" + "secret" * 10, "50 random characters"),
        ("SITE_URL", "bal.hopital.fr", "such as https://bal.example.fr"),
        ("QUOTA_HYSTERESIS", "cinq", "a whole number"),
        ("SESSION_SECONDS", "-3", "a whole number from 60 to"),
        ("BEHIND_PROXY", "oui", "true or false"),
        ("ANNUAIRE_MAX_WITHDRAWN", "dix", "such as 0.1"),
        ("ANNUAIRE_MAX_WITHDRAWN", "10.5", "between 0 and 1"),
        ("QUOTA_THRESHOLDS", "80,beaucoup", "separated by commas"),
        ("QUOTA_THRESHOLDS", "95,80", "rising"),
        ("IDLE_REMINDERS_DAYS", "7,30", "falling"),
        ("PEOPLE_KEPT_DAYS", "0", "from 1 to 36500"),  # all would be erased the next night
        ("READING_FRESH_DAYS", "999999999", "from 1 to 36500"),
        ("PAGE_SECONDS", "99999999", "to 86400"),  # more than PostgreSQL takes
        ("EMAIL_TIMEOUT", "0", "from 1 to 600"),
        ("SITE_URL", "https://www.hopital.fr/bal", "without a path"),
        ("SITE_URL", "https:bal.hopital.fr", "such as https://bal.example.fr"),
        ("ALLOWED_HOSTS", "https://bal.hopital.fr", "the names it is reached by"),
        ("ALLOWED_HOSTS", "bal.hopital.fr:443", "the names it is reached by"),
        ("DATABASE_URL", "mysql://bal:x@localhost/bal", "such as postgresql://"),
        ("DEFAULT_FROM_EMAIL", "bal-manager", "BAL Manager <bal@example.fr>"),
        ("SECRET_KEY_FALLBACKS", "trop-courte", "former keys"),
        ("ENV_FILE", "/nulle/part.env", "such as /etc/bal.env"),
        ("PORT", "80801", "from 1 to 65535"),
        ("DATABASE_URL", "postgresql://bal:mot#passe@localhost/bal", "%23"),
        ("REDIS_URL", "localhost:6380", "such as redis://localhost:6379/0"),
        ("EMAIL_URL", "smtp+tls://bal:mot#passe@localhost:587", "%23"),
        ("EMAIL_URL", "smtps://bal:motpasse@localhost:465", "smtp+ssl://"),
        ("SERVICE_EMAIL", "equipe", "such as exploitation@example.fr"),
        ("ANNUAIRE_URL", "annuaire.zip", "such as https://"),
        ("LDAP_URL", "https://annuaire.hopital.fr", "such as ldaps://"),
        ("LDAP_CA_FILE", "/nulle/part.pem", "a file that can be read"),
        ("WEBHOOK_NETWORKS", "10.1.0.0/99", "such as 10.1.0.0/16"),
        ("DIRECTORY_ORDER", "extraction,extraction", "each once"),
        ("BACKUP_RECIPIENT", "AGE-SECRET-KEY-1", "a public key of age"),
        ("BACKUPS_KEPT", "0", "from 1 to"),
        ("LOG_LEVEL", "bavard", "DEBUG"),
        ("LOG_FORMAT", "xml", "json"),
    ],
)
@pytest.mark.postgresql_run
def test_a_setting_that_makes_no_sense_stops_the_start_with_what_is_expected(monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as caught:
        runpy.run_path(str(ROOT / "balmanager" / "settings.py"))
    told = str(caught.value)
    assert told.startswith(name)
    assert expected in told
    assert "such as" in told or "true or false" in told or "LOG_" in told
    assert len(value) < 2 or value not in told
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # whose words would tell the value


def read_settings(monkeypatch, **env):
    """What they come to with these variables; why not, where they stop the start. Anything else is a riddle."""
    with monkeypatch.context() as change:
        for name, value in env.items():
            change.setenv(name, value)
        try:
            found = runpy.run_path(str(ROOT / "balmanager" / "settings.py"))
        except ImproperlyConfigured as refused:
            return str(refused)
    return {name: repr(value) for name, value in found.items() if name.isupper()}


NOT_READ_HERE = {"BIND", "WEB_WORKERS", "WEB_THREADS", "CONN_MAX_AGE"}  # but by gunicorn.conf.py, or on PostgreSQL
SETTINGS = re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)


@pytest.mark.postgresql_run
def test_an_empty_setting_is_as_none_and_no_value_is_a_riddle(monkeypatch):
    names = sorted(set(SETTINGS) - {"SECRET_KEY", "ENV_FILE", "VAR_DIR", *NOT_READ_HERE})
    for name in names:
        monkeypatch.delenv(name, raising=False)
    without = read_settings(monkeypatch)
    assert [name for name in names if read_settings(monkeypatch, **{name: " "}) != without] == sorted(MEANT_EMPTY)
    quoted = {name: read_settings(monkeypatch, **{name: '"5"'}) for name in names}
    assert [name for name, told in quoted.items() if not str(told).startswith(f"{name} stands between quotes")] == []
    huge = {name: read_settings(monkeypatch, **{name: "9" * 25}) for name in names}
    needs_another = {"LDAP_USER", "PEOPLE_LDAP_USER"}
    unsaid = {name for name, told in huge.items() if isinstance(told, str) and not told.startswith(f"{name} ")}
    assert unsaid == needs_another


@pytest.mark.postgresql_run
def test_what_stands_around_a_value_is_not_of_it(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", " bal.hopital.fr, localhost ")
    monkeypatch.setenv("LDAP_ATTRIBUTES", "kind=type, address=mail")
    monkeypatch.setenv("SITE_URL", "https://bal.hopital.fr ")
    found = runpy.run_path(str(ROOT / "balmanager" / "settings.py"))
    assert found["ALLOWED_HOSTS"] == ["bal.hopital.fr", "localhost"]
    assert found["DIRECTORY_SOURCES"]["ldap"]["OPTIONS"]["attributes"] == {"kind": "type", "address": "mail"}
    assert found["SITE_URL"] == "https://bal.hopital.fr"
    monkeypatch.delenv("ALLOWED_HOSTS")
    assert "bal.hopital.fr" in runpy.run_path(str(ROOT / "balmanager" / "settings.py"))["ALLOWED_HOSTS"]


@pytest.mark.postgresql_run
@pytest.mark.parametrize(("origin", "is_ours"), [("https://bal.hopital.fr:8443", True), ("https://ailleurs.fr", False)])
def test_what_is_posted_to_a_site_on_a_port_of_its_own_is_taken(monkeypatch, settings, rf, origin, is_ours):
    """The usual `proxy_set_header Host $host` leaves the port out, and the browser's Origin does not."""
    monkeypatch.setenv("SITE_URL", "https://bal.hopital.fr:8443")
    found = runpy.run_path(str(ROOT / "balmanager" / "settings.py"))
    settings.CSRF_TRUSTED_ORIGINS, settings.ALLOWED_HOSTS = found["CSRF_TRUSTED_ORIGINS"], found["ALLOWED_HOSTS"]
    asked = rf.post("/compte/login/", headers={"host": "bal.hopital.fr", "origin": origin})
    monkeypatch.setattr(CsrfViewMiddleware, "_reject", lambda middleware, request, reason: reason)
    refusal = CsrfViewMiddleware(HttpResponse).process_view(asked, HttpResponse, (), {})
    assert ("Origin checking failed" not in refusal) == is_ours


@pytest.mark.postgresql_run
@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"PSC_DISCOVERY_URL": "https://psc.fr/x"}, "PSC_CLIENT_ID"),
        ({"OIDC_DISCOVERY_URL": "https://sso.fr/x", "OIDC_CLIENT_ID": "x"}, "OIDC_CLIENT_SECRET"),
        (
            {
                "OIDC_DISCOVERY_URL": "https://sso.fr/x",
                "OIDC_CLIENT_ID": "x",
                "OIDC_CLIENT_SECRET": "x",
                "OIDC_CLIENT_CERT": __file__,
            },
            "OIDC_CLIENT_KEY",
        ),
        ({"PEOPLE_LDAP_URL": "ldaps://annuaire.hopital.fr"}, "PEOPLE_LDAP_STRUCTURE"),
        ({"MSSANTE_EMAIL_URL": "smtp://localhost:25"}, "MSSANTE_FROM_EMAIL"),
        ({"LDAP_USER": "cn=bal"}, "LDAP_PASSWORD"),
        ({"PEOPLE_LDAP_USER": "cn=bal"}, "PEOPLE_LDAP_PASSWORD"),
    ],
)
def test_a_setting_that_needs_another_names_it(monkeypatch, given, missing):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"^{missing} is missing: expected .* such as "):
        runpy.run_path(str(ROOT / "balmanager" / "settings.py"))


@pytest.mark.postgresql_run
@pytest.mark.parametrize("is_in_file", [False, True])
def test_links_of_mails_and_their_files_follow_the_port_and_the_folder(tmp_path, is_in_file):
    (tmp_path / "env").write_text("PORT=8129\n" if is_in_file else "")
    told = {"ENV_FILE": str(tmp_path / "env")} if is_in_file else {"PORT": "8129"}
    code = "from balmanager.settings import SITE_URL, EMAIL_FILE_PATH; print(SITE_URL, EMAIL_FILE_PATH)"
    said = run_python(code, VAR_DIR=str(tmp_path / "var"), **told).stdout.split()
    assert said == ["http://localhost:8129", str(tmp_path / "var" / "mails")]


def test_a_file_of_settings_is_read_as_systemd_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(Env, "ENVIRON", {})
    lines = ["\ufeffA=x", " B = c d ", "# C=x", "; D", "", 'E="f" ', "F='HOPITAL\\svc'", "G=ab#c=d"]
    (tmp_path / "env").write_text("\n".join(lines))
    Env().read_file(tmp_path / "env")
    assert Env.ENVIRON == {"A": "x", "B": "c d", "E": "f", "F": "HOPITAL\\svc", "G": "ab#c=d"}


@pytest.mark.parametrize(("raw", "told"), [(b"A=x\nLDAP_PASSWORD secret\n", "on line 2"), (b"A=\xe9", "UTF-8")])
def test_a_line_that_is_no_setting_stops_the_start_and_is_not_shown(tmp_path, raw, told):
    (tmp_path / "env").write_bytes(raw)
    with pytest.raises(ImproperlyConfigured, match=told) as caught:
        Env().read_file(tmp_path / "env")
    assert "secret" not in str(caught.value)


@pytest.mark.postgresql_run
def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("0123456789" * 6 + "\n")
    code = "from balmanager.settings import SECRET_KEY; print(SECRET_KEY)"
    done = run_python(code, VAR_DIR=str(tmp_path), SECRET_KEY_FILE=str(tmp_path / "key"))
    assert done.stdout == "0123456789" * 6 + "\n"


@pytest.mark.postgresql_run
def test_a_file_of_a_secret_that_cannot_be_read_stops_the_start(tmp_path):
    done = run_python("import balmanager.settings", VAR_DIR=str(tmp_path), SECRET_KEY_FILE="/nowhere")
    assert done.stderr.splitlines()[-1].endswith("SECRET_KEY_FILE: expected the path of a file that can be read.")


def test_the_client_behind_the_proxy_is_who_tries_passwords(rf, settings):
    from allauth.core.internal.httpkit import get_client_ip  # noqa: PLC0415 - what allauth counts by

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    request = rf.get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.9, 192.0.2.7")
    assert get_client_ip(request) == "192.0.2.7"


@pytest.mark.postgresql_run
@pytest.mark.parametrize(
    ("bind", "says"), [("127.0.0.1:zz", "BIND"), ("127.0.0.1:1", "refused"), ("127.0.0.1:99999", "BIND")]
)
def test_a_container_whose_web_does_not_answer_is_not_well_and_says_why(bind, says):
    done = subprocess.run(
        [sys.executable, "-m", "balmanager.healthcheck"], cwd=ROOT, env={"PATH": "/usr/bin", "BIND": bind},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if (self.path, self.headers["Host"]) == ("/healthz", "localhost") else 400)
        self.end_headers()

    def log_message(self, *said):
        pass


@pytest.mark.postgresql_run
def test_a_web_that_listens_on_a_socket_is_asked_there(tmp_path):
    with socketserver.UnixStreamServer(str(tmp_path / "web.sock"), Web) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        env = {"PATH": "/usr/bin", "BIND": f"unix:{tmp_path}/web.sock", "ALLOWED_HOSTS": ""}
        asked = [sys.executable, "-m", "balmanager.healthcheck"]
        done = subprocess.run(asked, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        thread.join()
    assert (done.returncode, done.stderr) == (0, "")
