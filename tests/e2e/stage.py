"""`python -m tests.e2e.stage`: the application as gunicorn serves it, loaded once and begun anew for each test.

"down" on a line of its standard input ends the server; "up" forks one, which need not import everything again.
"""

import os
import signal
import sys

from django.urls import get_resolver
from gunicorn.app.wsgiapp import WSGIApplication

import balmanager.wsgi  # noqa: F401 - sets Django up, for what follows
from tests.servers import die_with_parent


def serve():
    die_with_parent()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # gunicorn has a word to say, and our orders are answered there
    sys.argv = ["gunicorn", "balmanager.wsgi"]
    WSGIApplication().run()


def end(server):
    os.kill(server, signal.SIGTERM)
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
        print(order, flush=True)  # noqa: T201
    if server:
        end(server)


if __name__ == "__main__":
    assert get_resolver().url_patterns  # and with them every view
    play(sys.stdin)
