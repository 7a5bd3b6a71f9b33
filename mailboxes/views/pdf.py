"""The frame of every PDF: title, structure and date above, page numbers below, our words as French is written.

pdf("Indicateurs", [heading("BAL par état"), table(["État", "BAL"], rows)], structure="CHU", day=today)
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from django.utils.formats import number_format
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    ListFlowable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from directory.controls import without_controls
from directory.dates import day_in_words
from directory.typography import typeset

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN  # what a flowable has
INK, QUIET, LINE, TINT = (HexColor(colour) for colour in ("#1f2937", "#4b5563", "#d1d5db", "#f3f4f6"))

# The standard fonts of PDF know neither œ nor the typographic apostrophe for sure; Vera comes with reportlab and does.
FOLDER = Path(reportlab.__file__).parent / "fonts"
for name, file in {"Vera": "Vera", "Vera-Bold": "VeraBd", "Vera-Italic": "VeraIt", "Vera-BoldItalic": "VeraBI"}.items():
    pdfmetrics.registerFont(TTFont(name, FOLDER / f"{file}.ttf"))
pdfmetrics.registerFontFamily("Vera", "Vera", "Vera-Bold", "Vera-Italic", "Vera-BoldItalic")
UNKNOWN_TO_VERA = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0", "\u2011": "-", "→": "›", "✓": "•"})

BODY = ParagraphStyle("body", fontName="Vera", fontSize=9.5, leading=14, textColor=INK, spaceAfter=5)
QUIETLY = ParagraphStyle("quietly", BODY, textColor=QUIET)
TITLE = ParagraphStyle("title", BODY, fontName="Vera-Bold", fontSize=17, leading=22, spaceAfter=2)
HEADING = ParagraphStyle("heading", BODY, fontName="Vera-Bold", fontSize=12, leading=16, spaceBefore=10)
CELL = ParagraphStyle("cell", BODY, fontSize=8.5, leading=11, spaceAfter=0)
HEAD = ParagraphStyle("head", CELL, fontName="Vera-Bold")
FIGURE = ParagraphStyle("figure", CELL, alignment=TA_RIGHT)
HEAD_FIGURE = ParagraphStyle("head-figure", HEAD, alignment=TA_RIGHT)
GRID: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]


def pdf(title: str, parts: Iterable[Flowable], *, structure: str = "", day: date, subtitle: str = "") -> bytes:
    """The whole document; `structure` and `day` stand on every page."""
    content = BytesIO()
    frame = SimpleDocTemplate(
        content, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=24 * mm, bottomMargin=20 * mm,
        title=title, author=structure or "BAL Manager", subject=subtitle, creator="BAL Manager", lang="fr",
    )  # fmt: skip
    opening = [_paragraph(title, TITLE), *([_paragraph(subtitle, QUIETLY)] if subtitle else []), Spacer(0, 3 * mm)]
    head = printed(structure), day_in_words(day)
    frame.build([*opening, *parts], canvasmaker=partial(_NumberedCanvas, title=printed(typeset(title)), head=head))
    return content.getvalue()


class _NumberedCanvas(Canvas):
    """Holds the pages back until their number is known, to write "page 2 sur 5" on each."""

    def __init__(self, *args, title: str, head: tuple[str, str], **options):
        super().__init__(*args, **options)
        self._title, self._head = title, head
        self._pages: list[dict] = []

    def showPage(self):
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # reportlab’s own, in every such recipe

    def save(self):
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self._draw_frame(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_frame(self, number: int, count: int) -> None:
        top, bottom, right = A4[1] - 14 * mm, 12 * mm, A4[0] - MARGIN
        self.setStrokeColor(LINE)
        self.line(MARGIN, top - 2 * mm, right, top - 2 * mm)
        self.line(MARGIN, bottom + 4 * mm, right, bottom + 4 * mm)
        self.setFillColor(QUIET)
        self.setFont("Vera", 8)
        structure, day = self._head
        self.drawString(MARGIN, top, structure)
        self.drawRightString(right, top, day)
        self.drawString(MARGIN, bottom, self._title)
        self.drawRightString(right, bottom, f"page {number} sur {count}")


# --- What goes in -----------------------------------------------------------------------------------------------------
def heading(text: str) -> Flowable:
    return _paragraph(text, HEADING, keepWithNext=True)


def paragraph(text: str) -> Flowable:
    """Words of ours, as French is printed; their line breaks are kept."""
    return _paragraph(text, BODY)


def as_written(text: str) -> Flowable:
    """Somebody's own words; their line breaks are kept."""
    return _drawn(text, BODY)


def note(text: str) -> Flowable:
    return _paragraph(text, QUIETLY)


def bullets(items: Iterable[str], *, numbered: bool = False) -> Flowable:
    return ListFlowable(
        [paragraph(item) for item in items],
        bulletType="1" if numbered else "bullet",
        bulletFontName="Vera",
        bulletFontSize=9,
        bulletFormat="%s." if numbered else None,
        start=None if numbered else "•",
        leftIndent=14,
    )


def facts(pairs: Iterable[tuple[str, Any]]) -> Flowable:
    """Label and value, side by side."""
    rows = [[_paragraph(label, HEAD), _cell(value, CELL)] for label, value in pairs]
    return Table(rows, [WIDTH * 0.32, WIDTH * 0.68], style=TableStyle(GRID), spaceAfter=8)


def table(header: Sequence[str], rows: Iterable[Sequence], *, widths: Sequence[float] = ()) -> Flowable:
    """`widths` are shares of the page; columns of numbers stand to the right; the header comes again on each page."""
    rows = list(rows)
    shares = widths or [2.0, *[1.0] * (len(header) - 1)]
    counts = [any(_is_number(row[column]) for row in rows) for column in range(len(header))]
    heads = [
        _paragraph(label, HEAD_FIGURE if is_count else HEAD) for label, is_count in zip(header, counts, strict=True)
    ]
    styles = [FIGURE if is_count else CELL for is_count in counts]
    lines = [[_cell(value, style) for value, style in zip(row, styles, strict=True)] for row in rows]
    style = TableStyle([*GRID, ("BACKGROUND", (0, 0), (-1, 0), TINT)])
    return Table([heads, *lines], [WIDTH * s / sum(shares) for s in shares], style=style, repeatRows=1, spaceAfter=8)


def room(height_mm: float) -> Flowable:
    """A new page, unless so much is left of this one."""
    return CondPageBreak(height_mm * mm)


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value, style: ParagraphStyle) -> Flowable:
    if isinstance(value, Flowable):
        return value
    if _is_number(value):
        value = number_format(value, force_grouping=True)
    return _paragraph("–" if value in (None, "") else str(value), style)


def _paragraph(text: str, style: ParagraphStyle, **options) -> Paragraph:
    """Whatever is composed here, of a title as of a cell."""
    return _drawn(typeset(text), style, **options)


def _drawn(text: str, style: ParagraphStyle, **options) -> Paragraph:
    style = ParagraphStyle(style.name, style, **options) if options else style
    return Paragraph(escape(printed(text)).replace("\n", "<br/>"), style)


def printed(text: str) -> str:
    """What Vera can draw: it has our letters, and lacks some spaces and signs."""
    return without_controls(str(text)).translate(UNKNOWN_TO_VERA)
