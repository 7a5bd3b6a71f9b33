"""Automatic replies, set and taken away by ManageSieve (RFC 5804). A script that is not ours is never replaced."""

from collections.abc import Iterator
from contextlib import contextmanager

from sievelib.managesieve import Client, Error

from directory.typography import quoted
from mailboxes.mailserver.connection import (
    PATIENCE,
    BalTrouble,
    LoginRefused,
    MailLine,
    ServerTrouble,
    credentials_of,
    line_in_time,
    make_context,
    told,
)
from mailboxes.mailserver.script import NAME, is_ours, script_of
from mailboxes.models.mailservers import AutoReply, MailServer


class ForeignScript(BalTrouble):
    """The holder has rules of their own there: they are left as they are, and the holder is told."""


class SieveClient(Client):
    """sievelib's own `connect` waits for the system's minutes, and knows no authority but the machine's. Its private
    methods are called by their mangled names; the tests play them against a real server."""

    read_timeout = PATIENCE

    def open(self, line: MailLine, login: str, password: str, whom: str) -> bool:
        """STARTTLS or nothing; then log in. Is one let in?"""
        self.sock = line.dial(self.srvaddr, self.srvport)
        if not self._Client__get_capabilities() or not self.has_tls_support():
            raise ServerTrouble(
                f"{self.srvaddr}, port {self.srvport} ne propose pas STARTTLS : rien n’y est envoyé en clair."
            )
        self._Client__starttls()
        return self._Client__authenticate(login, password, whom, "PLAIN")

    def _Client__enable_ssl(self, **_) -> None:
        self._Client__read_buffer = b""  # what came in clear after STARTTLS is nobody's word
        self.sock = make_context().wrap_socket(self.sock, server_hostname=self.srvhostname)


@contextmanager
def session(server: MailServer, address: str, own: str | None) -> Iterator[SieveClient]:
    """Logged in for one BAL. Raises `VisitTrouble`."""
    login, password, whom = credentials_of(server, address, own)
    client = SieveClient(server.host, server.sieve_port)
    try:
        with line_in_time() as line:
            if not client.open(line, login, password, whom):
                raise LoginRefused(
                    "L’opérateur refuse l’accès aux règles de cette BAL : l’adresse n’existe plus chez lui, ou le mot "
                    "de passe a changé."
                )
            yield client
            client.logout()
    except (OSError, Error) as error:
        cause = error if isinstance(error, OSError) else error.__context__ or error
        raise ServerTrouble(told(cause, server, server.sieve_port)) from error
    finally:
        if client.sock is not None:  # it was opened
            client.sock.close()


def set_reply(server: MailServer, reply: AutoReply, own: str | None = None) -> None:
    """Put the reply in place; already there, it is put again. Raises `VisitTrouble`."""
    with session(server, reply.bal.address, own) as client:
        extensions = set(client.get_sieve_capabilities() or [])
        if "vacation" not in extensions:
            raise ServerTrouble(f"{server.host} ne sait pas répondre automatiquement (extension vacation absente).")
        active, names = _listed(client)
        if active and (active != NAME or not is_ours(client.getscript(NAME))):
            raise _foreign(active)
        if not client.putscript(NAME, script_of(reply, extensions)):
            raise BalTrouble("L’opérateur refuse cette réponse : raccourcissez-la, ou voyez avec lui.")
        if not client.setactive(NAME):
            raise BalTrouble("L’opérateur ne met pas cette réponse en service : voyez avec lui.")
        _give_back_what_was_hidden(client, {*names, active, NAME})


def remove_reply(server: MailServer, reply: AutoReply, own: str | None = None) -> None:
    """Take our script away, and no other; already gone, nothing is done. Raises `VisitTrouble`."""
    with session(server, reply.bal.address, own) as client:
        active, names = _listed(client)
        if NAME not in {active, *names} or not is_ours(client.getscript(NAME)):
            return
        if active == NAME and not client.setactive(""):
            raise BalTrouble("L’opérateur ne retire pas la réponse automatique : voyez avec lui.")
        if not client.deletescript(NAME):
            raise BalTrouble("L’opérateur ne retire pas la réponse automatique : voyez avec lui.")


def _listed(client: SieveClient) -> tuple[str | None, list[str]]:
    if (found := client.listscripts()) is None:
        raise BalTrouble("L’opérateur ne dit pas quelles règles cette BAL a déjà : rien n’y est changé.")
    return found


def _give_back_what_was_hidden(client: SieveClient, known: set[str | None]) -> None:
    """Pigeonhole does not list a script written to the box's folder by other means, and puts it aside as ours becomes
    active: it is made active again, and ours goes."""
    _, names = _listed(client)
    for name in names:
        if name not in known:
            client.setactive(name)
            client.deletescript(NAME)
            raise _foreign(name)


def _foreign(name: str) -> ForeignScript:
    return ForeignScript(
        f"Cette BAL a déjà des règles chez l’opérateur ({quoted(name)}) : elles restent telles quelles. Mettez-y "
        "vous-même la réponse, depuis votre messagerie."
    )
