"""Servers that stop as in an accident, and start again where they were."""

import contextlib
import shlex
import signal
import socket
import subprocess
import time
import urllib.parse

from tests.servers import find_program, free_port, port_answers, run, unprivileged_account


class Redis:
    """A Redis on a port of its own, that can be stopped, frozen and started again."""

    def __init__(self, folder):
        self.port, self.folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.running = contextlib.ExitStack()

    def start(self):
        command = [find_program("redis-server", package="redis-server"), "--port", str(self.port)]
        command += ["--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = self.running.enter_context(run(command, self.folder / "log", port_answers(self.port)))

    def stop(self):
        self.running.close()

    def empty(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as asking:
            asking.sendall(b"FLUSHALL\r\n")
            asking.recv(64)


class PostgreSQL:
    """A server whose processes end at once, as in an accident, and that starts again on the same port."""

    def __init__(self, folder, url):
        self.url = url
        (data,) = folder.glob("postgresql-*/data")
        self.data, self.log = data, folder / "postgresql.log"
        self.command = shlex.split((data / "postmaster.opts").read_text())
        self.account = unprivileged_account()
        self.running = contextlib.ExitStack()

    def is_alive(self):
        return port_answers(int(urllib.parse.urlsplit(self.url).port))()

    def stop(self):
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        subprocess.run(["kill", "-QUIT", str(pid)], check=True)
        deadline = time.monotonic() + 30
        while (self.data / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def start(self):
        port = int(urllib.parse.urlsplit(self.url).port)
        self.running.enter_context(
            run(self.command, self.log, port_answers(port), ends_with=signal.SIGINT, cwd="/", **self.account)
        )
