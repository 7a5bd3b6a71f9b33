"""An operator's list, whatever its form: opened, its headers found, its rows given one by one."""

import gzip
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from directory.away import lacks_room
from directory.readers.texts import tidy
from directory.sources.files import is_added
from mailboxes.imports.columns import guess
from mailboxes.imports.csv_file import HEAD, SHAPED, CsvFile
from mailboxes.imports.csv_shape import shape
from mailboxes.imports.encodings import of_head
from mailboxes.imports.fields import Field, is_address, is_rpps
from mailboxes.imports.rows import Cell, Row, Unreadable, headers_of
from mailboxes.imports.workbook import WorkbookFile

SEARCHED = 30  # first rows among which the headers are looked for: some lists begin with a title
SHOWN = 5
MOST_WITHIN = 2  # archives, one in the other
MAX_UNPACKED = 512 * 1024**2
OF_WORKBOOK = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
OTHER_EXPORTS = {
    (b"dn:", b"version: 1\ndn:", b"version: 1\n\ndn:", b"# ldif", b"version: 1\r\n"): "LDIF",
    (b"begin:vcard",): "de carnet d’adresses (vCard)",
    (b"begin:vcalendar",): "d’agenda (iCalendar)",
    (b"return-path:", b"received:", b"from:", b"mime-version:", b"delivered-to:"): "de messagerie (un courriel)",
}
OLE = b"\xd0\xcf\x11\xe0"
OLD_EXCEL = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00")
OPEN_DOCUMENT, OPEN_WORKBOOK = b"application/vnd.oasis.opendocument.", b"spreadsheet"
MAX_OLE = 16 * 1024**2
# By what names its parts, in UTF-16 but in a zip.
DOCUMENTS: dict[tuple[bytes, ...], str] = {
    ("WordDocument".encode("utf-16-le"), OPEN_DOCUMENT): "un document de traitement de texte",
    ("PowerPoint Document".encode("utf-16-le"),): "un diaporama",
    ("__substg1.0_".encode("utf-16-le"),): "un courriel d’Outlook (.msg)",
}
PARTS = {"word/document.xml": "un document Word", "ppt/presentation.xml": "un diaporama"}
JSON = re.compile(rb"[\[{]\s*[\"\[{\]}]")
SQL = re.compile(
    rb"(?:--[^\n]*\n|/\*.*?\*/;?|\s)*(?:insert into|create table|drop table|set names|begin;|copy \w+)", re.DOTALL
)
ELEMENT = re.compile(rb"<[a-z][\w:.-]*(?:\s|/?>)")  # where « <a@x.fr> » is none
OPEN_ARCHIVE = "ouvrez-la et déposez la liste qu’elle contient."
OPEN_IT = "ouvrez-le dans un tableur, et enregistrez-le en .xlsx ou en CSV."


@dataclass
class Heading:
    headers: list[str]
    number: int  # of the line of headers; 0 where the list has none
    sample: list[Row]  # the rows that follow


