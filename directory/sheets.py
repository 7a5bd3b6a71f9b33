"""Tables as workbooks."""

import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from directory.csv_files import harmless
from directory.typography import cut

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 32_767  # characters of a cell: the format's own limit, beyond which the library leaves the cell empty
LINES = 1_048_575  # of a sheet, under its header: the format's own limit too, and the library drops what is beyond
TITLE = 31  # characters of a sheet's name
# Line by line, and each text as it is: the library would make formulas, links and numbers of what looks like one.
OPTIONS = {
    "constant_memory": True,
    "default_date_format": "dd/mm/yyyy",
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class Sheet(NamedTuple):
    title: str
    header: Sequence[str]
    rows: Iterable[Iterable]


def as_xlsx(title: str, header: Sequence[str], rows: Iterable[Iterable]) -> bytes:
    return as_book([Sheet(title, header, rows)])


def as_book(sheets: Iterable[Sheet]) -> bytes:
    content = io.BytesIO()
    with Workbook(content, OPTIONS) as book:
        for sheet in sheets:
            written = _begun(book, sheet)
            for number, row in enumerate(sheet.rows):
                part, line = divmod(number, LINES)
                if part and not line:
                    written = _begun(book, sheet, f" ({part + 1})")
                written.write_row(line + 1, 0, [_cell(value) for value in row])
    return content.getvalue()


def _begun(book: Workbook, sheet: Sheet, mark: str = "") -> Worksheet:
    """One more sheet; `mark` tells one that goes on from the first."""
    written = book.add_worksheet(sheet.title[: TITLE - len(mark)] + mark)
    written.write_row(0, 0, [_cell(label) for label in sheet.header])
    return written


def _cell(value):
    return cut(harmless(value), LONGEST) if isinstance(value, str) else value
