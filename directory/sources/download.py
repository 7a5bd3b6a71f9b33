"""Fetch a file over HTTP(S) to the disk, its certificate always checked."""

import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, NamedTuple

from directory.away import lacks_room
from directory.certificates import checking_context
from directory.sources import Heartbeat, UnreadableSource
from directory.typography import of, quoted

BLOCK = 256 * 1024
TIMEOUT = 60  # seconds without a byte
MAX_BYTES = 2 * 1024**3
SLOWEST = 45 * 60  # seconds for the whole: a task has an hour, and the file is still to be read
BEAT = 1  # seconds between two signs of life
PROXY_WANTS_A_LOGIN = 407


class Download(NamedTuple):
    filename: str  # what Content-Disposition says, "" when it says nothing
    url: str  # after redirects


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.type == "https" and not newurl.startswith("https://"):
            raise UnreadableSource(f"Redirection refusée de https vers une adresse non protégée : {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, ca_file: str, target: IO[bytes], heartbeat: Heartbeat) -> Download:
    """Stream `url` into `target`. `ca_file` adds a certificate authority to those of the system."""
    if not url.startswith(("http://", "https://")):
        raise UnreadableSource(f"{quoted(url)} n’est pas une adresse http ou https.")
    host = url.split("/")[2]
    try:
        with _opener(ca_file).open(url, timeout=TIMEOUT) as response:
            _receive(host, response, target, heartbeat)
            return Download(response.headers.get_filename() or "", response.url)
    except urllib.error.HTTPError as error:
        if error.code == PROXY_WANTS_A_LOGIN:
            raise UnreadableSource(closed_network_sentence(host, "le proxy demande à se connecter")) from error
        raise UnreadableSource(f"{host} a répondu {error.code} au lieu du fichier ({url}).") from error
    except ssl.SSLCertVerificationError as error:
        raise UnreadableSource(certificate_sentence(host, error.verify_message)) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise UnreadableSource(certificate_sentence(host, error.reason.verify_message)) from error
        raise UnreadableSource(closed_network_sentence(host, error.reason)) from error
    except (OSError, ValueError, HTTPException) as error:
        if lacks_room(error):
            raise UnreadableSource("Ce serveur n’a plus de place sur son disque pour le fichier téléchargé.") from error
        raise UnreadableSource(f"La connexion avec {host} s’est interrompue : {error}.") from error


def _opener(ca_file: str) -> urllib.request.OpenerDirector:
    # Built by hand: the default opener also reads file: and ftp: addresses.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=tls_context(ca_file)),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SafeRedirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "BAL-Manager")]
    return opener


def tls_context(ca_file: str, setting: str = "ANNUAIRE_CA_FILE") -> ssl.SSLContext:
    """Certificates are always checked; `ca_file` adds an authority to those of the system."""
    context = checking_context()
    if not ca_file:
        return context
    if not Path(ca_file).is_file():
        raise UnreadableSource(f"Le fichier d’autorité de certification {ca_file} ({setting}) n’existe pas.")
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError as error:
        raise UnreadableSource(f"{ca_file} ({setting}) ne contient aucun certificat PEM lisible.") from error
    return context


def _receive(host: str, response: HTTPResponse, target: IO[bytes], heartbeat: Heartbeat) -> None:
    received = 0
    announced = response.headers.get("Content-Length") or ""
    total = int(announced) if announced.isdigit() else 0
    beat_at = time.monotonic()
    deadline = beat_at + SLOWEST
    while block := response.read1(BLOCK):  # what is there: from a slow server a whole block would be long in coming
        received += len(block)
        if received > MAX_BYTES:
            raise UnreadableSource(f"Le fichier téléchargé dépasse {MAX_BYTES} octets : il est refusé par prudence.")
        target.write(block)
        now = time.monotonic()
        if now > deadline:
            raise UnreadableSource(
                f"{host} envoie trop lentement : {received} octets reçus en {SLOWEST // 60} minutes. Téléchargez le "
                "fichier ailleurs et chargez-le ici."
            )
        if now >= beat_at:
            heartbeat(received, total)
            beat_at = now + BEAT
    heartbeat(received, total)
    # read(amount) does not complain by itself when the connection closes early.
    if total and received != total:
        raise UnreadableSource(f"Téléchargement tronqué : {received} octets reçus sur {announced}.")


def closed_network_sentence(host: str, fault: object) -> str:
    return (
        f"Ce serveur n’atteint pas {host} ({fault}). Si votre réseau l’interdit, demandez que l’accès lui soit ouvert, "
        "ou indiquez votre proxy dans HTTPS_PROXY ; sinon, téléchargez le fichier ailleurs et chargez-le ici."
    )


def certificate_sentence(host: str, fault: str, setting: str = "ANNUAIRE_CA_FILE") -> str:
    said = fault.lower()
    if "expired" in said:
        return f"Le certificat {of(host)} est expiré ({fault}) : seul qui tient ce serveur peut le renouveler."
    if "not yet valid" in said:
        return f"Le certificat {of(host)} n’est pas encore valable ({fault}) : l’heure de ce serveur est-elle juste ?"
    if "mismatch" in said:
        return f"Le certificat {of(host)} est celui d’un autre nom ({fault}) : donnez l’adresse sous ce nom."
    return (
        f"Le certificat {of(host)} n’est pas reconnu ({fault}). S’il vient de l’IGC-Santé, "
        f"indiquez le certificat de la racine « AC RACINE IGC-SANTE ELEMENTAIRE » (fichier PEM) dans {setting}."
    )
