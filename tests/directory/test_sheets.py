"""A workbook read as Excel reads it: each cell is what it was, and nothing runs."""

import io
from datetime import date

from openpyxl import load_workbook

from directory import sheets
from directory.sheets import LONGEST, Sheet, as_book, as_xlsx

LONG = "é" * (LONGEST + 1)


def read(content):
    return load_workbook(io.BytesIO(content))


def test_a_text_stays_a_text_and_a_day_a_day():
    texts = ["00123", "https://exemple.fr", "{=1+1}", "1e5", "é\u0301 « x »"]
    row = [*texts, date(2026, 3, 1), 1.5, None]
    *cells, day, number, nothing = read(as_xlsx("Essai", ["A"] * len(row), [row]))["Essai"][2]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells] == [(text, "s", None) for text in texts]
    assert (day.is_date, day.value.date(), day.number_format) == (True, date(2026, 3, 1), "dd/mm/yyyy")
    assert (number.value, nothing.value) == (1.5, None)


def test_what_a_spreadsheet_would_run_is_a_text():
    sheet = read(as_xlsx("Essai", ["=A1"], [["=1+1", "+33", "a\x0bb"]]))["Essai"]
    assert [[cell.value for cell in row] for row in sheet] == [["'=A1", None, None], ["'=1+1", "'+33", "ab"]]


def test_a_text_beyond_what_a_cell_holds_says_that_it_went_on():
    (cell,) = read(as_xlsx("Essai", ["A"], [[LONG]]))["Essai"][2]
    assert cell.value == LONG[: LONGEST - 1] + "…"


def test_a_book_has_its_sheets_in_their_order_and_names_cut_to_what_excel_takes():
    book = read(as_book([Sheet("Un", ["A"], []), Sheet("N" * 40, ["B"], [["x"], ["y"]])]))
    assert book.sheetnames == ["Un", "N" * 31]
    assert [[cell.value for cell in row] for row in book["N" * 31]] == [["B"], ["x"], ["y"]]


def test_what_a_sheet_does_not_hold_goes_on_in_another(monkeypatch):
    monkeypatch.setattr(sheets, "LINES", 2)
    book = read(
        as_book([Sheet("N" * 40, ["A"], [["un"], ["deux"], ["trois"], ["quatre"], ["cinq"]]), Sheet("B", ["B"], [])])
    )
    assert {sheet.title: [cell.value for (cell,) in sheet] for sheet in book} == {
        "N" * 31: ["A", "un", "deux"],
        "N" * 27 + " (2)": ["A", "trois", "quatre"],
        "N" * 27 + " (3)": ["A", "cinq"],
        "B": ["B"],
    }


def test_a_sheet_that_is_just_full_has_no_empty_one_after_it(monkeypatch):
    monkeypatch.setattr(sheets, "LINES", 2)
    assert read(as_xlsx("Essai", ["A"], [["un"], ["deux"]])).sheetnames == ["Essai"]
