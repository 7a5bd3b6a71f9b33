"""`python -m tests.e2e.stage`: the application as gunicorn serves it, loaded once and begun anew for each test.

"down" on a line of its standard input ends the server; "up" forks one, which need not import everything again.
"""

import os
import signal
import sys

from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver
from gunicorn.app.wsgiapp import WSGIApplication

import balmanager.wsgi  # noqa: F401 - sets Django up, for what follows
from tests.servers import die_with_parent

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


def play(orders):
    server = None
    for order in map(str.strip, orders):
        if server:
            end(server)
            server = None
        if order == "up":
            server = os.fork()
            if not server:
                return serve()
            os.setpgid(server, server)
        print(order, flush=True)  # noqa: T201
    if server:
        end(server)


if __name__ == "__main__":
    assert get_resolver().url_patterns  # and with them every view
    for file in TEMPLATES.rglob("*.html"):
        get_template(str(file.relative_to(TEMPLATES)))  # kept by Django's own cache of templates
    play(sys.stdin)
