"""An operator's LDAP directory, page by page; python-ldap is only needed where it is used.

No public document describes such a directory: base, filter and attributes are settings, whose defaults come from the
one public program that queries one, and are to be confirmed by the operator ("à confirmer avec l’opérateur").
"""

import json
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, field
from typing import IO, Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from directory.certificates import checking_context
from directory.readers.address import OTHER_SCHEME
from directory.readers.identifiers import READERS, read_structure_number
from directory.records import EntryRecord, RejectedRecord
from directory.sources import Heartbeat, UnreadableSource
from directory.sources.download import certificate_sentence, tls_context
from directory.sources.extraction import PERSON_ID_TYPES, STRUCTURE_ID_TYPES
from directory.sources.values import address_of, clean, put_aside, refuse
from directory.typography import quoted

try:
    import ldap
    from ldap.controls import SimplePagedResultsControl
except ImportError:  # an extra: it has no wheel, and needs the libraries of OpenLDAP to be built
    ldap = None

# À confirmer avec l'opérateur. EntryRecord's field -> attribute.
ATTRIBUTES = {
    "kind": "TypeBAL",
    "address": "mail",
    "given_name": "givenName",
    "family_name": "sn",
    "person_id_type": "TypeIdentifiantPP",
    "person_id": "IdentifiantPP",
    "profession_code": "profession",
    "structure_id_type": "TypeIdentifiantPM",
    "structure_id": "IdentifiantPM",
    "structure_name": "o",
    "address_l6": "l",
}
PAGE = 500  # under the size limit that servers commonly set to one answer
TIMEOUT = 60  # seconds for one page


@dataclass
class Ldap:
    """`attributes` replaces some of ATTRIBUTES; an empty one is not read."""

    name: str = "ldap"
    url: str = ""
    ca_file: str = ""
    user: str = ""
    password: str = ""
    base: str = ""
    filter: str = "(mail=*)"
    attributes: dict[str, str] = field(default_factory=dict)
    count: int = PAGE
    prefix: str = "LDAP"  # of the settings that its sentences name
    whole = True
    record = EntryRecord
    unit = "pages"

    def __post_init__(self) -> None:
        if unknown := set(self.attributes) - set(EntryRecord._fields):
            raise ImproperlyConfigured(f"LDAP_ATTRIBUTES: {', '.join(sorted(unknown))} is no field of EntryRecord.")

    @property
    def origin(self) -> str:
        return self.url

    @contextmanager
    def open(self, heartbeat: Heartbeat) -> Iterator["OpenedLdap"]:
        # To the disk first: a directory may be large and slow, and nothing of one that breaks off is handed on.
        with tempfile.TemporaryFile("w+", encoding="utf-8", dir=settings.VAR_DIR) as kept:
            with self.connected() as connection:
                opened = OpenedLdap(connection, self, kept, heartbeat)
            yield opened

    @contextmanager
    def connected(self) -> Iterator[Any]:
        if ldap is None:
            raise UnreadableSource("Lire un annuaire LDAP demande python-ldap, qui n’est pas installé ici : installez "
                                   "libldap2-dev et libsasl2-dev, puis requirements/ldap.txt.")  # fmt: skip
        if not self.url:
            raise UnreadableSource(f"L’annuaire LDAP n’est pas configuré : renseignez {self.prefix}_URL.")
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.unbind_s()

    def texts(self, attributes: list[str]) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """Every entry that the filter finds, as (DN, texts of each attribute), these in small letters; a value that is
        no UTF-8 is left out."""
        with self.connected() as connection:
            pages = LdapPages(connection, self, [name.lower() for name in attributes])
            for page in pages:
                for dn, values in page:
                    if dn is not None:  # else a referral to another server
                        yield dn, {name: _texts(found) for name, found in without_options(values).items()}

    def _connect(self) -> Any:
        if not self.url.startswith(("ldap://", "ldaps://")):
            raise UnreadableSource(
                f"{quoted(self.url)} n’est pas une adresse ldap:// ou ldaps:// : corrigez {self.prefix}_URL."
            )
        tls_context(self.ca_file, f"{self.prefix}_CA_FILE")  # tells what is wrong with that file, as OpenLDAP does not
        connection = ldap.initialize(self.url)
        _prepare(connection, self.ca_file)
        try:
            if not self.url.startswith("ldaps://"):
                connection.start_tls_s()  # never in clear: the password and the answers would be for all to read
            connection.simple_bind_s(self.user, self.password)
        except ldap.LDAPError as error:
            connection.unbind_s()
            self.explain(error)
        return connection

    def explain(self, error: Exception) -> NoReturn:
        """An LDAP error as a sentence for whoever launched the run."""
        details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        said = str(details.get("info") or details.get("desc") or error)
        if distrust := self._distrust(error, said):
            raise UnreadableSource(certificate_sentence(self.url, distrust, f"{self.prefix}_CA_FILE")) from error
        sentences = {
            ldap.INVALID_CREDENTIALS: f"{self.url} refuse ce compte : vérifiez "
                f"{self.prefix}_USER et {self.prefix}_PASSWORD.",
            ldap.NO_SUCH_OBJECT: f"{self.url} ne connaît pas la base "
                f"{quoted(self.base)} : vérifiez {self.prefix}_BASE.",
            ldap.FILTER_ERROR: f"Le filtre {quoted(self.filter)} est mal écrit : corrigez {self.prefix}_FILTER.",
            ldap.SIZELIMIT_EXCEEDED: f"{self.url} limite le nombre de ses réponses : demandez à l’opérateur de lever "
                                     "cette limite pour les recherches paginées de ce compte.",
            ldap.ADMINLIMIT_EXCEEDED: f"{self.url} a atteint une limite qui lui est fixée : demandez à "
                "qui l’administre de la lever pour ce compte.",
            ldap.TIMEOUT: f"{self.url} n’a pas répondu à temps : réessayez plus tard, ou "
                "voyez si le réseau le laisse atteindre.",
            ldap.SERVER_DOWN: f"{self.url} est injoignable, ou la connexion s’est interrompue ({said}).",
        }  # fmt: skip
        sentence = next((text for kind, text in sentences.items() if isinstance(error, kind)), "")
        raise UnreadableSource(sentence or f"{self.url} a refusé la recherche : {said}.") from error

    def _distrust(self, error: Exception, said: str) -> str:
        """What is wrong with the server's certificate, if that is what `error` comes from, else "".

        Built over GnuTLS, OpenLDAP does not tell an unknown authority from a server that is down: hence a second look.
        """
        if isinstance(error, ldap.CONNECT_ERROR) or "certificate" in said.lower():  # STARTTLS was begun, and failed
            return said
        if not isinstance(error, ldap.SERVER_DOWN) or not self.url.startswith("ldaps://"):
            return ""
        place = urlsplit(self.url)
        context = checking_context(self.ca_file)
        try:
            with socket.create_connection((place.hostname, place.port or 636), timeout=20) as plain:
                with context.wrap_socket(plain, server_hostname=place.hostname):
                    return ""
        except ssl.SSLCertVerificationError as distrust:
            return distrust.verify_message
        except OSError:
            return ""


