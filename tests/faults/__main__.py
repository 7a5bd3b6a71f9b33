"""`make faults`: the service under load, its processes killed, its neighbours failing; then every promise counted.

KILLS (30), SEED (1), LAYOUT (production, or embedded), EVERY (seconds between two faults: 5). Ends with 1 when a
promise is broken; then the folder of the run, with its logs, is kept.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from tests.faults import promises
from tests.faults.disk import Disk
from tests.faults.nights import NIGHTS, Night
from tests.faults.receivers import Hooks, Mails
from tests.faults.stack import Stack
from tests.faults.world import PREPARE, Clients
from tests.servers import ROOT, Missing, free_port

KILLS = int(os.environ.get("KILLS", "30"))
SEED = int(os.environ.get("SEED", "1"))
EVERY = float(os.environ.get("EVERY", "5"))
EMBEDDED = os.environ.get("LAYOUT", "production") == "embedded"
LONGEST_START = 60  # seconds
LONGEST_CALM = 900  # seconds for all to be told once the faults are over
ASKED_TO_END: list[int] = []
OTHERS = ["mails", "hooks", "clock", "beats", "disk"]
if not EMBEDDED:
    OTHERS += ["postgresql", "redis", "redis frozen", "redis emptied"]
HOURS = (-3, 0, 3)  # that the clock of the service is ahead of the true time
FULL_FOR = 5  # seconds


def environment(folder: Path, mails: Mails) -> dict:
    port = free_port()
    return {
        **os.environ, "ENV_FILE": os.devnull, "SECRET_KEY": os.urandom(50).hex(), "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/bal.sqlite3", "REDIS_URL": "", "PORT": str(port), "WEB_WORKERS": "2",
        "SITE_URL": f"http://127.0.0.1:{port}", "EMAIL_URL": mails.url, "EMAIL_TIMEOUT": "5",
        "WEBHOOK_NETWORKS": "127.0.0.0/8", "API_REQUESTS_PER_MINUTE": "100000", "CONN_MAX_AGE": "60",
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings", "PYTHONPATH": str(ROOT),
    }  # fmt: skip


def answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/compte/login/", timeout=10) as got:
        return got.status == 200
    return False


def keep_until(stack: Stack, condition, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (reached := condition()) and time.monotonic() < deadline:
        stack.keep_alive()
        time.sleep(0.5)
    return reached


def play(stack: Stack, clients: Clients, mails: Mails, hooks: Hooks, disk: Disk | None) -> tuple[Counter, int]:
    """A fault now and then, two in three a kill, until there were so many kills, or someone has seen enough."""
    choice, done, kills = random.Random(SEED), Counter(), 0
    others = [fault for fault in OTHERS if fault != "disk" or disk]
    while kills < KILLS and not ASKED_TO_END:
        keep_until(stack, lambda: False, EVERY)
        stack.mend_postgresql()
        keep_until(stack, lambda: answers(stack.env["SITE_URL"]), LONGEST_START)  # else a slow machine only ever starts
        fault = choice.choice(others) if choice.random() < 1 / 3 else "kill"
        if fault == "kill":
            done[f"kill -9: {stack.kill(choice)}"] += 1
            kills += 1
        elif fault in ("mails", "hooks"):
            receiver = mails if fault == "mails" else hooks
            receiver.mood = choice.choice(receiver.MOODS)
            done[f"{fault}: {receiver.mood}"] += 1
        elif fault == "clock":
            hours = choice.choice(HOURS)
            stack.clock.jump(hours * 3600)
            done[f"clock set {hours:+} h from the true time"] += 1
        elif fault == "beats":
            done["a second beat comes" if stack.switch_beat() else "the second beat goes"] += 1
        elif fault == "disk":
            be_full(stack, disk)
            done["disk full"] += 1
        else:
            strike(stack, fault)
            done[fault] += 1
        print(
            f"\r{kills} kills, {clients.written.total()} writes, {mails.accepted.total()} mails",
            end="",
            file=sys.stderr,
        )
    return done, kills


def be_full(stack: Stack, disk: Disk) -> None:
    """All that is freed meanwhile is taken too; then someone makes room."""
    keep_until(stack, disk.fill, FULL_FOR)
    disk.make_room()


def strike(stack: Stack, fault: str) -> None:
    if fault == "postgresql":
        stack.postgresql.stop()
        keep_until(stack, lambda: False, 2)
        stack.postgresql.start()
    elif fault == "redis":
        stack.redis.process.kill()
        keep_until(stack, lambda: False, 2)
        stack.redis.stop()
        stack.redis.start()
    elif fault == "redis frozen":
        stack.redis.process.send_signal(signal.SIGSTOP)
        keep_until(stack, lambda: False, 3)
        stack.redis.process.send_signal(signal.SIGCONT)
    else:
        stack.redis.empty()


def faults(folder: Path) -> int:
    run, disk = folder / "run", None
    run.mkdir(mode=0o711)  # PostgreSQL, under another account, must pass through
    try:
        disk = Disk(run)
    except Missing as missing:
        print(f"NOT PLAYED, a full disk: {missing}")
    code = play_all(run, disk, folder)
    if disk and not code:
        disk.close()
    return code


def play_all(folder: Path, disk: Disk | None, beside: Path) -> int:
    mails, hooks = Mails(), Hooks()
    env = environment(folder, mails)
    nights = {}
    stack = Stack(folder, env, embedded=EMBEDDED)
    try:
        for title, day in NIGHTS.items():
            nights[title] = Night(beside / title.replace(" ", "-"), env, day)
        stack.manage("migrate", "--verbosity", "0")
        stack.manage("collectstatic", "--no-input", "--verbosity", "0")
        world = json.loads(
            stack.manage("shell", "--no-imports", "--verbosity", "0", "-c", PREPARE.replace("HOOK", hooks.url))
        )
        if not keep_until(stack, lambda: answers(env["SITE_URL"]), 300):
            raise RuntimeError(f"the service did not start: see {folder}")
        clients = Clients(env["SITE_URL"], world["token"], world["bals"])
        started = time.monotonic()
        done, kills = play(stack, clients, mails, hooks, disk)
        mails.mood = hooks.mood = "well"
        stack.clock.jump(0)
        stack.mend_postgresql()
        lasted = time.monotonic() - started
        keep_until(stack, lambda: answers(env["SITE_URL"]), 300)
        clients.stop()
        keep_until(stack, lambda: promises.is_settled(promises.look(stack.manage)), LONGEST_CALM)
        calm = time.monotonic() - started - lasted
        seen = promises.look(stack.manage)
        keep_until(stack, lambda: all(night.is_over() for night in nights.values()), 600)
    finally:
        for night in nights.values():
            night.stop()
        stack.stop()
        mails.controller.stop()
    kept, told = promises.judge(seen, clients, mails, hooks, kills)
    for title, night in nights.items():
        wrong = night.judge()
        kept[f"jobs sent too seldom or too often on the night {title}"] = len(wrong)
        told[f"jobs sent on the night {title}"] = f"{sum(map(len, night.sent().values()))} {wrong or ''}"
    print(f"\n{'embedded' if EMBEDDED else 'production'}, seed {SEED}: {kills} kills in {lasted / 60:.1f} minutes, "
          f"all told {calm:.0f} s later")  # fmt: skip
    for title, counts in (("faults", done), ("told", told), ("promises", kept)):
        print(f"--- {title}")
        for name, count in counts.items():
            print(f"{name}: {count}")
    return 1 if any(kept.values()) else 0


def end(number: int, _frame) -> None:
    """Ctrl-C ends the faults, and what held until then is counted; a second one ends it all."""
    if ASKED_TO_END:
        sys.exit(1)
    ASKED_TO_END.append(number)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    folder = Path(tempfile.mkdtemp(prefix="bal-faults-"))
    folder.chmod(0o711)  # PostgreSQL, under another account, must pass through
    code = faults(folder)
    if code:
        print(f"A PROMISE IS BROKEN: the logs are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
