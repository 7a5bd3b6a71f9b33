"""Workbooks as other programs than ours write them. The `.xls` beside were written by xlwt; OpenDocument and what
openpyxl does not write are spelt out here."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import numbers

from mailboxes.imports import workbook_child
from mailboxes.imports.columns import guess
from mailboxes.imports.lists import first_of, heading_among, open_list
from mailboxes.imports.reading import LineReader
from mailboxes.imports.rows import Unreadable
from mailboxes.imports.survey import Survey, survey

FOLDER = Path(__file__).with_name("workbooks")
WHEN = timezone.make_aware(datetime(2026, 3, 15, 8, 30))
NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)
NO_VALUE = "Formule sans valeur enregistrée : enregistrez ce classeur depuis un tableur."


@pytest.fixture
def read(tmp_path):
    """`read(bytes)`: the lines of the sheet that holds the addresses, as understood from its guessed columns."""

    def lines(raw, sheet=""):
        path = tmp_path / "liste"
        path.write_bytes(raw)
        with open_list(path, sheet) as source:
            heading = heading_among(first_of(source.rows()))
            columns = guess(heading.headers, None, heading.sample)
            rows = [row for row in source.rows() if row.number > heading.number and (row.fault or any(row.cells))]
            reader = LineReader(heading.headers, columns, survey(heading.headers, columns, rows))
            return [reader.line(row) for row in rows]

    return lines


def said(line, *names):
    return [line.facts.get(name) for name in names]


# --- .xls -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rank", range(11))
def test_an_xls_s_dates_numbers_and_yes_and_no_are_read_whatever_their_format(read, rank):
    """In eleven formats of dates; the last two show a number of days."""
    line = read((FOLDER / "values.xls").read_bytes())[rank]
    assert line.faults == []
    names = ("rpps", "finess", "liste_rouge", "quota_mb", "last_used_at", "used_mb")
    noon = timezone.make_aware(datetime(2026, 3, 15, 12))
    assert said(line, *names) == ["10000000017", "010000002", True, 2048, noon, None]
    assert any("date d’Excel" in remark for remark in line.remarks) == (rank > 8)


def test_an_xls_of_a_mac_counts_its_days_from_1904(read):
    (line,) = read((FOLDER / "of_a_mac.xls").read_bytes())
    assert (line.facts["last_used_at"], line.remarks) == (WHEN, [])


def test_two_rows_of_headers_merged_cells_and_hidden_sheets_of_an_xls(read, tmp_path):
    lines = read((FOLDER / "merged.xls").read_bytes())
    assert [(line.number, *said(line, "address", "service", "finess", "quota_mb")) for line in lines[:3]] == [
        (6, "a@x.mssante.fr", "Cardiologie", "010000002", 2000),
        (7, "b@x.mssante.fr", "Cardiologie", "010000002", 1000),
        (8, "c@x.mssante.fr", "Cardiologie", "010000003", 500),
    ]
    assert [str(line.facts["holder"]) for line in lines[:3]] == ["Alice MOREL", "Jean MARTIN", "Marie SIMON"]
    assert ["fusionnée" in str(line.remarks) for line in lines[:3]] == [False, True, True]
    assert [line.number for line in lines[3:]] == [10], "a note over three rows is one line"
    with open_list(tmp_path / "liste") as source:
        assert source.sheets == ["BAL"]


# --- .xlsx ------------------------------------------------------------------------------------------------------------
def xlsx(*rows, then=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if then:
        then(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(raw, changes, part="xl/worksheets/sheet1.xml"):
    """The same workbook, one part of it as another program would have written it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            text = before.read(name)
            for old, new in changes if name == part else ():
                assert old.encode() in text, (old, text[-600:])
                text = text.replace(old.encode(), new.encode())
            after.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    "shown",
    ["dd/mm/yyyy", "[$-40C]dddd d mmmm yyyy", "[$-fr-FR]d-mmm-yy;@", 'yyyy-mm-dd"T"hh:mm:ss', "[h]:mm:ss", "mmm-yy",
     "h:mm AM/PM", 'dd/mm/yyyy "à" hh"h"mm', "[Red]dd/mm/yyyy", "[hh]:mm", "mm:ss.0"],
)  # fmt: skip
def test_a_date_is_one_whatever_shows_it(read, shown):
    def then(sheet):
        sheet["B2"].number_format = shown

    (line,) = read(xlsx(["Adresse", "Dernière connexion"], ["a@x.mssante.fr", 46096 + 8.5 / 24], then=then))
    assert (line.facts["last_used_at"], line.remarks) == (WHEN, [])


