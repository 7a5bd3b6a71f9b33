"""The embedded queue (an SQLite file): what is asked is done, whatever dies; and done in the order it was asked."""

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import kombu
import pytest

from balmanager import broker
from tests.forks import ROOT, OwnCommand, run_own
from tests.servers import app_env, run, wait_for

pytestmark = pytest.mark.postgresql_run  # a file of its own: once is enough


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "queue.sqlite3")


@pytest.fixture
def connect(path):
    opened = []

    def go():
        opened.append(kombu.Connection("sqlitequeue://", transport_options={"path": path}))
        return opened[-1]

    yield go
    for connection in opened:
        connection.release()


def put(connection, *bodies, queue="jobs"):
    with connection.Producer() as producer:
        for body in bodies:
            producer.publish(body, routing_key=queue, declare=[kombu.Queue(queue, routing_key=queue)])


def take(connection, *, seconds=0.3, queue="jobs"):
    """The next message, unacknowledged; None when none comes."""
    got = []
    consumer = connection.Consumer(kombu.Queue(queue), callbacks=[lambda body, message: got.append(message)])
    consumer.qos(prefetch_count=1)
    with consumer:
        try:
            connection.drain_events(timeout=seconds)
        except TimeoutError:
            return None
    return got[0]


def count(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM messages").fetchone()[0]


def test_messages_come_in_order_and_are_gone_once_acknowledged(connect, path):
    put(connect(), "un", "deux")
    reader = connect()
    for expected in ("un", "deux"):
        message = take(reader)
        assert message.payload == expected
        message.ack()
    assert count(path) == 0


def test_a_message_is_given_to_one_reader_only(connect):
    put(connect(), "un")
    first, second = connect(), connect()
    assert take(first).payload == "un"
    assert take(second) is None


def test_a_message_that_its_reader_did_not_acknowledge_is_given_again_when_it_leaves(connect):
    put(connect(), "un")
    leaving = connect()
    take(leaving)
    leaving.release()
    assert take(connect()).payload == "un"


def test_a_refused_message_is_given_again_or_dropped_as_its_reader_says(connect, path):
    put(connect(), "un")
    reader = connect()
    take(reader).requeue()
    take(reader).reject()
    assert count(path) == 0


def take_and_die(path):
    take(kombu.Connection("sqlitequeue://", transport_options={"path": path}), seconds=5)
    os._exit(9)  # nothing is closed, nothing given back


def die_with_the_message(path):
    process = multiprocessing.get_context("fork").Process(target=take_and_die, args=[path])
    process.start()
    process.join()
    assert process.exitcode == 9


def test_what_a_killed_process_had_claimed_is_given_again_at_once(connect, path):
    put(connect(), "un")
    die_with_the_message(path)
    assert count(path) == 1
    started = time.monotonic()
    assert take(connect(), seconds=5).payload == "un"
    assert time.monotonic() - started < 2


def test_a_message_that_kills_whoever_takes_it_is_set_aside_and_the_others_go_on(connect, path, monkeypatch, caplog):
    monkeypatch.setattr(broker, "MOST_DEATHS", 2)
    monkeypatch.setattr(broker, "FREE", broker.FREE.replace("deaths < 10", "deaths < 2"))
    put(connect(), "poison", "sain")
    die_with_the_message(path)
    die_with_the_message(path)
    assert take(connect(), seconds=5).payload == "sain"
    assert "set aside" in caplog.text
    assert count(path) == 2  # it is kept, for whoever wants to look


def test_a_reader_that_waits_takes_no_lock(connect, path):
    reader = connect()
    take(reader)  # tables and bindings stand
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        assert take(reader) is None
        assert time.monotonic() - started < 2
        writer.execute("ROLLBACK")


def test_a_file_that_is_no_queue_any_more_is_put_aside(connect, path, caplog):
    Path(path).write_bytes(b"not a database, but long enough to be read as the header of one" * 20)
    put(connect(), "un")
    assert take(connect()).payload == "un"
    assert [aside.read_bytes()[:14] for aside in Path(path).parent.glob("queue.sqlite3.[0-9]*")] == [b"not a database"]
    assert "no longer a queue" in caplog.text


def test_a_full_disk_refuses_the_message_as_any_broker_that_is_down(connect):
    put(connection := connect(), "un")
    connection.default_channel.database.execute("PRAGMA max_page_count = 1")
    with pytest.raises(connection.connection_errors, match="full"):  # Celery makes of these its own OperationalError
        put(connection, "x" * 100_000)


# --- Real workers -------------------------------------------------------------------------------------------------
@pytest.fixture
def env(tmp_path):
    (tmp_path / "static").mkdir()
    return app_env(tmp_path, DJANGO_SETTINGS_MODULE="tests.soak.settings", PYTHONPATH=str(ROOT))


def worker(env, number, log, at_once=2, **ends):
    command = [sys.executable, "-m", "celery", "-A", "balmanager", "worker", "-P", "threads", "-c", str(at_once)]
    command += ["-l", "INFO", "-n", f"w{number}@%h"]
    log.touch()
    known = log.read_text().count(" ready.")
    return run(command, log, lambda: log.read_text().count(" ready.") > known, cwd=ROOT, env=env, seconds=120, **ends)


def test_a_worker_killed_under_load_loses_nothing(env, tmp_path):
    written, asked = tmp_path / "written", 200
    written.touch()
    producer = [sys.executable, "-m", "tests.soak.producer", str(written), "0", str(asked), "100"]
    with worker(env, 0, tmp_path / "w0.log") as victim, worker(env, 1, tmp_path / "w1.log") as survivor:
        with OwnCommand(producer, cwd=ROOT, env=env, stdout=subprocess.DEVNULL):
            wait_for(lambda: done_of(written))
            victim.kill()
        wait_for(lambda: done_of(written) == set(range(asked)))
        assert survivor.poll() is None
    assert count(str(tmp_path / "queue.sqlite3")) == 0


def in_order(written):
    return [int(number) for number in written.read_text().split()]


ASK_BOTH = """
from tests.soak.jobs import write_down
for number in (3, 4, 5):
    write_down.apply_async(({path!r}, number, 0.0), queue="background")
for number in (0, 1, 2):
    write_down.delay({path!r}, number, 0.0)
"""


@pytest.mark.parametrize("queue", ["embedded", "redis"])
def test_what_somebody_waits_for_goes_before_what_the_schedule_asked(queue, env, tmp_path, request):
    if queue == "redis":
        env["REDIS_URL"] = request.getfixturevalue("redis_url")
    written = tmp_path / "written"
    written.touch()
    send = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", ASK_BOTH.format(path=str(written))]
    assert run_own(send, cwd=ROOT, env=env).returncode == 0
    with worker(env, 0, tmp_path / "w0.log", at_once=1, ends_with=signal.SIGKILL):
        wait_for(lambda: len(in_order(written)) == 6)
    assert in_order(written) == [0, 1, 2, 3, 4, 5]


def done_of(written):
    return set(map(int, written.read_text().split()))
