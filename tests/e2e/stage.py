"""`python -m tests.e2e.stage`: the application as gunicorn serves it, loaded once and begun anew for each test.

Orders come on lines of its standard input. "up" forks a server, which need not import everything again, "down" ends
it; "manage" and the words of a command, in JSON, runs that in a fork, which writes what it says to two files.
"""

import json
import os
import signal
import sys
import traceback

from django.conf import settings
from django.core.management import execute_from_command_line
from django.template.loader import get_template
from django.urls import get_resolver
from gunicorn.app.wsgiapp import WSGIApplication

import balmanager.wsgi  # noqa: F401 - sets Django up, for what follows
from tests.forks import die_with_parent

TEMPLATES = settings.BASE_DIR / "templates"


def serve():
    die_with_parent()
    os.setpgid(0, 0)  # said here and by the parent: whichever comes first
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # gunicorn has a word to say, and our orders are answered there
    sys.argv = ["gunicorn", "balmanager.wsgi"]
    WSGIApplication().run()


def end(server):
    os.killpg(server, signal.SIGKILL)  # its workers too, which would take seconds to say good-bye to nobody
    os.waitpid(server, 0)


def manage(words, said):
    """The exit code of `manage.py` with these words; `said`: the files of its standard output and errors."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        for path, stream in zip(said, (sys.stdout, sys.stderr), strict=True):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream.fileno())
        execute_from_command_line(["manage.py", *words])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # the orders are the parent's to read


def play(orders):
    server = None
    for order in map(str.strip, orders):
        what, _, facts = order.partition(" ")
        answer = what
        if what == "manage":
            answer = str(manage(*json.loads(facts)))
        elif server:
            end(server)
            server = None
        if what == "up":
            server = os.fork()
            if not server:
                return serve()
            os.setpgid(server, server)
        print(answer, flush=True)  # noqa: T201
    if server:
        end(server)


if __name__ == "__main__":
    assert get_resolver().url_patterns  # and with them every view
    for file in TEMPLATES.rglob("*.html"):
        get_template(str(file.relative_to(TEMPLATES)))  # kept by Django's own cache of templates
    play(sys.stdin)
