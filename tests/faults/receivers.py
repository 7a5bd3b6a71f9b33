"""Those who are told: a mail server and a software's webhook, each with moods, and a memory of what they accepted."""

import asyncio
import contextlib
import socket
from collections import Counter
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.servers import free_port


class Mails:
    MOODS = ("well", "well", "refuse", "slow", "drop before", "drop after")

    def __init__(self):
        self.mood, self.accepted, self.dropped_after = "well", Counter(), 0
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.controller.port}"

    async def handle_DATA(self, server: SMTP, session, envelope):
        if self.mood == "refuse":
            return "451 4.3.0 later"
        if self.mood == "slow":
            await asyncio.sleep(2)
        if self.mood == "drop before":
            server.transport.close()
            return "421 gone"
        self.accepted[message_from_bytes(envelope.content)["Message-ID"].strip()] += 1
        if self.mood == "drop after":  # accepted, and the sender never hears of it
            self.dropped_after += 1
            server.transport.close()
        return "250 OK"


class Hooks:
    MOODS = ("well", "well", "refuse", "slow", "drop after")

    def __init__(self):
        self.mood, self.accepted, self.dropped_after = "well", Counter(), 0
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            timeout: ClassVar[int] = 30

            def do_POST(self):
                hooks.answer(self)

            def log_message(self, *args):
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, call: BaseHTTPRequestHandler):
        call.rfile.read(int(call.headers["Content-Length"]))
        if self.mood == "refuse":
            call.send_error(503)
            return
        if self.mood == "slow":  # a byte now and then, as long as the caller holds
            with contextlib.suppress(OSError):
                call.connection.settimeout(1)
                call.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                for _ in range(60):
                    call.wfile.write(b"a")
                    with contextlib.suppress(TimeoutError):
                        if not call.connection.recv(1):
                            break
            return
        self.accepted[call.headers["X-BAL-Delivery"]] += 1
        if self.mood == "drop after":
            self.dropped_after += 1
            call.connection.shutdown(socket.SHUT_RDWR)
            return
        call.send_response(200)
        call.end_headers()
