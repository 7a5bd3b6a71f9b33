"""A list or a document handed out as a file; its name bears the day."""

from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from directory.csv_files import as_csv
from directory.patience import handed_out
from directory.sheets import XLSX


def csv_file(name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(handed_out(lines), content_type="text/csv; charset=utf-8", headers=_named(name, "csv"))


def csv_table(name: str, header: Sequence[str], rows: Iterable[Sequence]) -> HttpResponse:
    """A table short enough to be written at once, its amounts as a French spreadsheet reads them."""
    content = as_csv(header, ([_french(cell) for cell in row] for row in rows))
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=_named(name, "csv"))


def _french(cell):
    """Excel in French takes 12.50 for a date or a text."""
    return cell if isinstance(cell, int | str) else f"{cell:.2f}".replace(".", ",")


def xlsx_file(name: str, content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type=XLSX, headers=_named(name, "xlsx"))


def pdf_file(name: str, content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/pdf", headers=_named(name, "pdf"))


def _named(name: str, extension: str) -> dict[str, str]:
    name = f"{name}-{timezone.localdate():%Y-%m-%d}.{extension}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}
