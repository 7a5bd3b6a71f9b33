"""A neighbour that stops, or says nothing, does not stop the service: Redis, then PostgreSQL, each really stopped."""

import json
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from celery.beat import ScheduleEntry, SchedulingError
from celery.schedules import crontab
from django.utils import timezone
from kombu import exceptions as kombu_exceptions

from balmanager import degraded
from balmanager.celery import app as celery_app
from balmanager.degraded import RedisOrLocalCache
from balmanager.schedule import Scheduler, has_come
from mailboxes.notices.telling import tell
from tests.faults.servers import PostgreSQL, Redis
from tests.servers import or_skip, private_folder, run_postgresql

pytestmark = pytest.mark.postgresql_run  # servers of its own: once is enough


@pytest.fixture
def own_redis(tmp_path, monkeypatch):
    monkeypatch.setattr(degraded, "outage", degraded.Outage())
    server = Redis(tmp_path)
    with or_skip():
        server.start()
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.stop()


@pytest.fixture
def frozen(own_redis):
    own_redis.process.send_signal(signal.SIGSTOP)
    return own_redis


@pytest.fixture
def shared_cache(own_redis):
    return RedisOrLocalCache(own_redis.url, {})


def took(call):
    started = time.monotonic()
    call()
    return time.monotonic() - started


# --- Redis: what limits are counted in ----------------------------------------------------------------------------
def test_limits_go_on_without_redis_and_the_log_says_it_once(own_redis, shared_cache, caplog):
    assert shared_cache.add("essais", 0)
    own_redis.stop()
    assert [shared_cache.incr("essais") for _ in range(3)] == [1, 2, 3]
    assert caplog.text.count("Redis does not answer") == 1


def test_limits_are_shared_again_once_redis_is_back(own_redis, shared_cache, caplog, monkeypatch):
    own_redis.stop()
    shared_cache.set("essais", 1)
    own_redis.start()
    monkeypatch.setattr(degraded.outage, "until", 0.0)  # the rest is over
    shared_cache.set("essais", 7)
    assert RedisOrLocalCache(own_redis.url, {}).get("essais") == 7
    assert caplog.text.count("Redis answers again") == 1


def test_a_frozen_redis_costs_a_page_two_tenths_of_a_second_and_the_next_ones_nothing(frozen, shared_cache):
    assert took(lambda: shared_cache.get("essais")) < 0.5  # 0.2 s, and what a busy machine adds
    assert took(lambda: [shared_cache.get("essais") for _ in range(50)]) < 0.1


def test_every_method_of_the_cache_has_its_way_without_redis():
    usual = {name for name in vars(degraded.RedisCache) if not name.startswith("_")}
    usual -= {"get_backend_timeout"}  # it asks nobody
    assert usual <= set(vars(RedisOrLocalCache))


# --- Redis: the queue ---------------------------------------------------------------------------------------------
@pytest.fixture
def queued(settings, own_redis):
    settings.REDIS_URL = own_redis.url
    eager, celery_app.conf.task_always_eager = celery_app.conf.task_always_eager, False
    yield
    celery_app.conf.task_always_eager = eager


def test_an_act_does_not_wait_for_a_frozen_queue(queued, frozen):
    send = tell.delay

    def refused():
        with pytest.raises(kombu_exceptions.OperationalError, match="Redis"):
            send([])

    assert took(refused) < 0.5  # 0.2 s, and what a busy machine adds
    assert took(refused) < 0.05


# --- Beat ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    entry = ScheduleEntry("nightly", "mailboxes.jobs.purge", schedule=3600, app=celery_app)
    scheduler = Scheduler(celery_app, schedule_filename=str(tmp_path / "beat"), lazy=True)
    scheduler.data = {"nightly": entry}
    monkeypatch.setattr(Scheduler, "schedule", property(lambda self: self.data))
    return scheduler


def test_a_job_that_the_queue_refused_stays_due_and_is_sent_when_it_can(scheduler, monkeypatch):
    sent = []

    def refuse(*args, **kwargs):
        raise SchedulingError("away")

    entry = scheduler.data["nightly"]
    monkeypatch.setattr(scheduler, "apply_async", refuse)
    scheduler.reserve(entry)
    scheduler.apply_entry(entry)
    assert scheduler.data["nightly"].last_run_at == entry.last_run_at
    assert list(scheduler.refused) == ["nightly"]
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **options: sent.append(entry.name))
    scheduler.apply_entry(scheduler.data["nightly"])
    assert sent == ["nightly"]
    assert scheduler.refused == {}
    assert scheduler.data["nightly"].total_run_count == 1


