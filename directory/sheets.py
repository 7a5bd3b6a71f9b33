"""Tables as workbooks."""

import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from xlsxwriter import Workbook

from directory.csv_files import harmless
from directory.typography import cut

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 32_767  # characters of a cell: the format's own limit, beyond which the library leaves the cell empty
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
            written = book.add_worksheet(sheet.title[:TITLE])
            written.write_row(0, 0, [_cell(label) for label in sheet.header])
            for number, row in enumerate(sheet.rows, start=1):
                written.write_row(number, 0, [_cell(value) for value in row])
    return content.getvalue()


def _cell(value):
    return cut(harmless(value), LONGEST) if isinstance(value, str) else value
