"""`make run`: web, worker and beat as children of one process, which starts again whichever of them ends.

For the embedded mode. Production leaves this to systemd or to containers (docs/deploy.md).
"""

import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from balmanager.env import Env

BIN = Path(sys.executable).parent
CELERY = [sys.executable, "-W", "ignore:You're running the worker with superuser", "-m", "celery", "--quiet"]
CELERY += ["-A", "balmanager"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]  # a worker alone talks to nobody
PROGRAMS = {
    "web": [str(BIN / "gunicorn"), "balmanager.wsgi"],
    "worker": [*CELERY, "worker", "--pool", "threads", "--concurrency", "2", *QUIET],
    "beat": [*CELERY, "beat", "--pidfile="],
}
LONGEST_WAIT = 30  # seconds before a program that keeps ending is started again
STEADY_AFTER = 60  # seconds of life after which its former ends are forgotten
GRACE = 15  # seconds that a program has to stop
LITTLE_SPACE = 200 * 1024 * 1024
PORTS_TRIED = 100


def warn(text: str) -> None:
    print(f"\n  WARNING: {text}\n", file=sys.stderr, flush=True)


# --- Before the start -------------------------------------------------------------------------------------------------
def prepare() -> None:
    """Bring tables, static files and demonstration (or first account) up to date; what fails is said, and does not stop
    the start."""
    free = shutil.disk_usage(settings.VAR_DIR).free
    if free < LITTLE_SPACE:
        warn(f"only {free // 1024**2} MB are free for {settings.VAR_DIR}: make room, or writes will fail.")
    manage("migrate", "--verbosity", "0")
    manage("collectstatic", "--no-input", "--verbosity", "0")
    # The web process says them, last of all.
    if wants_demonstration():
        if logins := manage("make_demo", "--if-empty", stdout=subprocess.PIPE).stdout:
            keep(settings.VAR_DIR / "demo.txt", logins)
        readdress(settings.VAR_DIR / "demo.txt")
    elif login := manage("make_first_account", stdout=subprocess.PIPE).stdout:
        keep(settings.VAR_DIR / "first.txt", login)


def wants_demonstration() -> bool:
    return os.environ.get("DEMO", "yes").lower() not in ("no", "non", "false", "0", "off")


def manage(*words: str, **options) -> subprocess.CompletedProcess:
    done = subprocess.run([sys.executable, "manage.py", *words], text=True, check=False, **options)  # noqa: S603
    if done.returncode:
        warn(f"“manage.py {words[0]}” failed: see above. The start goes on without it.")
    return done


def keep(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        warn(f"{path} could not be written ({error.strerror}).")
        print(text, flush=True)


def readdress(path: Path) -> None:
    """What an earlier start was told of names the port of that one."""
    if not path.is_file():
        return
    told = path.read_text()
    now = re.sub(r"http://localhost:\d+", f"http://localhost:{os.environ['PORT']}", told)
    if now != told:
        keep(path, now)


def port_of(env: Env) -> int:
    """Where people go: PORT, or the next that nobody holds; where BIND says what the web listens on, its own."""
    wanted = env.port("PORT", default=8000)
    if not env("BIND", default=""):
        return choose_port(wanted)
    port = env.web_address("BIND").rpartition(":")[2]
    return int(port) if port.isdigit() and not env("PORT", default="") else wanted


def choose_port(wanted: int) -> int:
    """The port itself, or the next that nobody holds."""
    for port in range(wanted, wanted + PORTS_TRIED):
        if is_free(port):
            if port != wanted:
                warn(f"port {wanted} is taken: BAL Manager answers on {port} instead (PORT=… chooses another).")
            return port
    return wanted


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn will ask
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# --- Keeping alive ----------------------------------------------------------------------------------------------------
class Program:
    def __init__(self, name: str, command: list[str]):
        self.name, self.command = name, command
        self.process: subprocess.Popen | None = None
        self.ends = 0
        self.start_at = 0.0

    def keep_alive(self) -> None:
        if self.process and (code := self.process.poll()) is not None:
            self.bury(code)
        if not self.process and time.monotonic() >= self.start_at:
            self.started_at = time.monotonic()
            # A session of its own: Ctrl-C reaches us alone, and we stop them in order.
            self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=end_with_parent)  # noqa: S603

    def bury(self, code: int) -> None:
        self.kill()  # what it had started itself
        if time.monotonic() - self.started_at > STEADY_AFTER:
            self.ends = 0
        wait = min(2**self.ends - 1, LONGEST_WAIT)
        self.ends += 1
        self.process, self.start_at = None, time.monotonic() + wait
        warn(f"{self.name} ended ({code}): started again{f' in {wait} s' if wait else ''}.")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def end_with_parent() -> None:
    """Linux stops the child should this process be killed; elsewhere it would stay."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1: PR_SET_PDEATHSIG


def supervise(programs: list[Program]) -> None:
    """Until one is told to stop (Ctrl-C, a closed terminal, `kill`)."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: asked.append(received))
    while not asked:
        for program in programs:
            program.keep_alive()
        time.sleep(0.2)
    for program in programs:
        program.stop()
    deadline = time.monotonic() + GRACE
    while any(program.process and program.process.poll() is None for program in programs):
        if time.monotonic() > deadline or len(asked) > 1:  # asked twice: at once
            break
        time.sleep(0.1)
    for program in programs:
        program.kill()


def keep_others_out() -> None:
    """What these processes write is read by their account alone; so is what an earlier version left to be read."""
    os.umask(0o077)
    for path in [*settings.VAR_DIR.glob("*.sqlite3*"), *settings.VAR_DIR.glob("demo.txt")]:
        path.chmod(0o600)


def keep_alone() -> IO | None:
    """What these processes share (database, queue, schedule, port) is one start's; the system lets go of it when this
    process ends, however it does."""
    path = settings.VAR_DIR / "run.lock"
    try:
        lock = path.open("a")
    except OSError as error:
        warn(f"{path} could not be written ({error.strerror}).")
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        sys.exit(f"Another “make run” is at work in {path.parent}: stop it, or give this one a VAR_DIR of its own.")
    return lock


def main() -> None:
    keep_others_out()
    alone = keep_alone()  # noqa: F841 - held until the end
    try:
        port = port_of(Env())
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    os.environ["PORT"] = str(port)
    try:
        prepare()
    except KeyboardInterrupt:
        sys.exit(130)
    os.environ.setdefault("LOG_LEVEL", "WARNING")  # a person looks on
    supervise([Program(name, command) for name, command in PROGRAMS.items()])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")
    main()
