"""How full a BAL is, asked by IMAP QUOTA (RFC 2087, RFC 9208). No mailbox is opened, no message listed or read: what is
sent is AUTHENTICATE, CAPABILITY, GETQUOTAROOT, LOGOUT."""

import contextlib
import imaplib
from typing import NamedTuple

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from mailboxes.mailserver.connection import (
    PATIENCE,
    BalTrouble,
    LoginRefused,
    ServerTrouble,
    credentials_of,
    cut_socket,
    ending_in_time,
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
        client = _open(server)
    except (OSError, imaplib.IMAP4.error) as error:
        raise ServerTrouble(told(error, server, server.imap_port)) from error
    try:
        with ending_in_time(lambda: cut_socket(client._imap.sock)):
            _log_in(client, server, login, password, whom)
            return _ask(client, server)
    except (OSError, imaplib.IMAP4.abort) as error:
        raise ServerTrouble(told(error, server, server.imap_port)) from error
    finally:
        with contextlib.suppress(OSError, IMAPClientError):
            client.logout()


def _open(server: MailServer) -> IMAPClient:
    context, is_direct = make_context(), server.imap_tls == MailServer.Tls.DIRECT
    client = IMAPClient(
        server.host, server.imap_port, ssl=is_direct, ssl_context=context, timeout=SocketTimeout(PATIENCE, PATIENCE)
    )
    if is_direct:
        return client
    try:
        client.starttls(context)  # refused, nothing is sent in clear: we leave
    except (OSError, IMAPClientError) as error:
        client.shutdown()
        if isinstance(error, OSError):
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
