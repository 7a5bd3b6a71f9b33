"""Tables as workbooks. The library that writes them is large: nothing but a page of exports imports this."""

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook

from directory.csv_files import harmless

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.append([harmless(label) for label in header])
    for row in rows:
        sheet.append([harmless(value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
