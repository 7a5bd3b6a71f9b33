"""How we reach an operator's mail server: TLS whose certificate is checked, in a bounded time; and what went wrong, in
a sentence for whoever can mend it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

from directory.certificates import checking_context
from directory.typography import of, quoted
from mailboxes.models.mailservers import MailServer

PATIENCE = 10.0  # seconds without a sign from the other side
DEADLINE = 30.0  # seconds for the whole exchange about one BAL, whatever signs it gives


class VisitTrouble(Exception):
    """A visit that did not work; said in French."""


class ServerTrouble(VisitTrouble):
    """Whatever the BAL: the server is to be left alone for a while."""


class BalTrouble(VisitTrouble):
    """A trouble of this BAL alone: the visit goes on with the others."""


class LoginRefused(BalTrouble):
    """The server lets nobody in under this name; several in a row are the service account's fault."""


class TooSlow(TimeoutError):
    """A server that answered, but had not ended at the deadline."""


_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, (62, 64)  # of OpenSSL's reasons


def make_context() -> ssl.SSLContext:
    """The authorities of the machine, and the one of the setting."""
    context = checking_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.OPERATORS_CA_FILE:
        context.load_verify_locations(cafile=settings.OPERATORS_CA_FILE)
    return context


def told(error: BaseException, server: MailServer, port: int) -> str:
    """What this failure of the connection means."""
    where = f"{server.host}, port {port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, where)
    if isinstance(error, ssl.SSLError):
        return f"{where} n’accepte pas de connexion chiffrée : vérifiez le port et le mode de chiffrement."
    if isinstance(error, socket.gaierror):
        return f"Le nom {quoted(server.host)} est introuvable : vérifiez-le, ou le DNS de ce serveur."
    if isinstance(error, ConnectionRefusedError):
        return f"{where} refuse la connexion : le service y tourne-t-il, le port est-il le bon ?"
    if isinstance(error, TooSlow):
        return f"{where} répond trop lentement : l’échange n’était pas fini en {DEADLINE:.0f} secondes."
    if isinstance(error, TimeoutError):
        return f"{where} ne répond pas en {PATIENCE:.0f} secondes : le serveur est arrêté, ou un pare-feu bloque."
    return f"{where} a coupé la connexion."


def _of_certificate(error: ssl.SSLCertVerificationError, where: str) -> str:
    if error.verify_code == _EXPIRED:
        return f"Le certificat {of(where)} est expiré : l’opérateur doit le renouveler."
    if error.verify_code == _NOT_YET:
        return f"Le certificat {of(where)} n’est pas encore valable : l’heure de ce serveur est-elle juste ?"
    if error.verify_code in _OTHER_NAME:
        return f"Le certificat {of(where)} est celui d’un autre nom : donnez le nom qui y est écrit."
    return f"Le certificat {of(where)} n’est pas signé par une autorité connue : donnez-la par OPERATORS_CA_FILE."


class MailLine:
    """A connection that can be cut at any moment, whoever reads from it and has wrapped its socket in TLS meanwhile."""

    def __init__(self) -> None:
        self._own: socket.socket | None = None
        self.is_cut = False

    def dial(self, host: str, port: int) -> socket.socket:
        sock = socket.create_connection((host, port), timeout=PATIENCE)
        self._own = sock.dup()
        if self.is_cut:  # while it was being dialled
            self.cut()
        return sock

    def cut(self) -> None:
        self.is_cut = True
        if self._own is not None:
            with suppress(OSError):  # it is cut already
                self._own.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        if self._own is not None:
            self._own.close()


@contextmanager
def line_in_time() -> Iterator[MailLine]:
    """A line for one exchange, greeting and STARTTLS included. A server that drips a byte now and then would hold us
    for ever: after the deadline the line is cut."""
    line = MailLine()
    alarm = threading.Timer(DEADLINE, line.cut)
    alarm.daemon = True
    alarm.start()
    try:
        yield line
    except Exception as error:
        if line.is_cut:
            raise TooSlow from error
        raise
    finally:
        alarm.cancel()
        line.close()


def credentials_of(server: MailServer, address: str, own: str | None) -> tuple[str, str, str]:
    """(login, password, for whom), as SASL PLAIN has them."""
    if server.auth == MailServer.Auth.MASTER:
        if not server.login or not server.password:
            raise ServerTrouble("Le mot de passe du compte de service est à donner de nouveau.")
        return server.login, server.password, address
    if not own:
        raise BalTrouble("Le secret de cette BAL est à donner de nouveau par ses titulaires.")
    return address, own, ""