@pytest.mark.parametrize(("days", "value"), [(0, None), (0.354, None), (1, None), (2958465, None)])
def test_no_day_a_clock_alone_and_the_end_of_time_are_no_date(read, days, value):
    def then(sheet):
        sheet["B2"].number_format = numbers.FORMAT_DATE_DATETIME

    (line,) = read(xlsx(["Adresse", "Dernière connexion"], ["a@x.mssante.fr", days], then=then))
    assert (line.faults, line.facts.get("last_used_at")) == ([], value)


def test_a_merged_cell_is_that_of_each_of_its_rows_and_told(read):
    rows = [["Adresse", "FINESS", "Service"], ["a@x.mssante.fr", "010000002", "Cardiologie"], ["b@x.mssante.fr"]]
    lines = read(xlsx(*rows, then=lambda sheet: [sheet.merge_cells(cells) for cells in ("B2:B3", "C2:C3")]))
    assert [said(line, "finess", "service") for line in lines] == [["010000002", "Cardiologie"]] * 2
    assert [line.remarks for line in lines] == [[], ["Cellule fusionnée, lue sur chacune de ses lignes."]]


def test_an_address_over_the_rows_of_its_holders_is_that_of_each(read):
    rows = [["Adresse", "Titulaire"], ["a@x.mssante.fr", "MOREL Alice"], [None, "MARTIN Jean"], ["b@x.mssante.fr", ""]]
    lines = read(xlsx(*rows, then=lambda sheet: sheet.merge_cells("A2:A3")))
    assert [line.address for line in lines] == ["a@x.mssante.fr", "a@x.mssante.fr", "b@x.mssante.fr"]


def test_a_merged_title_or_note_is_said_once(read):
    def then(sheet):
        for cells in ("A1:C2", "A5:C7"):
            sheet.merge_cells(cells)

    rows = [
        ["Liste des BAL"],
        [],
        ["Adresse", "Type", "Service"],
        ["a@x.mssante.fr", "ORG", "Réa"],
        ["Document interne"],
    ]
    assert [line.number for line in read(xlsx(*rows, then=then))] == [4, 5]


def test_the_number_of_a_row_is_the_sheet_s_own_and_its_link_its_own_too(read):
    def then(sheet):
        for row, values in enumerate([["Adresse", "Type"], ["Réa", "ORG"], ["Cardio", "ORG"]], 6):
            for column, value in enumerate(values, 3):
                sheet.cell(row, column, value)
        sheet["C7"].hyperlink = "mailto:a@x.mssante.fr"
        sheet["C8"].hyperlink = "mailto:b@x.mssante.fr?subject=x"

    lines = read(xlsx(then=then))
    assert [(line.number, line.address) for line in lines] == [(7, "a@x.mssante.fr"), (8, "b@x.mssante.fr")]


def test_a_formula_without_its_value_is_told_even_alone_on_its_line(read):
    rows = [
        ["Adresse", "Service"],
        ['="a"&"@x.mssante.fr"', "Réa"],
        ['="b"&"@x.mssante.fr"'],
        ["c@x.mssante.fr", "=B2"],
    ]
    first, second, third = read(xlsx(*rows))
    assert (first.faults, first.remarks) == (["Adresse : absente."], [NO_VALUE])
    assert (second.number, second.faults) == (3, [NO_VALUE])
    assert (third.address, third.remarks) == ("c@x.mssante.fr", [NO_VALUE])


