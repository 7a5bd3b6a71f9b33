"""How the web process serves; each value can be set from the environment (docs/settings.md)."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from balmanager.env import Env

env = Env()
try:
    bind = env.web_address("BIND")
    workers = env.between("WEB_WORKERS", 1, 1000, default=1)
    threads = env.between("WEB_THREADS", 1, 1000, default=8)
except ImproperlyConfigured as error:
    sys.exit(str(error))  # the sentence alone: gunicorn would print where in its code it was read
loglevel = "warning"
control_socket_disable = True

# Where the processes count their requests together; in memory where it can be: a full disk would end them.
_memory = Path("/dev/shm")  # noqa: S108
_folder = _memory if _memory.is_dir() else Path(tempfile.gettempdir())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # a reload reads this file again
    for left in _folder.glob("bal-metrics-*-*"):  # by one that was killed
        if not _is_alive(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=f"bal-metrics-{os.getpid()}-", dir=_folder)


from prometheus_client import multiprocess  # noqa: E402 - it looks for that folder as it is imported


def post_worker_init(_worker):
    """What was loaded stays until the end: no collection of garbage need look through it again."""
    gc.collect()
    gc.freeze()


def child_exit(_server, worker):
    multiprocess.mark_process_dead(worker.pid)


def on_exit(_server):
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def when_ready(_server):
    """The last thing `make run` says is where to go, and as whom."""
    var = Path(os.environ.get("VAR_DIR", "var"))
    demo, first = var / "demo.txt", var / "first.txt"
    logins = "".join(file.read_text() for file in (demo, first) if file.exists())
    first.unlink(missing_ok=True)  # a password that serves is said once, and kept nowhere
    print(f"\n{logins}\n  BAL Manager: http://{bind}  (Ctrl-C stops it)\n", flush=True)  # noqa: T201
