"""The processes of the service, in the layout of production or the embedded one; what dies is started again."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.clock import Clock
from tests.faults.servers import PostgreSQL, Redis
from tests.servers import ROOT, die_with_parent, run_postgresql

CELERY = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "balmanager"]
PRODUCTION = {
    "web": [sys.executable, "-m", "gunicorn", "balmanager.wsgi"],
    "worker 1": [*CELERY, "worker", "--concurrency", "2", "-n", "one@%h"],
    "worker 2": [*CELERY, "worker", "--concurrency", "2", "-n", "two@%h"],
    "beat": [*CELERY, "beat", "--pidfile="],
}
# As if someone had started the schedule on two machines.
ANOTHER_BEAT = "another beat"
EMBEDDED = {"make run": [sys.executable, "-m", "balmanager.run"]}
# As they are found in what they run, when one process starts the others.
CHILDREN = {"web": "gunicorn", "beat": " beat ", "worker": " worker "}
RESTART_AFTER = 2  # seconds


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kind_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
        return next((name for name, sign in CHILDREN.items() if sign in line), "other")
    return "other"


class Stack:
    def __init__(self, folder: Path, env: dict, *, embedded: bool):
        self.folder, self.env, self.clock = folder, env, Clock(folder)
        self.programs = dict(EMBEDDED if embedded else PRODUCTION)
        self.running: dict[str, subprocess.Popen] = {}
        self.start_at: dict[str, float] = {}
        self.servers = contextlib.ExitStack()
        self.postgresql: PostgreSQL | None = None
        self.redis: Redis | None = None
        if not embedded:
            durable = {
                "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on",
                "max_wal_size": "128MB",  # the disk of the run is small
            }  # fmt: skip
            env["DATABASE_URL"] = self.servers.enter_context(run_postgresql(folder, **durable))
            self.postgresql, self.redis = PostgreSQL(folder, env["DATABASE_URL"]), Redis(folder)
            self.redis.start()
            env["REDIS_URL"] = self.redis.url

    def manage(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    def keep_alive(self) -> None:
        for name, command in self.programs.items():
            process = self.running.get(name)
            if process and process.poll() is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # as systemd ends what is left of a unit
                del self.running[name]
                self.start_at[name] = time.monotonic() + RESTART_AFTER
            if name not in self.running and time.monotonic() >= self.start_at.get(name, 0.0):
                log = (self.folder / f"{name.replace(' ', '-')}.log").open("ab")
                self.running[name] = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env={**self.env, **self.clock.env},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
                log.close()

    def mend_postgresql(self) -> None:
        """It ends where its disk is full while it recovers: whoever makes room starts it again."""
        if self.postgresql and not self.postgresql.is_alive():
            self.postgresql.start()

    def switch_beat(self) -> bool:
        """A second beat comes, or goes; is there one now?"""
        if ANOTHER_BEAT not in self.programs:
            self.programs[ANOTHER_BEAT] = [*CELERY, "beat", "--pidfile=", "-s", str(self.folder / "another-schedule")]
            return True
        del self.programs[ANOTHER_BEAT]
        if process := self.running.pop(ANOTHER_BEAT, None):
            process.kill()
            process.wait()
        return False

    def kill(self, choice: random.Random) -> str:
        """kill -9 of one process, a master or a child; what it was."""
        masters = {process.pid: name for name, process in self.running.items()}
        found = dict(masters)
        for pid, name in masters.items():
            for child in children_of(pid):
                found[child] = f"{name}, child" if name != "make run" else f"make run, {kind_of(child)}"
        pid = choice.choice(sorted(found))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return found[pid]

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self.redis:
            self.redis.stop()
        if self.postgresql:
            self.postgresql.running.close()
        self.servers.close()
