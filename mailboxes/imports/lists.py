"""An operator's list, whatever its form: opened, its headers found, its rows given one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from mailboxes.imports.columns import guess, is_address
from mailboxes.imports.csv_file import HEAD, CsvFile
from mailboxes.imports.rows import Row, Unreadable

if TYPE_CHECKING:
    from mailboxes.imports.xlsx_file import XlsxFile

# By name: every process would carry its 12 MB, for the few that read one.
WORKBOOK = "mailboxes.imports.xlsx_file.XlsxFile"

SEARCHED = 10  # first rows among which the headers are looked for: some lists begin with a title
SHOWN = 5


@dataclass
class Heading:
    headers: list[str]
    number: int  # of the line of headers; 0 where the list has none
    sample: list[Row]  # the rows that follow


def open_list(path: Path) -> "CsvFile | XlsxFile":
    """By its first bytes, never by its name."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise Unreadable("Le fichier est vide.")
    if head.startswith(b"PK"):
        return import_string(WORKBOOK)(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "Ce classeur est d’un ancien format Excel (.xls), ou protégé par un mot de passe : "
            "enregistrez-le en .xlsx sans mot de passe, ou en CSV."
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<head", b"<body")):
        raise Unreadable(
            "Ce fichier est une page web et non une liste : souvent la page de connexion de l’opérateur. "
            "Téléchargez de nouveau la liste depuis sa console."
        )
    if start.startswith((b"%pdf", b"{\\rtf")):
        raise Unreadable("Ce fichier est un document et non une liste : demandez à l’opérateur un CSV ou un .xlsx.")
    return CsvFile(path)


def heading_of(rows: Iterator[Row]) -> Heading:
    """The first row that names an address, else the first row; a list of bare values gets numbered columns."""
    first = [row for row in islice(rows, SEARCHED + SHOWN) if any(row.cells)]
    if not first:
        raise Unreadable("Le fichier est vide.")
    for rank, row in enumerate(first[:SEARCHED]):
        if any(is_address(cell) for cell in row.cells):
            break  # values already: the headers do not come later
        if "address" in guess(texts(row)):
            return Heading(texts(row), row.number, first[rank + 1 :][:SHOWN])
    if any(is_address(cell) for cell in first[0].cells):
        return Heading([f"Colonne {n}" for n in range(1, len(first[0].cells) + 1)], 0, first[:SHOWN])
    return Heading(texts(first[0]), first[0].number, first[1:][:SHOWN])


def texts(row: Row) -> list[str]:
    """The headers, without the empty columns that spreadsheets leave at the end."""
    found = [str(cell)[:100] for cell in row.cells]
    while found and not found[-1]:
        found.pop()
    return found