@pytest.mark.parametrize(
    ("written", "service", "told"),
    [
        ("<f>B9</f><v>Réa</v>", "Réa", False),
        ("<f>IF(1,&quot;&quot;)</f><v></v>", None, False),  # an empty text, and no value lost
        ('<f t="shared" si="0"/><v>Réa</v>', "Réa", False),
    ],
)
def test_a_formula_s_value_is_read_an_empty_text_too(read, written, service, told):
    raw = xlsx(["Adresse", "Service"], ["a@x.mssante.fr", "=B9"])
    raw = rewritten(raw, [('<c r="B2"><f>B9</f><v /></c>', f'<c r="B2" t="str">{written}</c>')])
    (line,) = read(raw)
    assert (line.facts.get("service"), bool(line.remarks)) == (service, told)


@pytest.mark.parametrize("error", ["#DIV/0!", "#REF!", "#NAME?", "#VALUE!"])
def test_an_error_of_the_spreadsheet_is_told(read, error):
    (line,) = read(xlsx(["Adresse", "Quota"], ["a@x.mssante.fr", error]))
    assert (line.facts, line.remarks) == ({"address": "a@x.mssante.fr"}, [f"Valeur d’erreur du tableur, {error}."])


def test_what_is_not_available_says_nothing(read):
    (line,) = read(xlsx(["Adresse", "Quota"], ["a@x.mssante.fr", "#N/A"]))
    assert (line.facts, line.remarks) == ({"address": "a@x.mssante.fr"}, [])


def test_the_address_behind_a_formula_that_links_is_read_and_told(read):
    raw = xlsx(["Adresse", "Type"], ['=HYPERLINK("mailto:a@x.mssante.fr?subject=x","Cardio")', "ORG"])
    (line,) = read(rewritten(raw, [("<v />", "<v>Cardio</v>")]))
    assert (line.address, len(line.remarks)) == ("a@x.mssante.fr", 1)


def test_a_formula_that_stands_across_two_blocks_is_seen(read, monkeypatch):
    monkeypatch.setattr(workbook_child, "TAIL", 97)  # of the process that looks, which runs here
    found = workbook_child.Marks()
    raw = xlsx(*[[f'="a{n}"&"@x.mssante.fr"', "=1/0"] for n in range(40)])
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        workbook_child.look_at_formulas(archive, "xl/worksheets/sheet1.xml", found)
    assert len(found.lost) == 80


def test_a_sheet_of_a_chart_is_none_to_be_chosen(read, tmp_path):
    book = Workbook()
    book.active.append(["Adresse"])
    book.active.append(["a@x.mssante.fr"])
    book.create_chartsheet("Graphique")
    file = io.BytesIO()
    book.save(file)
    assert [line.address for line in read(file.getvalue())] == ["a@x.mssante.fr"]
    with open_list(tmp_path / "liste") as source:
        assert source.sheets == ["Sheet"]


@pytest.mark.django_db
def test_the_other_sheets_that_hold_addresses_are_told(bring_in):
    book = Workbook()
    for rank, name in enumerate(["Cardiologie", "Réanimation", "Lisez-moi"]):
        sheet = book.active if rank == 0 else book.create_sheet()
        sheet.title = name
        sheet.append(["Adresse", "Type"])
        if rank < 2:
            sheet.append([f"s{rank}@chu-exemple.mssante.fr", "ORG"])
    file = io.BytesIO()
    book.save(file)
    run = bring_in(file.getvalue(), stage="previewed", name="liste.xlsx")
    assert (run.sheet, run.created) == ("Cardiologie", 1)
    told = "D’autres feuilles de ce classeur ont des adresses, et ne sont pas lues ici : Réanimation."
    assert told in Survey.from_json(run.judged).remarks


