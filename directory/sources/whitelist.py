"""`listeblanchemssante.xml`: the domains of the MSSanté trusted space, and the operators that answer for them.

Read by expat itself, with every door of XML closed: a document type, hence an entity, ends the reading.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from xml.parsers import expat

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from directory.identifiers import LONGEST
from directory.readers.address import spelt_domain
from directory.readers.texts import tidy
from directory.records import DomainRecord, RejectedRecord
from directory.sources import Heartbeat, UnreadableSource
from directory.sources.published import PublishedFile, stamp_of
from directory.typography import quoted

NAMESPACE = "https://listeblanche.mssante.fr/schema"
ROOT = "ListeBlancheMSSante"
BLOCK = 256 * 1024
MAX_BYTES = 100 * 1024**2  # the real list holds some 9 000 domains in a few MB
TEXTS = {
    "name": "Nom", "description": "Description", "contact": "ResponsableContact", "support": "SupportContact",
    "updated_on": "DateMAJ",
}  # fmt: skip
DOMAIN = re.compile(r"[^\s@.]+(\.[^\s@.]+)+")
OPERATOR_SIRET = re.compile(r"\bOU\s*=\s*3(\d{14})\b", re.IGNORECASE)
OPERATOR = re.compile(r"(?:^|[,/+])\s*O\s*=\s*([^,/+]+)", re.IGNORECASE)


@dataclass
class WhiteList(PublishedFile):
    name: str = "whitelist"
    url_setting = "WHITELIST_URL"
    record = DomainRecord

    @contextmanager
    def open(self, heartbeat: Heartbeat) -> Iterator["OpenedWhiteList"]:
        with self.fetched(heartbeat) as (file, names):
            yield OpenedWhiteList(file, stamp_of(*names))


class OpenedWhiteList:
    """Nine thousand domains are few: the list is read at once, to know its date and to bring doubles together."""

    scope = ""

    def __init__(self, file: IO[bytes], stamp: datetime | None):
        self.bytes_total = file.seek(0, 2)
        self.bytes_read = self.lines = 0
        file.seek(0)
        if self.bytes_total > MAX_BYTES:
            raise UnreadableSource(f"Le fichier dépasse {MAX_BYTES} octets : ce n’est pas la liste blanche.")
        self._list = _Reader().read(file)
        self.generated_at = _moment(self._list.generated) or stamp

    def records(self) -> Iterator[DomainRecord | RejectedRecord]:
        latest: dict[str, DomainRecord] = {}
        for number, facts in self._list.domains:
            self.lines += 1
            record = _record(facts)
            if not DOMAIN.fullmatch(record.name) or len(record.name) > LONGEST:
                yield RejectedRecord(number, f"{quoted(record.name)} n’est pas un nom de domaine", str(facts))
            else:
                # A domain stands several times, in several cases: the latest word counts, whatever their order.
                latest[record.name] = max(record, latest.get(record.name, record), key=_freshness)
        yield from latest.values()
        self.bytes_read = self.bytes_total


class _Reader:
    """Gathers the elements of the list from expat's events."""

    def __init__(self):
        self.generated = ""
        self.domains: list[tuple[int, dict[str, str]]] = []  # line in the file, element -> text
        self._path: list[str] = []
        self._texts: dict[str, list[str]] = {}
        self._start = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._write

    def read(self, file: IO[bytes]) -> "_Reader":
        first = file.read(BLOCK)
        if not first.strip():
            raise UnreadableSource("Le fichier est vide.")
        try:
            self._parser.Parse(first)
            while block := file.read(BLOCK):
                self._parser.Parse(block)
            self._parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: its encoding is unknown
            raise UnreadableSource(
                "Le fichier n’est pas du XML lisible, ou il est tronqué : lecture arrêtée à la ligne "
                f"{self._parser.CurrentLineNumber} ({error})."
            ) from error
        return self

    def _refuse_document_type(self, name: str, *rest) -> None:
        if name.lower() == "html":
            raise UnreadableSource("Le fichier est une page web (HTML), et non la liste blanche.")
        raise UnreadableSource("Le fichier déclare un type de document (DTD) : il est refusé par prudence.")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        if not self._path and (namespace, element) != (NAMESPACE, ROOT):
            raise UnreadableSource(
                f"Le fichier n’est pas la liste blanche : il commence par {quoted(element)} de l’espace de noms "
                f"{quoted(namespace)}, au lieu de {quoted(ROOT)} de {quoted(NAMESPACE)}."
            )
        self._path.append(element if namespace == NAMESPACE else name)
        if self._path == [ROOT, "ListeDomaines", "Domaine"]:
            self._texts, self._start = {}, self._parser.CurrentLineNumber
        elif len(self._path) > 4:  # a contact made of several elements becomes one text
            self._write(" ")

    def _write(self, text: str) -> None:
        if self._path[1:2] == ["DateDeGeneration"]:
            self.generated += text
        elif len(self._path) > 3:
            self._texts.setdefault(self._path[3], []).append(text)

    def _close(self, name: str) -> None:
        if self._path == [ROOT, "ListeDomaines", "Domaine"]:
            self.domains.append((self._start, {key: tidy("".join(texts)) for key, texts in self._texts.items()}))
        self._path.pop()


def _record(facts: dict[str, str]) -> DomainRecord:
    certificate = facts.get("DNCertificatOperateur", "")
    siret, operator = OPERATOR_SIRET.search(certificate), OPERATOR.search(certificate)
    texts = {field: facts.get(element, "") for field, element in TEXTS.items()}
    return DomainRecord(
        **{**texts, "name": spelt_domain(texts["name"])},
        operator=operator[1].strip() if operator else "",
        operator_siret=siret[1] if siret else "",
    )


def _freshness(record: DomainRecord) -> tuple[str, DomainRecord]:
    return record.updated_on, record  # the rest breaks a tie: always the same one wins


def _moment(text: str) -> datetime | None:
    """The list's own date; its hour is that of Paris where it names no other."""
    try:
        if found := parse_datetime(text.strip()):
            return found if timezone.is_aware(found) else timezone.make_aware(found)
        day = parse_date(text.strip())
    except ValueError:  # well formed, and no date
        return None
    return timezone.make_aware(datetime(day.year, day.month, day.day)) if day else None
