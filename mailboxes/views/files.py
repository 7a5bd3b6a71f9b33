"""A list or a document handed out as a file; its name bears the day."""

from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from directory.patience import handed_out
from directory.sheets import XLSX


def csv_file(name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(handed_out(lines), content_type="text/csv; charset=utf-8", headers=_named(name, "csv"))


def xlsx_file(name: str, content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type=XLSX, headers=_named(name, "xlsx"))


def pdf_file(name: str, content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/pdf", headers=_named(name, "pdf"))


def _named(name: str, extension: str) -> dict[str, str]:
    name = f"{name}-{timezone.localdate():%Y-%m-%d}.{extension}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}