@pytest.mark.parametrize("wrong", [timedelta(hours=2), timedelta(days=4000)], ids=["hours", "years"])
def test_a_clock_that_was_wrong_and_is_set_back_does_not_stop_the_schedule(scheduler, monkeypatch, time_machine, wrong):
    """One set back alone, and one that was ahead for a while."""
    sent = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **options: sent.append(timezone.now()))
    monkeypatch.setattr(scheduler, "producer", None)
    now = timezone.now() + timedelta(minutes=1)
    for moment in (now + wrong, now, now - wrong, now):
        time_machine.move_to(moment, tick=False)
        scheduler.tick()
        sent.clear()
        for _ in range(2):
            time_machine.shift(timedelta(hours=1))
            scheduler.tick()
        assert len(sent) == 2, moment


def test_the_hour_that_comes_twice_in_autumn_is_no_clock_set_back(scheduler, monkeypatch, time_machine):
    sent = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **options: sent.append(timezone.now()))
    monkeypatch.setattr(scheduler, "producer", None)
    entry = scheduler.data["nightly"]
    entry.schedule = crontab(minute=25, app=celery_app)
    moment = datetime(2026, 10, 25, tzinfo=UTC)  # it is two o'clock, and an hour later it is again
    for _ in range(3 * 60 // 5):
        time_machine.move_to(moment, tick=False)
        scheduler.tick()
        moment += timedelta(minutes=5)
    assert 2 <= len(sent) <= 3  # by the wall it is 2:25 twice, which celery takes for once


@pytest.mark.parametrize("minutes", ["25", "12-59/15"])
def test_what_runs_in_the_hour_that_autumn_shows_again_is_not_sent_without_end(
    scheduler, monkeypatch, time_machine, minutes
):
    """As where beat starts in that hour, or sends late what was due before it."""
    sent = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **options: sent.append(timezone.localtime().minute))
    monkeypatch.setattr(scheduler, "producer", None)
    moment = datetime(2026, 10, 25, 1, 1, tzinfo=UTC)
    time_machine.move_to(moment, tick=False)
    entry = scheduler.data["nightly"]
    entry.schedule = crontab(minute=minutes, app=celery_app)
    entry.last_run_at = entry.default_now()
    for _ in range(2 * 3600 // 10):
        moment += timedelta(seconds=10)
        time_machine.move_to(moment, tick=False)
        scheduler.tick()
    assert sent == 2 * sorted(entry.schedule.minute)


@pytest.mark.parametrize(
    ("says", "comes"),
    [
        ({}, True),
        ({"minute": "20-30/5"}, True),
        ({"minute": 40}, False),
        ({"hour": 3}, False),
        ({"day_of_month": "25"}, True),
        ({"day_of_month": "26"}, False),
        ({"month_of_year": "10"}, True),
        ({"month_of_year": "11"}, False),
        ({"day_of_week": "0"}, True),
        ({"day_of_week": "1"}, False),
    ],
)
def test_a_job_comes_at_all_that_its_schedule_says(says, comes):
    """Between 2:10 and 2:35, the second time, on Sunday 25 October."""
    last = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert has_come(crontab(**{"minute": 25, **says}), last, last + timedelta(minutes=25)) is comes


# --- The database -------------------------------------------------------------------------------------------------
@pytest.fixture
def own_postgresql():
    with private_folder() as folder, or_skip(), run_postgresql(folder) as url:
        server = PostgreSQL(folder, url)
        yield server
        server.running.close()


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return SimpleNamespace(status=answer.status, headers=answer.headers, text=answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return SimpleNamespace(status=error.status, headers=error.headers, text=error.read().decode())


def test_while_postgresql_is_away_pages_say_when_to_come_back_and_it_needs_no_restart(own_postgresql, app_server):
    app = app_server(DATABASE_URL=own_postgresql.url)
    app.manage("migrate", "--verbosity", "0")
    assert ask_with_a_session(app, "/compte/login/").status == 200
    own_postgresql.stop()
    for path, kind in (
        ("/compte/login/", "text/html; charset=utf-8"),
        ("/api/v1/bals/", "application/problem+json"),
        ("/fhir/Practitioner", "application/fhir+json"),
    ):
        answer = ask_with_a_session(app, path)
        assert (path, answer.status, answer.headers["Retry-After"]) == (path, 503, "10")
        assert answer.headers["Content-Type"] == kind
        assert "réessayez dans quelques instants" in json_or_text(answer)
    own_postgresql.start()
    deadline = time.monotonic() + 60  # it answers before it has mended its files
    while ask_with_a_session(app, "/compte/login/").status != 200:
        assert time.monotonic() < deadline


def json_or_text(answer):
    is_json = "json" in answer.headers["Content-Type"]
    return json.dumps(json.loads(answer.text), ensure_ascii=False) if is_json else answer.text


def ask_with_a_session(app, path):
    headers = {"Cookie": f"sessionid={'a' * 32}", "Authorization": "Bearer balm_x"}
    return ask(urllib.request.Request(f"{app.url}{path}", headers=headers))
