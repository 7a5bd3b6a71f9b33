"""Our own commands as processes, started from one that has loaded what they import of others.

A start of `manage.py` costs two thirds of a second of processor, most of it for Django, DRF, Celery and their like.
`python tests/forks.py FD` has loaded those, and nothing of ours: no settings, no connection, no thread. Asked on its
socket, it forks a process, which is given its words, surroundings, folder and streams, reads our code from the disk as
any start does, and ends as any program ends. It is a child of who asked, as if that one had started it itself.
"""

import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIES_WITH_PARENT, ADOPTS_ORPHANS = 1, 36  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER of prctl(2)
OURS = ("balmanager", "mailboxes", "directory", "tests")
# What our commands, the web and the worker import of others, by those that bring the rest; what wants settings is left.
# Not prometheus_client and gunicorn, which look for their folder as they are imported.
OF_OTHERS = (
    "celery.apps.worker", "celery.backends.base", "celery.bin.celery", "celery.concurrency.thread",
    "celery.fixups.django", "celery.worker.consumer", "celery.worker.strategy", "kombu.transport.redis",
    "kombu.transport.virtual", "django.contrib.admin", "django.contrib.auth.hashers",
    "django.contrib.postgres.fields.utils", "django.core.mail.backends.smtp",
    "django.core.management.commands.migrate", "django.core.management.commands.runserver",
    "django.core.management.commands.shell", "django.core.servers.basehttp", "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base", "django.forms", "django.template.loader", "django.test.signals",
    "django.views.generic", "cryptography.x509", "dateutil.relativedelta", "django_filters", "fido2.webauthn",
    "httpx", "imapclient", "jwt", "ldap", "xlsxwriter",
    "prompt_toolkit", "psycopg", "pyrage", "pythonjsonlogger.json", "redis", "reportlab.platypus", "requests",
    "segno", "stdnum", "tenacity", "tqdm", "whitenoise.storage", "yaml",
)  # fmt: skip


def die_with_parent():
    """Should pytest itself be killed, Linux ends its servers."""
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGINT)


# --- Who asks ---------------------------------------------------------------------------------------------------------
class Forks:
    """The process that forks, of this one: begun when first asked."""

    def __init__(self):
        self.door = self.process = None
        self.asked_by = threading.Lock()

    def begin(self):
        self.door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=env, cwd="/"
            )

    def ask(self, streams, **facts):
        """The id of the process, which is our child from now on."""
        with self.asked_by:
            if not self.process:
                self.begin()
            adopt = ctypes.CDLL(None).prctl
            adopt(ADOPTS_ORPHANS, 1, 0, 0, 0)
            try:
                socket.send_fds(self.door, [json.dumps(facts).encode()], streams)
                answer = self.door.recv(4096).decode()
            finally:
                adopt(ADOPTS_ORPHANS, 0, 0, 0, 0)
            if not answer.isdecimal():
                raise OSError(answer or "the process that forks is gone")
            return int(answer)

    def end(self):
        if self.process:
            self.door.close()
            self.process.wait()
            self.process = None


FORKS = Forks()
GIVEN = inspect.signature(subprocess.Popen._execute_child)


class OwnCommand(subprocess.Popen):
    """A Popen of one of our own commands, `[sys.executable, …]`, that need not load again what others wrote."""

    def _execute_child(self, *facts):
        given = GIVEN.bind(self, *facts).arguments
        python, *words = map(str, given["args"])
        if sys.platform != "linux":
            return super()._execute_child(*facts)
        assert python == sys.executable
        assert given["preexec_fn"] in (None, die_with_parent), "it is said by name: no function can be sent"
        pipes = [given[end] for end in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")]
        streams = [
            own if given_one == -1 else given_one for own, given_one in enumerate((pipes[0], pipes[3], pipes[5]))
        ]
        try:
            self.pid = FORKS.ask(
                streams,
                words=words,
                env=dict(given["env"] or os.environ),
                cwd=str(given["cwd"] or Path.cwd()),
                dies_with_parent=bool(given["preexec_fn"]),
                leads=bool(given["start_new_session"]),
            )
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)
        return None


def run_own(command, **options):
    """What `subprocess.run` gives of such a command, whose words are kept."""
    with OwnCommand(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


# --- The process that forks -------------------------------------------------------------------------------------------
def load():
    sys.path.pop(0)  # that of the tests
    for name in OF_OTHERS:
        with contextlib.suppress(ModuleNotFoundError):  # python-ldap need not be there
            importlib.import_module(name)
    assert not {name.partition(".")[0] for name in sys.modules}.intersection(OURS), "ours are read by each anew"
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()


def next_child(door):
    """In each process forked, what it is to do; nothing in the one that forks, once who asks is gone."""
    while True:
        facts, streams, *_ = socket.recv_fds(door, 1 << 20, 3)
        if not facts:
            return None
        adopted, between = os.pipe()
        if not (middle := os.fork()):
            if os.fork():
                os._exit(0)  # an orphan then, whom the one who asked adopts
            os.close(between)
            os.read(adopted, 1)
            os.close(adopted)
            return {**json.loads(facts), "streams": streams}
        os.waitpid(middle, 0)
        for end in (adopted, between, *streams):
            os.close(end)


def become(streams, env, cwd, dies_with_parent, leads, **_):
    for own, given in enumerate(streams):
        os.dup2(given, own)
    for given in set(streams) - {0, 1, 2}:
        os.close(given)
    if leads:
        os.setsid()
    if dies_with_parent:
        die_with_parent()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.enable()


def play(words):
    """As Python itself plays them: `-m module`, `-c text` or a file."""
    how, *rest = words
    sys.path[:0] = [str(Path.cwd()), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    if how == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif how == "-c":
        sys.path[0] = ""
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = words
        sys.path[0] = str(Path(how).resolve().parent)
        runpy.run_path(how, run_name="__main__")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl-C, which is for those that ask and those that serve
    gc.disable()
    load()
    with socket.socket(fileno=int(sys.argv[1])) as door:
        if what := next_child(door):
            try:
                become(**what)
            except OSError as error:  # a folder that is not there
                door.send(str(error).encode())
                os._exit(1)
            door.send(str(os.getpid()).encode())
    if what:
        play(what["words"])
