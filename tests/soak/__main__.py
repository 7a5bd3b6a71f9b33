"""`make soak`: the embedded mode under load, its processes killed again and again: nothing lost, nothing stays dead.

SOAK_MINUTES (30) and SOAK_RATE (20 tasks a second) may be set. Ends with 1 when a task was lost or a process missing.
"""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

from tests.servers import ROOT, free_port, private_folder

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
RATE = int(os.environ.get("SOAK_RATE", "20"))
KILL_EVERY = 20  # seconds
NAMES = ("web", "worker", "beat")
CHOSEN = ("worker", "worker", "web", "beat")  # as often as it is worth


def children_of(pid):
    found = {}
    for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{number}/cmdline").read_bytes().decode().replace("\0", " ")
            name = "web" if "gunicorn" in line else "beat" if " beat " in f"{line} " else "worker"
            found[name] = int(number)
    return found


def answers(url):
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/compte/login/", timeout=10) as answer:
        return answer.status == 200
    return False


def waiting(queue):
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(queue)) as database:
        return database.execute("SELECT count(*) FROM messages WHERE queue IN ('celery', 'background')").fetchone()[0]
    return -1


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not (reached := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return reached


def drain(queue):
    """Until nothing waits, or nothing is done any more: a slow machine is late, and has lost nothing."""
    left, since = waiting(queue), time.monotonic()
    while left and time.monotonic() - since < 120:
        time.sleep(1)
        if (now := waiting(queue)) != left:
            left, since = now, time.monotonic()


def soak(folder, url, env):
    """Start, load, kill, wait, count."""
    counts = Counter()
    written, asked = folder / "written", folder / "asked"
    written.touch()
    log = (folder / "log").open("ab")
    stack = subprocess.Popen([sys.executable, "-m", "balmanager.run"], cwd=ROOT, env=env, stdout=log, stderr=log)
    assert wait_for(lambda: answers(url), 1200), (folder / "log").read_text()
    command = [sys.executable, "-m", "tests.soak.producer", str(written), "0", str(int(MINUTES * 60 * RATE)), str(RATE)]
    producer = subprocess.Popen(command, cwd=ROOT, env=env, stdout=asked.open("wb"))
    next_kill = time.monotonic() + KILL_EVERY
    while producer.poll() is None:
        counts["pages", "answered" if answers(url) else "refused"] += 1
        if time.monotonic() >= next_kill:
            name = random.choice(CHOSEN)
            if pid := children_of(stack.pid).get(name):
                os.kill(pid, signal.SIGKILL)
                counts["killed", name] += 1
            next_kill += KILL_EVERY
        time.sleep(1)
    drain(folder / "queue.sqlite3")
    counts["dead", "after"] = len(NAMES) - len(
        wait_for(lambda: len(now := children_of(stack.pid)) == 3 and now, 60) or {}
    )
    stack.send_signal(signal.SIGINT)
    stack.wait(60)
    log.close()
    return counts, set(map(int, asked.read_text().split())), list(map(int, written.read_text().split()))


def main():
    with private_folder() as folder:
        url = f"http://127.0.0.1:{(port := free_port())}"
        env = {
            **os.environ, "ENV_FILE": os.devnull, "SECRET_KEY": os.urandom(50).hex(), "VAR_DIR": str(folder),
            "REDIS_URL": "", "DATABASE_URL": f"sqlite:///{folder}/bal.sqlite3", "PORT": str(port),
            "DJANGO_SETTINGS_MODULE": "tests.soak.settings", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        counts, asked, written = soak(folder, url, env)
        log = (folder / "log").read_text()
    lost = asked - set(written)
    print(f"{MINUTES:g} minutes, {len(asked)} tasks asked, {len(set(written))} done, {len(lost)} lost, "
          f"{len(written) - len(set(written))} done twice")  # fmt: skip
    print(", ".join(f"{what} {which}: {number}" for (what, which), number in sorted(counts.items())))
    print(f"ends told in the log: {log.count(' ended (')}, tracebacks: {log.count('Traceback')}")
    return 1 if lost or counts["dead", "after"] else 0


if __name__ == "__main__":
    sys.exit(main())
