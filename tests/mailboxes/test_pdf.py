"""The frame of the PDF: every page bears its head, French is written whole, and nothing typed becomes markup."""

import re
from datetime import date

import pytest
from reportlab.pdfbase import pdfmetrics

from directory.typography import typeset
from mailboxes.views.pdf import as_written, bullets, facts, heading, note, paragraph, pdf, printed, room, table

pytestmark = pytest.mark.sqlite_run

DAY = date(2026, 11, 2)
FRENCH = "éèêëàâäîïôöùûüçÉÈÊÀÂÎÔÛÇŒœÆæ’‘“”«»–—…€•·°²×≥\u00a0\u202f\u2009\u2011→✓"


def pages(content):
    return int(re.search(rb"/Count (\d+)", content)[1])


def test_every_french_character_has_a_glyph():
    drawn = pdfmetrics.getFont("Vera").face.charToGlyph
    assert [sign for sign in printed(FRENCH) if ord(sign) not in drawn] == []


def test_a_document_says_its_title_its_structure_and_its_tongue():
    content = pdf("Usages de l’été", [paragraph("Texte")], structure="CHU de l’Œuvre", day=DAY)
    assert content.startswith(b"%PDF")
    assert pages(content) == 1
    assert b"/Lang (fr)" in content
    assert rb"/Title (Usages de l\220\351t\351)" in content, "in PDF’s own encoding"
    assert rb"/Author (CHU de l\220\226uvre)" in content


def test_a_long_table_takes_the_pages_it_needs_and_each_is_numbered():
    rows = [[f"Service n° {number}", number] for number in range(200)]
    assert pages(pdf("Long", [table(["Service", "BAL"], rows)], day=DAY)) > 2


@pytest.mark.parametrize("typed", ["<b>gras", "a < b & c", "<img src='file:///etc/passwd'/>", "]]>"])
def test_what_people_typed_is_text_and_never_markup(typed):
    parts = [
        heading(typed),
        paragraph(typed),
        note(typed),
        bullets([typed]),
        facts([(typed, typed)]),
    ]
    assert pages(pdf(typed, [*parts, room(20), table([typed], [[typed]])], structure=typed, subtitle=typed, day=DAY))


def test_an_empty_cell_and_an_empty_table_are_drawn():
    assert pdf("Vide", [table(["A", "B"], []), table(["A", "B"], [["", None], [0, 1234.5]])], day=DAY)


def said(part) -> list[str]:
    """The paragraphs of a part, of its cells, of its items."""
    if hasattr(part, "getPlainText"):
        return [part.getPlainText(identify=1)]
    inside = getattr(part, "_cellvalues", None) or [getattr(part, "_flowables", [])]
    return [text for row in inside for one in row for text in said(one)]


def test_whatever_is_composed_is_typeset_and_what_people_typed_is_not():
    typed = "« x » : y ; z ?"
    composed = [heading(typed), paragraph(typed), note(typed), bullets([typed]), facts([(typed, typed)]),
                table([typed], [[typed]])]  # fmt: skip
    sentences = [text for part in composed for text in said(part)]
    assert len(sentences) == 8
    assert set(sentences) == {printed(typeset(typed))} != {typed}
    assert said(as_written(typed)) == [typed]