@contextmanager
def open_list(path: Path, sheet: str = "", *, within: int = 0) -> Iterator[CsvFile | WorkbookFile]:
    """The reader of the file, chosen by its first bytes, never by its name; `within`: so many archives."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise Unreadable("Le fichier est vide : téléchargez de nouveau la liste.")
    if member := _packed_in(path, head):
        if within == MOST_WITHIN:
            raise Unreadable(f"Ce fichier est une archive dans une archive, et ainsi de suite : {OPEN_ARCHIVE}")
        with member as stream, _unpacked(stream, path.parent) as inner:
            with open_list(inner, sheet, within=within + 1) as source:
                yield source
    elif head.startswith((b"PK", OLE)):
        _check_container(path, head)
        with WorkbookFile(path, sheet) as source, _pasted_in(source, path.parent) as list_of_texts:
            yield list_of_texts or source
    else:
        _check_text(head)
        with CsvFile(path) as source:
            yield source


def _check_container(path: Path, head: bytes) -> None:
    """What looks like a workbook by its first bytes and is none, by what it holds."""
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            kind = archive.read("mimetype") if "mimetype" in archive.namelist() else OPEN_WORKBOOK
        held = OPEN_DOCUMENT if kind.startswith(OPEN_DOCUMENT) and OPEN_WORKBOOK not in kind else b""
    else:
        with path.open("rb") as file:
            held = file.read(MAX_OLE)
    for marks, name in DOCUMENTS.items():
        if any(mark in held for mark in marks):
            raise Unreadable(f"Ce fichier est {name} et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")


def _check_text(head: bytes) -> None:
    if encoding := of_head(head):  # what Windows writes of itself
        head = head.decode(encoding, errors="replace").encode()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000].lower()
    if head.startswith(OLD_EXCEL):
        raise Unreadable(f"Ce fichier est un classeur d’un Excel d’avant 1997 : {OPEN_IT}")
    if start.startswith((b"id;p", b"table\r\n0,1", b"table\n0,1")):
        raise Unreadable(f"Ce fichier est une feuille au format SYLK ou DIF : {OPEN_IT}")
    if b"office:document " in start or b":office:document\n" in start:
        raise Unreadable(f"Ce fichier est un classeur OpenDocument à plat (.fods) : {OPEN_IT}")
    if b"x-document-type: workbook" in start or (b"mime-version:" in start and b"multipart/related" in start):
        raise Unreadable(f"Ce fichier est une page web archivée (.mht), sous le nom d’un classeur : {OPEN_IT}")
    if SQL.match(start):
        raise Unreadable("Ce fichier est un export SQL et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start or b'progid="excel.sheet"' in start:
        raise Unreadable(f"Ce fichier est un classeur au format XML d’Excel 2003 : {OPEN_IT}")
    if JSON.match(start):
        raise Unreadable("Ce fichier est un export JSON et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
    for begins, name in OTHER_EXPORTS.items():
        if start.startswith(begins):
            raise Unreadable(
                f"Ce fichier est un export {name} et non une liste : demandez à l’opérateur un CSV ou un .xlsx."
            )
    if start.startswith(b"<?xml") and b"<html" not in start and b"<table" not in head.lower():
        raise Unreadable("Ce fichier est un export XML et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
    if start.startswith(
        (
            b"<!doctype",
            b"<html",
            b"<table",
            b"<?xml",
            b"<head",
            b"<body",
            b"<meta",
            b"<style",
            b"<!--",
            b"<div",
            b"<tr",
            b"<tbody",
        )
    ):
        if b"<table" in head.lower():
            raise Unreadable(f"Ce fichier est un tableau HTML, sous le nom d’un classeur : {OPEN_IT}")
        raise Unreadable(
            "Ce fichier est une page web et non une liste : souvent la page de connexion de l’opérateur. "
            "Téléchargez de nouveau la liste depuis sa console."
        )
    if ELEMENT.match(start):
        raise Unreadable("Ce fichier est un export XML et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
    if start.startswith((b"%pdf", b"{\\rtf")):
        raise Unreadable("Ce fichier est un document et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
    if start.startswith((b"7z\xbc\xaf", b"rar!", b"bzh", b"\xfd7zxz")):
        raise Unreadable(f"Ce fichier est une archive (7z, rar, bz2 ou xz) : {OPEN_ARCHIVE}")


@contextmanager
def _pasted_in(book: WorkbookFile, folder: Path) -> Iterator[CsvFile | None]:
    """The list that a spreadsheet left undivided in the first column, as it does of a separator that it does not
    expect; None where the cells are those of the list."""
    lines = _undivided(book)
    if shape(lines[:SHAPED])[1] < 2:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=folder) as kept:
        path = Path(kept) / "list"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        source = CsvFile(path)
        source.sheets, source.sheet, source.also = book.sheets, book.sheet, book.also
        yield source


def _undivided(book: WorkbookFile) -> list[str]:
    """Its rows, each of one cell, [] where some has others."""
    lines = []
    for row in book.rows():
        said = [tidy(str(cell)) for cell in row.cells if cell]
        if row.fault or len(said) > 1:
            return []
        lines.append("".join(said))
    return lines


# --- Archives ---------------------------------------------------------------------------------------------------------
def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not OF_WORKBOOK.isdisjoint(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable("Ce classeur ou cette archive est tronqué ou abîmé : enregistrez-le à nouveau.") from error


def _packed_in(path: Path, head: bytes) -> AbstractContextManager[IO[bytes] | gzip.GzipFile] | None:
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    return _only_member(path) if head.startswith(b"PK") and not _is_workbook(path) else None


@contextmanager
def _only_member(path: Path) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir() and not is_added(one.filename)]
        if any(one.filename.endswith(".iwa") for one in members):
            raise Unreadable("Ce fichier est un document Numbers : exportez-le en .xlsx ou en CSV.")
        if name := next((PARTS[one.filename] for one in members if one.filename in PARTS), ""):
            raise Unreadable(f"Ce fichier est {name} et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
        if not members:
            raise Unreadable("Cette archive zip est vide : téléchargez de nouveau la liste.")
        if len(members) > 1:
            named = ", ".join(one.filename for one in members[:3])
            raise Unreadable(f"Ce fichier est une archive zip de {len(members)} fichiers ({named}) : {OPEN_ARCHIVE}")
        try:
            with archive.open(members[0]) as stream:
                yield stream
        except (RuntimeError, NotImplementedError) as error:
            raise Unreadable(f"Cette archive zip est chiffrée : {OPEN_ARCHIVE}") from error


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@contextmanager
def _unpacked(stream: _Readable, folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder) as kept:
        path = Path(kept) / "list"
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(_Bounded(stream), file)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            if lacks_room(error):
                raise
            raise Unreadable("Cette archive est tronquée ou abîmée : téléchargez-la de nouveau.") from error
        yield path


class _Bounded:
    """A stream that ends in a refusal where it gives more than a list ever holds."""

    def __init__(self, stream: _Readable):
        self._stream, self._left = stream, MAX_UNPACKED

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise Unreadable("Cette archive contient plus qu’une liste : elle est refusée par prudence.")
        return block


# --- Headers ----------------------------------------------------------------------------------------------------------
def first_of(rows: Iterator[Row]) -> list[Row]:
    """The first rows that say something: the headers are among them, with what stands below to show."""
    found = list(islice((row for row in rows if row.fault or any(row.cells)), SEARCHED + SHOWN))
    said = [row for row in found if any(row.cells)]
    if found and not said:
        raise Unreadable(f"Aucune ligne ne se lit. Ligne {found[0].number} : {found[0].fault}")
    return said


def heading_among(first: list[Row], number: int | None = None, fields: Sequence[Field] | None = None) -> Heading:
    """The row above the first addresses, by its place; without any address, the row that names the most fields.

    `number`: that of the line of headers as a person chose it, 0 for none.
    """
    if not first:
        raise Unreadable("Le fichier est vide : téléchargez de nouveau la liste.")
    if number is not None:
        chosen = next((rank for rank, row in enumerate(first) if row.number == number), None)
        return _headed(first, chosen)
    values = _first_values(first, fields)
    above = first[: SEARCHED if values is None else values]
    if values == 0:
        return _headed(first, None)
    named = [sum(1 for name in guess(headers_of(row), fields=fields) if name) for row in above]
    if values is not None and not any(named) and _says(above[-1]) < 2 <= _says(first[values]):
        bare = _headed(first[values:], None)  # a title, and no headers
        return Heading(bare.headers, above[-1].number, bare.sample)
    if values is not None and (not any(named) or named[-1] == max(named)):
        return _headed(first, values - 1)
    if any(named):
        return _headed(first, max(range(len(named)), key=lambda rank: named[rank]))
    return _headed(first, 0)


def _first_values(first: list[Row], fields: Sequence[Field] | None) -> int | None:
    """The first row that holds an address; alone on its line among wider ones, it is that of whoever sent the list.

    Of another list than one of BAL, an RPPS tells it as well.
    """
    fits = is_address if fields is None else _is_address_or_number
    held = [rank for rank, row in enumerate(first) if any(map(fits, row.cells))]
    wide = [rank for rank in held if _says(first[rank]) > 1]
    return min(wide if len(wide) * 2 >= len(held) else held, default=None)


def _is_address_or_number(cell: Cell) -> bool:
    return is_address(cell) or (isinstance(cell, str) and is_rpps(cell))


def _says(row: Row) -> int:
    return sum(1 for cell in row.cells if cell)


def _headed(first: list[Row], rank: int | None) -> Heading:
    if rank is None:
        width = max(len(row.cells) for row in first)
        return Heading([f"Colonne {n}" for n in range(1, width + 1)], 0, first[:SHOWN])
    return Heading(headers_of(first[rank]), first[rank].number, first[rank + 1 :][:SHOWN])
