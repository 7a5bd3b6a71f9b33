"""Tables as files that a French spreadsheet opens by double-click."""

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook

BOM = "\ufeff"  # without it Excel takes UTF-8 for cp1252
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerows([header, *([harmless(value) for value in row] for row in rows)])
    return (BOM + text.getvalue()).encode()


def as_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.append(list(header))
    for row in rows:
        sheet.append([harmless(value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def harmless(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