def _prepare(connection: Any, ca_file: str) -> None:
    connection.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
    connection.set_option(ldap.OPT_REFERRALS, 0)  # followed, they would take the password elsewhere
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 20)
    connection.set_option(ldap.OPT_TIMEOUT, TIMEOUT)
    connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    if ca_file:
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, ca_file)
    connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # last: it makes the options above those of this connection


def without_options(values: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """The values by the attribute's own name, in small letters: « mail;lang-fr » and « proxyAddresses;range=0-1499 »
    hold more values of it. Those without an option come first."""
    found: dict[str, list[bytes]] = {}
    for name in sorted(values, key=lambda name: ";" in name):
        found.setdefault(name.partition(";")[0].lower(), []).extend(values[name])
    return found


def _texts(values: list[bytes]) -> list[str]:
    found = []
    for value in values:
        with suppress(UnicodeDecodeError):
            found.append(clean(value.decode()))
    return found


class LdapPages:
    """The answers to one search, page after page; `read` and `total` count them."""

    def __init__(self, connection: Any, source: Ldap, asked: list[str]):
        self.read = self.total = 0
        self._connection, self._source, self._asked = connection, source, asked

    def __iter__(self) -> Iterator[list[tuple]]:
        # Critical: a server that does not page must refuse, rather than give what its size limit leaves.
        control = SimplePagedResultsControl(True, size=self._source.count, cookie="")
        more = True
        while more:
            try:
                entries, answered = self._ask(control)
            except ldap.LDAPError as error:
                self._source.explain(error)
            self.read += 1
            self.total = max(self.read, -(-answered.size // self._source.count))
            control.cookie, more = answered.cookie, bool(answered.cookie)
            yield entries

    def _ask(self, control: Any) -> tuple[list[tuple], Any]:
        source = self._source
        message = self._connection.search_ext(
            source.base, ldap.SCOPE_SUBTREE, source.filter, self._asked, serverctrls=[control], timeout=TIMEOUT
        )
        _, entries, _, controls = self._connection.result3(message, timeout=TIMEOUT)
        pages = [c for c in controls if c.controlType == SimplePagedResultsControl.controlType]
        if not pages:  # then nobody says whether this was the last page
            raise UnreadableSource(f"{source.url} ne sait pas donner ses réponses page par page.")
        return entries, pages[0]


class OpenedLdap:
    """Reads all pages into `kept`, a line of JSON per record."""

    def __init__(self, connection: Any, source: Ldap, kept: IO[str], heartbeat: Heartbeat):
        self.generated_at = None  # an LDAP directory is of the moment, and a reading of it of no single one
        self.bytes_total = self.bytes_read = 0  # pages
        self.lines, self.scope = 0, ""
        self._source, self._kept = source, kept
        self._fields = _fields(source.attributes)
        pages = LdapPages(connection, source, sorted(set(self._fields.values())))
        for page in pages:
            self.bytes_read, self.bytes_total = pages.read, pages.total
            for record in self._records_of(page):
                kept.write(json.dumps(record if isinstance(record, EntryRecord) else astuple(record)) + "\n")
            heartbeat(self.bytes_read, self.bytes_total)

    def records(self) -> Iterator[EntryRecord | RejectedRecord]:
        self._kept.seek(0)
        for values in map(json.loads, self._kept):
            self.lines += 1
            yield EntryRecord._make(values) if len(values) == len(EntryRecord._fields) else RejectedRecord(*values)

    def _records_of(self, page: list[tuple]) -> Iterator[EntryRecord | RejectedRecord]:
        for number, (dn, values) in enumerate(page, start=1 + (self.bytes_read - 1) * self._source.count):
            if dn is not None:  # else a referral to another server
                yield from records_of(number, dn, without_options(values), self._fields)


def _fields(attributes: dict[str, str]) -> dict[str, str]:
    # Servers answer with the capitals of their schema, whatever those of the question.
    return {name: attribute.lower() for name, attribute in (ATTRIBUTES | attributes).items() if attribute}


def records_of(
    number: int, dn: str, values: dict[str, list[bytes]], fields: dict[str, str]
) -> Iterator[EntryRecord | RejectedRecord]:
    """One record per address and per holder: an entry may have several of both, and every value is kept."""
    try:
        said = {name: [clean(v.decode()) for v in values.get(a, [])] for name, a in fields.items()}
    except UnicodeDecodeError:
        yield RejectedRecord(number, "valeur qui n’est pas en UTF-8", dn)
        return
    addresses = [address for address in said.pop("address", []) if not _is_of_no_mail(address)]
    for address in dict.fromkeys(map(address_of, addresses or [""])):
        for facts in _holders(said):
            record = EntryRecord(address=address, **_normalised(facts))
            reason = refuse(record)
            yield put_aside(number, reason, f"{dn} {address}") if reason else record


def _is_of_no_mail(address: str) -> bool:
    """`proxyAddresses` hold SIP, X400 and X500 beside SMTP."""
    return OTHER_SCHEME.match(address) is not None


def _holders(said: dict[str, list[str]]) -> Iterator[dict[str, str]]:
    """An entry with several identifiers stands for several people, or structures: a record for each.

    Values as many as those people are theirs, in their order; others are said of each, all of them.
    """
    people = list(dict.fromkeys(said.get("person_id", []))) or [""]
    places = list(dict.fromkeys(said.get("structure_id", []))) or [""]
    for rank, person in enumerate(people):
        for place_rank, place in enumerate(places):
            facts = {"kind": ""}
            for name, texts in said.items():
                at, count = (place_rank, len(places)) if name.startswith("structure") else (rank, len(people))
                facts[name] = texts[at] if len(texts) == count > 1 else ", ".join(dict.fromkeys(texts))
            yield facts | {name: value for name, value in (("person_id", person), ("structure_id", place)) if value}


def _normalised(said: dict[str, str]) -> dict[str, str]:
    """The codes of the ANS, where the directory writes their labels; numbers as they are everywhere."""
    said["kind"] = said["kind"].upper()
    for name, read in [("person_id", READERS["RPPS"]), ("structure_id", read_structure_number)]:
        if number := said.get(name):
            said[name] = read(number).value or number
    for name, codes in [("person_id_type", PERSON_ID_TYPES), ("structure_id_type", STRUCTURE_ID_TYPES)]:
        if label := said.get(name):
            said[name] = codes.get(label.upper(), label)
    return said
