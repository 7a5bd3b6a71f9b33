"""`make run` as a person meets it: it starts, it stays, one Ctrl-C ends it, and what is in its way is said."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from balmanager import run
from balmanager.env import Env
from tests.servers import ROOT, wait_for

pytestmark = pytest.mark.postgresql_run  # the embedded mode alone: once is enough


def children_of(pid):
    """The programs by name: those that `run` started and that live."""
    numbers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = {}
    for number in numbers:
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{number}/cmdline").read_bytes().decode().replace("\0", " ")
            name = "web" if "gunicorn" in line else "beat" if " beat " in f"{line} " else "worker"
            found[name] = int(number)
    return found


def complete_again(pid, before):
    now = children_of(pid)
    return now if now.keys() == before.keys() and now != before else None


def answers(app):
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{app.url}/compte/login/", timeout=10) as answer:
        return answer.status == 200


def readable_by_others(var):
    """The files of the data that another account of this machine could read."""
    kept = [*var.glob("*.sqlite3*"), *var.glob("*.txt"), *var.glob("beat*")]
    assert kept
    readable = []
    for path in kept:
        with contextlib.suppress(FileNotFoundError):  # the log of a write, gone with the last that read it
            if path.stat().st_mode & 0o077:
                readable.append(path.name)
    return readable


def tasks_waiting(app):
    waiting = contextlib.closing(sqlite3.connect(app.var / "queue.sqlite3"))
    with contextlib.suppress(sqlite3.OperationalError), waiting as queue:
        return queue.execute("SELECT count(*) FROM messages WHERE queue IN ('celery', 'background')").fetchone()[0]


def test_a_dead_worker_is_started_again_beside_the_web_and_one_ctrl_c_ends_all(app_data):
    app = app_data()
    app.manage("shell", "-c", "from mailboxes.models import Structure; Structure.objects.create(name='CHU')")
    command = [sys.executable, "-m", "balmanager.run"]
    with app.log.open("ab") as log, subprocess.Popen(command, cwd=ROOT, env=app.env, stdout=log, stderr=log) as started:
        try:
            wait_for(lambda: answers(app))
            before = children_of(started.pid)
            assert set(before) == {"web", "worker", "beat"}
            os.kill(before["worker"], signal.SIGKILL)
            after = wait_for(lambda: complete_again(started.pid, before))
            assert after["web"] == before["web"]
            assert answers(app)
            assert readable_by_others(app.var) == []
            send = "from mailboxes.notices.telling import tell; tell.delay([])"
            app.manage("shell", "-c", send)
            wait_for(lambda: tasks_waiting(app) == 0)
        finally:
            started.send_signal(signal.SIGINT)
        assert started.wait(30) == 0
    assert [pid for pid in after.values() if Path(f"/proc/{pid}").exists()] == []
    assert "worker ended (-9): started again." in app.log.read_text()
    assert "Traceback" not in app.log.read_text()


def test_a_second_start_on_the_same_data_is_refused_and_the_first_one_s_end_lets_it_in(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with run.keep_alone(), pytest.raises(SystemExit, match="Another “make run” is at work"):
        run.keep_alone()
    with run.keep_alone():
        pass


def test_a_taken_port_is_said_and_the_next_one_serves(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert run.choose_port(taken) > taken
    assert f"port {taken} is taken" in capsys.readouterr().err


def test_a_free_port_is_kept_without_a_word(capsys):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert run.choose_port(free) == free
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("env", "port"),
    [
        ({"BIND": "0.0.0.0:{taken}"}, "{taken}"),
        ({"BIND": "unix:/run/bal/web.sock"}, "8000"),
        ({"BIND": "127.0.0.1:{taken}", "PORT": "9"}, "9"),
    ],
)
def test_where_the_web_listens_is_told_no_other_port_is_promised(capsys, monkeypatch, env, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.delenv("PORT", raising=False)
        for name, value in env.items():
            monkeypatch.setenv(name, value.format(taken=taken))
        assert run.port_of(Env()) == int(port.format(taken=taken))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("given", "told"), [((), []), (("PORT=8123",), ["PORT=8123"])])
def test_make_run_names_no_port_of_its_own(monkeypatch, given, told):
    """It would go before the one of `.env`, and before that of BIND."""
    monkeypatch.delenv("PORT", raising=False)
    asked = ["make", "--eval", "shown:\n\t@env", "shown", *given]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("PORT=")] == told


def test_the_accounts_are_told_with_the_port_of_this_start(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(run, "manage", lambda *words, **options: subprocess.CompletedProcess(words, 0, ""))
    (tmp_path / "demo.txt").write_text("Adresse  http://localhost:8000\nhttp://localhost:8000/avis/\n")
    monkeypatch.setenv("PORT", "8091")
    run.prepare()
    told = "Adresse  http://localhost:8091\nhttp://localhost:8091/avis/\n"
    assert (tmp_path / "demo.txt").read_text() == told


def test_a_full_disk_is_said_and_does_not_stop_the_start(settings, tmp_path, capsys, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(run, "LITTLE_SPACE", 2**62)
    monkeypatch.setattr(run, "manage", lambda *words, **options: subprocess.CompletedProcess(words, 0, "identifiants"))
    (tmp_path / "demo.txt").symlink_to("/dev/full")
    run.prepare()
    said = capsys.readouterr()
    assert "MB are free" in said.err
    assert "demo.txt could not be written (No space left on device)" in said.err
    assert "identifiants" in said.out


def test_a_step_that_fails_is_said_and_the_start_goes_on(capsys):
    run.manage("no-such-command", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert "“manage.py no-such-command” failed" in capsys.readouterr().err


def test_a_program_that_is_ended_by_force_is_gone_once_that_is_said():
    program = run.Program("worker", ["sleep", "100"])
    program.keep_alive()
    place = Path(f"/proc/{program.process.pid}")
    assert place.exists()
    program.kill()
    assert not place.exists()


def test_a_program_that_keeps_ending_is_started_ever_more_slowly(monkeypatch):
    now, waits = [1000.0], []
    monkeypatch.setattr(run.time, "monotonic", lambda: now[0])
    program = run.Program("worker", ["false"])
    for _ in range(8):
        program.keep_alive()
        program.bury(program.process.wait())
        waits.append(program.start_at - now[0])
        now[0] = program.start_at
    assert waits == [0, 1, 3, 7, 15, 30, 30, 30]
