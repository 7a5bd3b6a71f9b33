"""How full a BAL is, asked by IMAP QUOTA (RFC 2087, RFC 9208). No mailbox is opened, no message listed or read: what is
sent is AUTHENTICATE, CAPABILITY, GETQUOTAROOT, LOGOUT."""

import contextlib
import imaplib
from socket import socket
from ssl import SSLContext
from typing import NamedTuple

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

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
from mailboxes.models.mailservers import MailServer

UNTOLD = "L’opérateur ne fixe, ou ne dit, aucun espace pour cette BAL : rien n’est à relever."
KIB, MEGABYTE = 1024, 1_000_000  # QUOTA counts in KiB; the register in decimal Mo, as operators' lists do
TEMPORARY = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")  # of the server, not of the name (RFC 5530)


class Space(NamedTuple):
    used_mb: int
    quota_mb: int | None  # None: no limit is told


def read_space(server: MailServer, address: str, own: str | None = None) -> Space:
    """Ask the server about one BAL. Raises `VisitTrouble`."""
    login, password, whom = credentials_of(server, address, own)
    try:
        with line_in_time() as line:
            client = _open(server, line)
            try:
                _log_in(client, server, login, password, whom)
                return _ask(client, server)
            finally:
                with contextlib.suppress(OSError, IMAPClientError):
                    client.logout()
    except (OSError, imaplib.IMAP4.error) as error:
        raise ServerTrouble(told(error, server, server.imap_port)) from error


class _Imap(imaplib.IMAP4):
    """An IMAP client on our own line: imapclient reads the greeting before it lets anyone hold the socket."""

    def __init__(self, line: MailLine, host: str, port: int, context: SSLContext | None):
        self._line, self._context = line, context
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None = None) -> socket:
        sock = self._line.dial(self.host, self.port)
        return self._context.wrap_socket(sock, server_hostname=self.host) if self._context else sock


class _Client(IMAPClient):
    def __init__(self, line: MailLine, host: str, port: int, *, context: SSLContext, is_direct: bool):
        self._line = line
        super().__init__(host, port, ssl=is_direct, ssl_context=context, timeout=PATIENCE)

    def _create_IMAP4(self) -> _Imap:
        return _Imap(self._line, self.host, self.port, self.ssl_context if self.ssl else None)


def _open(server: MailServer, line: MailLine) -> _Client:
    context, is_direct = make_context(), server.imap_tls == MailServer.Tls.DIRECT
    client = _Client(line, server.host, server.imap_port, context=context, is_direct=is_direct)
    if is_direct:
        return client
    try:
        client.starttls(context)  # refused, nothing is sent in clear: we leave
    except (OSError, IMAPClientError) as error:
        client.shutdown()
        if isinstance(error, OSError | imaplib.IMAP4.abort):
            raise
        raise ServerTrouble(
            f"{server.host}, port {server.imap_port} ne propose pas STARTTLS : rien n’y est envoyé en clair."
        ) from error
    return client


def _log_in(client: IMAPClient, server: MailServer, login: str, password: str, whom: str) -> None:
    try:
        client.plain_login(login, password, whom)
    except LoginError as error:
        if any(code in str(error) for code in TEMPORARY):
            raise ServerTrouble(f"{server.host} ne peut pas authentifier pour l’instant.") from error
        raise LoginRefused(
            "L’opérateur refuse l’accès à cette BAL : l’adresse n’existe plus chez lui, ou le mot de passe a changé."
        ) from error


def _ask(client: IMAPClient, server: MailServer) -> Space:
    if not any(name == b"QUOTA" or name.startswith(b"QUOTA=") for name in client.capabilities()):
        raise ServerTrouble(f"{server.host} ne dit pas l’espace des BAL : il n’a pas l’extension QUOTA.")
    try:
        _, quotas = client.get_quota_root("INBOX")
    except CapabilityError as error:
        raise ServerTrouble(f"{server.host} ne dit pas l’espace des BAL.") from error
    except imaplib.IMAP4.abort:
        raise
    except (IMAPClientError, imaplib.IMAP4.error, ValueError, IndexError) as error:
        raise BalTrouble(UNTOLD) from error
    stored = [quota for quota in quotas if quota.resource.upper() == "STORAGE"]
    if not stored:
        raise BalTrouble(UNTOLD)
    # A box may stand under a limit of its own and under one of all its house: the smaller is its own.
    own = min(stored, key=lambda quota: quota.limit or float("inf"))
    return Space(_megabytes(own.usage), _megabytes(own.limit) if own.limit else None)


def _megabytes(kibibytes: int) -> int:
    return round(kibibytes * KIB / MEGABYTE)