@pytest.mark.parametrize("name", ["sheet1", "Feuil1"])
def test_a_cell_at_the_far_end_is_refused_whatever_its_part_is_named(read, name):
    raw = xlsx(["Adresse"], ["a@x.mssante.fr"], then=lambda sheet: sheet.cell(1_000_000, 1, "x"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(out, "w") as after:
        for part in before.namelist():
            after.writestr(
                part.replace("sheet1", name), before.read(part).replace(b"sheet1.xml", f"{name}.xml".encode())
            )
    with pytest.raises(Unreadable, match="hors de la liste"):
        read(out.getvalue())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b' r="A2"', b""),
        (
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ),
        (b"<c ", b"<x:c "),
    ],
)
def test_cells_without_their_place_the_strict_form_and_prefixes_are_read(read, old, new):
    raw = xlsx(["Adresse", "Service"], ["a@x.mssante.fr", "Réa"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(out, "w") as after:
        for part in before.namelist():
            text = before.read(part)
            if part.endswith("sheet1.xml"):
                assert old in text
                text = text.replace(old, new)
                if b"<x:c " in text:
                    text = text.replace(b"</c>", b"</x:c>").replace(b"<worksheet ", b'<worksheet xmlns:x="urn:x" ', 1)
                    text = text.replace(b"urn:x", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main")
            after.writestr(part, text)
    (line,) = read(out.getvalue())
    assert said(line, "address", "service") == ["a@x.mssante.fr", "Réa"]


IN_LINE = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>Adresse</t></is></c><c r="B1" t="inlineStr"><is><t>Service</t></is></c>
<c r="C1" t="inlineStr"><is><t>Dernière connexion</t></is></c></row>
<row r="2"><c r="A2" t="inlineStr"><is><r><t>a@x.</t></r><r><t>mssante.fr</t></r></is></c>
<c r="B2" t="inlineStr"><is><t xml:space="preserve"> Réa_x000D_\n2 </t></is></c>
<c r="C2" t="d"><v>2026-03-15T08:30:00</v></c>
</row></sheetData></worksheet>"""


def test_texts_within_their_cells_and_dates_in_letters_are_read(read):
    raw = xlsx(["Adresse"])
    with zipfile.ZipFile(io.BytesIO(raw)) as before:
        sheet = before.read("xl/worksheets/sheet1.xml").decode()
    (line,) = read(rewritten(raw, [(sheet, IN_LINE)]))
    assert said(line, "address", "service", "last_used_at") == ["a@x.mssante.fr", "Réa 2", WHEN]


def test_a_comment_is_nothing_of_its_cell_and_rows_that_a_filter_hides_are_read(read):
    def then(sheet):
        from openpyxl.comments import Comment  # noqa: PLC0415

        sheet["A2"].comment = Comment("voir z@x.mssante.fr", "G. Exemple")
        sheet.row_dimensions[3].hidden = True

    lines = read(xlsx(["Adresse"], ["a@x.mssante.fr"], ["b@x.mssante.fr"], then=then))
    assert [line.address for line in lines] == ["a@x.mssante.fr", "b@x.mssante.fr"]


# --- OpenDocument -----------------------------------------------------------------------------------------------------
def ods(*tables, styles=""):
    """`tables`: (name, rows in XML, attributes)."""
    body = "".join(f'<table:table table:name="{name}" {more}>{rows}</table:table>' for name, rows, more in tables)
    content = (
        f'<?xml version="1.0"?><office:document-content {NAMESPACES} xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{body}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return file.getvalue()


def cell(text="", more='office:value-type="string"', inside=""):
    return f"<table:table-cell {more}>{inside or (text and f'<text:p>{text}</text:p>')}</table:table-cell>"


def row(*cells, more=""):
    held = "".join(one if one.startswith("<") else cell(one) for one in cells)
    return f"<table:table-row {more}>{held}</table:table-row>"


COVERED = "<table:covered-table-cell/>"
HEADERS = row("Adresse", "Type", "Service")


def sheet(*rows, name="BAL", more=""):
    return name, "".join(rows), more


@pytest.mark.parametrize(
    ("more", "when"),
    [
        ('office:value-type="date" office:date-value="2026-03-15T08:30:00"', WHEN),
        ('office:value-type="date" office:date-value="2026-03-15T07:30:00Z"', WHEN),
        ('office:value-type="date" office:date-value="2026-03-15T08:30:00.000000000"', WHEN),
        ('office:value-type="date" office:date-value="2026-03-15"', WHEN.replace(hour=0, minute=0)),
        ('office:value-type="date" office:date-value="1899-12-30"', None),
        ('office:value-type="time" office:time-value="PT08H30M00S"', None),
    ],
)
def test_a_date_of_open_document_is_its_value_and_not_what_is_shown(read, more, when):
    rows = (row("Adresse", "Dernière connexion"), row("a@x.mssante.fr", cell("dimanche 15", more)))
    (line,) = read(ods(sheet(*rows)))
    assert (line.faults, line.facts.get("last_used_at")) == ([], when)


@pytest.mark.parametrize(
    ("header", "more", "shown", "name", "value"),
    [
        ("Liste rouge", 'office:value-type="boolean" office:boolean-value="true"', "VRAI", "liste_rouge", True),
        ("Liste rouge", 'office:value-type="boolean" office:boolean-value="false"', "FAUX", "liste_rouge", False),
        ("RPPS", 'office:value-type="float" office:value="10000000017"', "1,00E+10", "rpps", "10000000017"),
        ("Quota (Mo)", 'office:value-type="float" office:value="2048"', "2 048,00", "quota_mb", 2048),
        ("Quota (Mo)", 'office:value-type="currency" office:value="2048"', "2 048 €", "quota_mb", 2048),
        ("Taux (%)", 'office:value-type="percentage" office:value="0.85"', "85 %", "used_mb", None),
        ("Service", 'office:value-type="string" office:string-value="Réa"', "Réa", "service", "Réa"),
    ],
)  # fmt: skip
def test_a_value_of_open_document_is_read_by_its_sort(read, header, more, shown, name, value):
    (line,) = read(ods(sheet(row("Adresse", header), row("a@x.mssante.fr", cell(shown, more)))))
    assert (line.faults, line.facts.get(name)) == ([], value)


def test_repeated_rows_and_cells_are_as_many_and_an_endless_tail_none(read):
    tail = row('<table:table-cell table:number-columns-repeated="1024"/>', more='table:number-rows-repeated="1048000"')
    twice = cell("ORG", 'office:value-type="string" table:number-columns-repeated="2"')
    more = 'table:number-rows-repeated="3"'
    lines = read(ods(sheet(HEADERS, row("a@x.mssante.fr", "PER", more=more), row("b@x.mssante.fr", twice), tail)))
    assert [(line.number, *said(line, "address", "kind", "service")) for line in lines] == [
        (2, "a@x.mssante.fr", "PER", None),
        (3, "a@x.mssante.fr", "PER", None),
        (4, "a@x.mssante.fr", "PER", None),
        (5, "b@x.mssante.fr", "ORG", "ORG"),
    ]


def test_blank_rows_and_columns_before_a_list_of_open_document_are_counted(read):
    blank = row('<table:table-cell table:number-columns-repeated="2"/>', more='table:number-rows-repeated="4"')
    left = '<table:table-cell table:number-columns-repeated="2"/>'
    lines = read(ods(sheet(blank, row(left, "Adresse", "Type"), row(left, "a@x.mssante.fr", "ORG"), blank,
                           row(left, "b@x.mssante.fr", "PER"))))  # fmt: skip
    assert [(line.number, *said(line, "address", "kind")) for line in lines] == [
        (6, "a@x.mssante.fr", "ORG"),
        (11, "b@x.mssante.fr", "PER"),
    ]


def test_a_merged_cell_of_open_document_is_that_of_each_of_its_rows(read):
    over = cell(
        "Cardiologie", 'office:value-type="string" table:number-rows-spanned="2" table:number-columns-spanned="1"'
    )
    wide = cell("Liste", 'office:value-type="string" table:number-columns-spanned="3" table:number-rows-spanned="1"')
    rows = (
        row(wide, COVERED, COVERED),
        HEADERS,
        row("a@x.mssante.fr", "ORG", over),
        row("b@x.mssante.fr", "ORG", COVERED),
    )
    lines = read(ods(sheet(row("autre", cell("x")), name="Notes"), sheet(*rows)))
    assert [(line.number, line.facts["service"]) for line in lines] == [(3, "Cardiologie"), (4, "Cardiologie")]
    assert ["fusionnée" in str(line.remarks) for line in lines] == [False, True]


@pytest.mark.parametrize(
    ("inside", "address"),
    [
        ('<text:p><text:a xlink:href="mailto:a@x.mssante.fr?subject=x">Cardio</text:a></text:p>', "a@x.mssante.fr"),
        ('<text:p><text:a xlink:href="mailto:a@x.mssante.fr">a@x.mssante.fr</text:a></text:p>', "a@x.mssante.fr"),
        ("<text:p><text:span>a@x.</text:span><text:span>mssante.fr</text:span></text:p>", "a@x.mssante.fr"),
        ("<office:annotation><text:p>voir z@x.mssante.fr</text:p></office:annotation><text:p>a@x.mssante.fr</text:p>",
         "a@x.mssante.fr"),
        ("<text:p><text:s/>a@x.mssante.fr<text:s text:c=\"3\"/></text:p>", "a@x.mssante.fr"),
    ],
)  # fmt: skip
def test_links_comments_and_pieces_of_text_of_open_document(read, inside, address):
    (line,) = read(ods(sheet(HEADERS, row(cell(inside=inside), "ORG", "Réa"))))
    assert (line.address, line.faults) == (address, [])


def test_a_hidden_sheet_of_open_document_is_passed_over_and_rows_of_groups_are_read(read):
    style = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    hidden = sheet(
        row("Adresse"), *[row(f"z{n}@x.mssante.fr") for n in range(9)], name="Z", more='table:style-name="h"'
    )
    head = f"<table:table-header-rows>{HEADERS}</table:table-header-rows>"
    group = (
        f'<table:table-row-group table:display="false">{row("a@x.mssante.fr", "ORG", "Réa")}</table:table-row-group>'
    )
    filtered = row("b@x.mssante.fr", "ORG", "Réa", more='table:visibility="filter"')
    lines = read(ods(hidden, sheet(head, group, filtered), styles=style))
    assert [line.address for line in lines] == ["a@x.mssante.fr", "b@x.mssante.fr"]


def test_entities_of_a_made_up_workbook_are_refused(read):
    raw = rewritten(
        ods(sheet(HEADERS, row("a@x.mssante.fr", cell("x", 'table:number-rows-spanned="2"'), "Réa"))),
        [('<?xml version="1.0"?>', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>')],
        part="content.xml",
    )
    with pytest.raises(Unreadable):
        read(raw)


# --- What is none -----------------------------------------------------------------------------------------------------
def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


def ole(name):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + name.encode("utf-16-le") + bytes(3000)


IN_UTF_16 = {
    "spreadsheetml": '<?xml version="1.0" encoding="UTF-16"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
    "json": '[\r\n  {\r\n    "PrimarySmtpAddress":  "a@x.mssante.fr"\r\n  }\r\n]\r\n',
    "clixml": '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj/></Objs>',
    "form": "Name               : Réa\r\nPrimarySmtpAddress : a@x.mssante.fr\r\nTotalItemSize      : 1.2 GB\r\n\r\n",
}


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (zipped({"word/document.xml": "<x/>"}), "Word"), (zipped({"ppt/presentation.xml": "<x/>"}), "diaporama"),
        (zipped({"Index/Document.iwa": "x", "Metadata/Properties.plist": "x"}), "Numbers"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}), "traitement de texte"),
        (ole("WordDocument"), "traitement de texte"), (ole("PowerPoint Document"), "diaporama"),
        (ole("__substg1.0_0037001F"), "Outlook"), (b"\x09\x08\x08\x00\x00\x05\x10\x00" + bytes(300), "avant 1997"),
        (b"\x09\x00\x04\x00\x02\x00\x10\x00" + bytes(300), "avant 1997"),
        (f"<office:document {NAMESPACES}/>".encode(), "fods"),
        (b'ID;PWXL;N;E\r\nC;Y1;X1;K"a@x.mssante.fr"\r\nE\r\n', "SYLK"), (b'TABLE\r\n0,1\r\n"EXCEL"\r\n', "DIF"),
        (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n\r\n<html>", "mht"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n<html>", "mht"),
        (b"INSERT INTO mailbox VALUES ('a@x.mssante.fr');\n", "SQL"),
        (b"-- MySQL dump\n/*!4 SET */;\nCREATE TABLE m;", "SQL"),
        (b"<!-- export -->\n<table><tr><td>a@x.mssante.fr</td></tr></table>", "HTML"),
        (b"<tr><td>a@x.mssante.fr</td></tr>", "page web"),
        (b"BEGIN:VCALENDAR\r\nATTENDEE:mailto:a@x.mssante.fr\r\n", "iCalendar"),
        (b"<users><user mail='a@x.mssante.fr'/></users>", "XML"),
        (IN_UTF_16["spreadsheetml"].encode("utf-16"), "Excel 2003"), (IN_UTF_16["json"].encode("utf-16"), "JSON"),
        (IN_UTF_16["clixml"].encode("utf-16"), "XML"), (IN_UTF_16["json"].encode("utf-16-le"), "JSON"),
        (IN_UTF_16["form"].encode("utf-16"), "Export-Csv"),
        (b"---\n- mail: a@x.mssante.fr\n  service: C\n- mail: b@x.mssante.fr\n  service: Rea\n", "valeur par ligne"),
        (b"mail: a@x.mssante.fr\nservice: Cardio\n\nmail: b@x.mssante.fr\nservice: Rea\n", "valeur par ligne"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_by_its_name(read, raw, named):
    with pytest.raises(Unreadable, match=named):
        read(raw)


@pytest.mark.parametrize(
    "text", ["<a@x.mssante.fr>\n<b@x.mssante.fr>\n", "BAL réa : a@x.mssante.fr\nBAL urgences : b@x.mssante.fr\n"]
)
def test_addresses_between_angles_or_behind_a_label_are_a_list(read, text):
    assert [line.address for line in read(text.encode())] == ["a@x.mssante.fr", "b@x.mssante.fr"]


# --- Tables that a terminal showed ------------------------------------------------------------------------------------
OF_POWERSHELL = """
PrimarySmtpAddress         DisplayName     Items LastLogonTime
------------------         -----------     ----- -------------
a@x.mssante.fr             Cardio adulte    1200 15/03/2026 08:30:00
tres.long@chu-exemple.m... Réa
b@x.mssante.fr                           1000000 15/03/2026 08:30:00

"""
OF_PSQL = """ username       | quota | active
----------------+-------+--------
 a@x.mssante.fr |  1024 | t
(1 row)
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_columns_underlined_one_by_one_are_read_with_their_empty_cells(read, encoding):
    first, cut, last = read(OF_POWERSHELL.replace("\n", "\r\n").encode(encoding))
    assert said(first, "address", "description", "last_used_at") == ["a@x.mssante.fr", "Cardio adulte", WHEN]
    assert cut.faults == ["Adresse : «\u00a0tres.long@chu-exemple.m...\u00a0» n’est pas une adresse."]
    assert said(last, "address", "description", "last_used_at") == ["b@x.mssante.fr", None, WHEN]


def test_the_count_below_a_table_is_no_line_of_it(read):
    assert [(line.address, line.faults) for line in read(OF_PSQL.encode())] == [("a@x.mssante.fr", [])]


def test_a_table_of_markdown_is_read(read):
    (line,) = read("| Adresse | Service |\n|:---|:---:|\n| a@x.mssante.fr | Réa |\n".encode())
    assert said(line, "address", "service") == ["a@x.mssante.fr", "Réa"]


def test_headings_of_groups_hide_no_column(read):
    text = "Service Cardiologie;;\na@x.mssante.fr;PER;\nService Réa;;\nb@x.mssante.fr;PER;\nc@x.mssante.fr;PER;\n"
    assert [said(line, "address", "kind") for line in read(text.encode()) if not line.faults] == [
        ["a@x.mssante.fr", "PER"],
        ["b@x.mssante.fr", "PER"],
        ["c@x.mssante.fr", "PER"],
    ]


@pytest.mark.django_db
def test_headers_given_again_on_each_page_are_no_line(bring_in):
    page = "Adresse;Type;Service\n{}@chu-exemple.mssante.fr;ORG;Réa\n"
    run = bring_in(page.format("a") + page.format("b"), stage="previewed")
    assert (run.created, run.rejected) == (2, 0)
