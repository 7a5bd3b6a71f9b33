"""A process forked is a process started: what it is given, what it says of itself, how it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forks import FORKS, OF_OTHERS, OURS, ROOT, OwnCommand, run_own
from tests.servers import wait_for

LOOK = """
import gc, os, resource, signal, sys, threading, time
print(os.getcwd(), sys.argv, sys.path[:2], sorted(os.environ.items()), time.tzname, sys.stdin.read())
print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP)])
print(os.getppid(), os.getpgid(0), os.getsid(0), os.umask(0), sorted(os.listdir("/proc/self/fd")))
print(gc.isenabled(), threading.active_count(), resource.getrlimit(resource.RLIMIT_NOFILE), __name__)
print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.encoding)
"""
LATER = "import sys; sys.stdin.read()"


@pytest.fixture
def by_file(tmp_path):
    (tmp_path / "look.py").write_text(LOOK)
    return tmp_path


@pytest.mark.parametrize("how", [["-c", LOOK], ["-m", "look"], ["look.py"]], ids=["a text", "a module", "a file"])
def test_what_is_forked_sees_what_what_is_started_sees(by_file, how):
    command = [sys.executable, *how, "--word", "an other"]
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "Asia/Tokyo", "OWN": "é", "PYTHONPATH": str(ROOT)}
    started, forked = (run(command, cwd=by_file, env=env) for run in (run_started, run_own))
    assert started.returncode == forked.returncode == 0, forked.stderr
    assert forked.stdout == started.stdout
    assert str(os.getpid()) in forked.stdout.splitlines()[2].split()


@pytest.mark.parametrize(
    "words",
    [["-m", "gunicorn", "--print-config", "balmanager.wsgi"], ["manage.py", "diffsettings", "--all"]],
    ids=["gunicorn", "settings"],
)
def test_what_is_forked_is_set_as_what_is_started(words):
    command = [sys.executable, *words]
    env = {**os.environ, "PORT": "8123", "SITE_URL": "https://bal.exemple.fr", "PROMETHEUS_MULTIPROC_DIR": "/tmp"}
    started, forked = (run(command, cwd=ROOT, env=env) for run in (run_started, run_own))
    assert started.returncode == forked.returncode == 0, forked.stderr
    assert "8123" in forked.stdout or "bal.exemple.fr" in forked.stdout
    assert in_any_order(forked.stdout) == in_any_order(started.stdout)


def in_any_order(settings):
    """A set is printed in an order that is another in each process."""
    return ["".join(sorted(line)) for line in re.sub(r" at 0x\w+", "", settings).splitlines()]


def run_started(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)


ENDS = {
    "pass": 0,
    "import sys; sys.exit(3)": 3,
    "import sys; sys.exit('not so')": 1,
    "1 / 0": 1,
    "import os; os.abort()": -signal.SIGABRT,
    "import os, signal; os.kill(os.getpid(), signal.SIGINT)": -signal.SIGINT,
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": -signal.SIGKILL,
    "import atexit; atexit.register(print, 'good-bye'); import threading; threading.Timer(0.05, print, ['late']).start()": 0,  # noqa: E501
}


@pytest.mark.parametrize("code", ENDS)
def test_it_ends_as_what_is_started_does(code):
    started, forked = (run([sys.executable, "-c", code], cwd=ROOT) for run in (run_started, run_own))
    assert forked.returncode == started.returncode == ENDS[code]
    assert forked.stdout == started.stdout
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_nothing_of_ours_is_loaded_before_it_is_asked_for_nor_any_setting_read():
    code = "import sys; from django.conf import settings; print('django.forms' in sys.modules, settings.configured)"
    of_ours = f"print({{name.partition('.')[0] for name in sys.modules}} & {set(OURS)!r})"
    assert run_own([sys.executable, "-c", f"{code}; {of_ours}"]).stdout.split() == ["True", "False", "set()"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        run_own([sys.executable, "-c", "pass"], cwd=tmp_path / "none")


def test_all_that_is_named_is_loaded():
    said = run_own([sys.executable, "-c", "import sys; print(*sys.modules)"]).stdout.split()
    assert set(OF_OTHERS) - {"ldap"} <= set(said)


def test_several_at_once_have_each_their_own_streams_and_their_own_chance():
    code = "import random, sys; print(sys.stdin.read(), random.random())"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [OwnCommand([sys.executable, "-c", code], **pipes) for _ in range(3)]
    said = [process.communicate(f"to {number}")[0] for number, process in enumerate(processes)]
    assert [line.rpartition(" ")[0] for line in said] == ["to 0", "to 1", "to 2"]
    assert len({line.rpartition(" ")[2] for line in said}) == 3


def test_one_that_is_killed_takes_no_other_with_it():
    killed, other = (OwnCommand([sys.executable, "-c", LATER], stdin=subprocess.PIPE) for _ in range(2))
    killed.kill()
    assert killed.wait(30) == -signal.SIGKILL
    assert other.poll() is None
    for process in (killed, other):
        process.stdin.close()
    assert other.wait(30) == 0


STARTER = """
import subprocess, sys, time
from tests.forks import FORKS, OwnCommand, die_with_parent
later = OwnCommand([sys.executable, "-c", "import time; time.sleep(600)"], preexec_fn=die_with_parent)
print(later.pid, FORKS.process.pid, flush=True)
sys.stdin.read()
"""


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    except FileNotFoundError:
        return False


def test_who_asked_being_killed_ends_what_it_asked_for_and_what_forks():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", STARTER], cwd=ROOT, **pipes) as starter:
        started = starter.stdout.readline().split()
        assert all(map(lives, started))
        starter.kill()
    wait_for(lambda: not any(map(lives, started)), seconds=30)


def test_what_forks_is_ours_and_ends_with_the_session():
    assert run_own([sys.executable, "-c", "pass"]).returncode == 0
    assert lives(FORKS.process.pid)
    former = FORKS.process.pid
    FORKS.end()
    assert not lives(former)
    assert run_own([sys.executable, "-c", "pass"]).returncode == 0, "and is begun anew for who asks again"
