"""Operators' files as they really come: encodings, separators, dates, sizes, headers; and those that are no list."""

import gzip
import io
import tempfile
import time
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from directory.readers.words import Said
from directory.typography import quoted
from mailboxes import rules
from mailboxes.imports import csv_file, workbook_child
from mailboxes.imports.actions import read_columns
from mailboxes.imports.columns import guess
from mailboxes.imports.fields import FIELDS
from mailboxes.imports.lists import first_of, heading_among, open_list
from mailboxes.imports.models import ColumnMapping, Import, ImportLine
from mailboxes.imports.reading import LineReader
from mailboxes.imports.rows import Row, Unreadable
from mailboxes.imports.survey import survey
from mailboxes.models import Structure

HEADERS = ["Adresse", "Type", "Service", "Dernière connexion", "Espace occupé"]
VALUES = ["accueil@chu-exemple.mssante.fr", "ORG", "Pédiatrie d’été", "15/03/2026 08:30", "850 Mo"]
WHEN = datetime(2026, 3, 15, 8, 30)


@pytest.fixture
def read(tmp_path):
    """`read(bytes)`: the lines of a file, as understood from its guessed columns."""

    def lines(raw, saved=None):
        path = tmp_path / "liste"
        path.write_bytes(raw)
        with open_list(path) as source:
            heading = heading_among(first_of(source.rows()))
            columns = guess(heading.headers, saved, heading.sample)
            rows = [row for row in source.rows() if row.number > heading.number and _says(row)]
            reader = LineReader(heading.headers, columns, survey(heading.headers, columns, rows))
            return [reader.line(row) for row in rows]

    return lines


def _says(row):
    return row.fault or any(row.cells)


def text(separator=";", end="\r\n", rows=(HEADERS, VALUES)):
    return end.join(separator.join(row) for row in rows) + end


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def assert_understood(lines):
    (line,) = lines
    assert (line.faults, line.remarks) == ([], [])
    assert line.facts == {
        "address": "accueil@chu-exemple.mssante.fr",
        "kind": "ORG",
        "service": "Pédiatrie d’été",
        "last_used_at": timezone.make_aware(WHEN),
        "used_mb": 850,
    }


# --- Text -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_separator_and_line_end_gives_the_same_line(read, encoding, separator, end):
    assert_understood(read(text(separator, end).encode(encoding)))


def test_one_line_in_another_encoding_harms_no_other(read):
    first, second = text().splitlines(keepends=True)
    lines = read(first.encode() + second.encode("cp1252") + second.replace("accueil", "second").encode())
    assert [line.facts["service"] for line in lines] == ["Pédiatrie d’été"] * 2


def test_a_last_line_without_an_end_is_read(read):
    assert_understood(read(text().rstrip("\r\n").encode()))


def test_quoted_values_hold_separators_and_line_ends(read):
    lines = read(b'Adresse;Service\na@x.mssante.fr;"Urgences;\nadultes"\nb@x.mssante.fr;""\n')
    assert [(line.number, line.facts.get("service")) for line in lines] == [(2, "Urgences; adultes"), (4, None)]


def test_a_quote_never_closed_costs_its_line_alone(read):
    rows = "".join(f"b{n}@x.mssante.fr;Chirurgie\n" for n in range(40))
    lines = read(f'Adresse;Service\na@x.mssante.fr;"Urgences\n{rows}'.encode())
    assert [(line.number, line.faults) for line in lines if line.faults] == [
        (2, ["guillemet ouvert et jamais refermé."])
    ]
    assert [line.facts.get("service") for line in lines[1:]] == ["Chirurgie"] * 40


def test_a_quote_in_the_midst_of_a_value_is_a_character(read):
    lines = read(b'Adresse;Service\na@x.mssante.fr;Salle 12" nord\nb@x.mssante.fr;Urgences\n')
    assert [line.facts["service"] for line in lines] == ['Salle 12" nord', "Urgences"]


def test_a_separator_too_many_is_a_fault_of_its_line(read):
    good, bad = read(b"Adresse;Service\na@x.mssante.fr;Urgences;\nb@x.mssante.fr;Urgences;adultes;lits\n")
    assert not good.faults
    assert bad.faults == ["4 valeurs pour 2 colonnes : un séparateur est-il de trop ?"]


def test_a_title_above_the_headers_is_passed_over(read):
    lines = read(f"Export du 1er mars;;;;\n\n{text()}".encode())
    assert_understood(lines)
    assert lines[0].number == 4


def test_a_list_of_bare_addresses_has_numbered_columns(tmp_path, read):
    lines = read(b"A@x.mssante.fr\nb@x.mssante.fr\n")
    assert [line.address for line in lines] == ["a@x.mssante.fr", "b@x.mssante.fr"]
    with open_list(tmp_path / "liste") as source:
        assert heading_among(first_of(source.rows())).headers == ["Colonne 1"]


def test_a_line_of_ten_megabytes_is_told_and_the_next_is_read(read):
    started = time.perf_counter()
    lines = read(b"Adresse;Service\n" + b"x" * 10_000_000 + b"\na@x.mssante.fr;Urgences\n")
    assert lines[0].faults == [f"ligne de plus de {csv_file.LONGEST} caractères."]
    assert lines[1].address == "a@x.mssante.fr"
    assert time.perf_counter() - started < 20


# --- Workbooks --------------------------------------------------------------------------------------------------------
def test_a_workbook_gives_the_same_line(read):
    assert_understood(read(workbook(HEADERS, VALUES)))


@pytest.mark.parametrize("separator", [";", ","])
def test_a_list_left_undivided_in_the_first_column_of_a_workbook_is_read(read, separator):
    rows = [separator.join(row) for row in (HEADERS, VALUES)]
    assert_understood(read(workbook([rows[0]], [rows[1]])))
    title = read(workbook(["Liste"], [], [rows[0]], [rows[1]]))
    assert [line.number for line in title] == [4]
    whole = read(workbook([rows[0]], [rows[1]], *[["", ""]] * 250, ["b@chu-exemple.mssante.fr", "ORG"]))
    assert any("b@chu-exemple.mssante.fr" in line.cells for line in whole), "no cell is lost"


def test_a_workbook_s_own_dates_and_numbers_are_read(read):
    headers = ["Adresse", "RPPS", "Dernière connexion", "Relevé le", "Quota", "Liste rouge"]
    (line,) = read(workbook(headers, ["a@x.mssante.fr", 10000000017, WHEN, date(2026, 3, 16), 2048.0, True]))
    assert line.faults == []
    assert line.facts == {
        "address": "a@x.mssante.fr",
        "rpps": "10000000017",
        "last_used_at": timezone.make_aware(WHEN),
        "at": timezone.make_aware(datetime(2026, 3, 16)),
        "quota_mb": 2048,
        "liste_rouge": True,
    }


def test_a_finess_that_a_spreadsheet_took_for_a_number_gets_its_zero_back(read):
    (line,) = read(workbook(["Adresse", "FINESS"], ["a@x.mssante.fr", 10000002]))
    assert line.facts["finess"] == "010000002"
    assert line.remarks == ["FINESS : «\u00a010000002\u00a0» lu 010000002 : un tableur avait ôté le zéro."]


def test_empty_rows_and_columns_of_a_workbook_count_for_nothing(read):
    raw = workbook(["Adresse", "Type", None, None], [None, None, None, None], ["a@x.mssante.fr", "ORG", None, None])
    assert [(line.number, line.faults) for line in read(raw)] == [(3, [])]


# --- Values -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("15/03/2026", datetime(2026, 3, 15)),
        ("5/3/26", datetime(2026, 3, 5)),
        ("15-03-2026 08:30", WHEN),
        ("15.03.2026 08h30", WHEN),
        ("15/03/2026 08:30:00", WHEN),
        ("15/03/2026 à 08:30", WHEN),
        ("2026-03-15", datetime(2026, 3, 15)),
        ("2026-03-15T08:30:00", WHEN),
        ("2026-03-15 08:30:00,123", WHEN.replace(microsecond=123000)),
        ("20260315083000", WHEN),
        ("20260315", datetime(2026, 3, 15)),
        ("jamais", None),
        ("", None),
        ("-", None),
        ("0", None),
        ("01/01/1970", None),
    ],
)
def test_dates_of_the_field(read, cell, expected):
    (line,) = read(f"Adresse;Dernière connexion\na@x.mssante.fr;{cell}\n".encode())
    assert line.faults == []
    assert line.facts.get("last_used_at") == (expected and timezone.make_aware(expected))


@pytest.mark.parametrize("cell", ["2026-03-15T07:30:00Z", "2026-03-15T08:30:00+01:00", "20260315073000Z"])
def test_a_date_that_names_its_zone_is_believed(read, cell):
    (line,) = read(f"Adresse;Dernière connexion\na@x.mssante.fr;{cell}\n".encode())
    assert line.facts["last_used_at"] == timezone.make_aware(WHEN)


@pytest.mark.parametrize("cell", ["31/02/2026", "2026-13-01", "bientôt", "99999999"])
def test_what_is_no_date_costs_the_date_alone(read, cell):
    (line,) = read(f"Adresse;Dernière connexion\na@x.mssante.fr;{cell}\n".encode())
    said = f"Dernière authentification : {quoted(cell)} n’est pas une date (JJ/MM/AAAA) ; ce champ est laissé de côté."
    assert (line.faults, line.remarks, list(line.facts)) == ([], [said], ["address"])


def test_a_date_to_come_costs_the_date_alone(read):
    (line,) = read("Adresse;Dernière connexion\na@x.mssante.fr;15/03/2126\n".encode())
    assert (line.faults, list(line.facts)) == ([], ["address"])
    assert "futur" in line.remarks[0]


def test_a_bare_number_of_excel_days_is_read_with_a_remark(read):
    (line,) = read("Adresse;Dernière connexion\na@x.mssante.fr;46096\n".encode())
    assert line.facts["last_used_at"] == timezone.make_aware(datetime(2026, 3, 15))
    assert "date d’Excel" in line.remarks[0]


@pytest.mark.parametrize(
    ("header", "cell", "megabytes"),
    [
        ("Taille", "850", 850),
        ("Taille", "850 Mo", 850),
        ("Taille", "1,2 Go", 1200),
        ("Taille", "1.5 Gio", 1611),
        ("Taille", "1 234,5 Mo", 1235),
        ("Taille", "512000 Ko", 512),
        ("Taille (Go)", "2", 2000),
        ("Taille en octets", "850000000", 850),
        ("TAILLE_GO", "2", 2000),
        ("Taille [Go]", "2", 2000),
        ("Taille (Go) *", "2", 2000),
        ("Taille (Go décimaux)", "2", 2000),
        ("Go occupés", "2", 2000),
        ("Espace utilisé en giga-octets", "2", 2000),
        ("MailboxSizeGB", "2", 2000),
        ("TotalItemSizeInMB", "850", 850),
        ("Taille (G)", "2", 2000),
        ("Taille (Mo ou Go)", "2", 2),  # says none: as without
        ("Size (MB)", "1,234", 1234),
        ("Taille", "850000000", 850),  # nobody has 850 terabytes of mail
        ("Taille", "0", 0),
        ("Quota", "illimité", None),
        ("Quota", "0", None),
    ],
)
def test_sizes_with_and_without_their_unit(read, header, cell, megabytes):
    (line,) = read(f"Adresse;{header}\na@x.mssante.fr;{cell}\n".encode())
    assert line.faults == []
    assert line.facts.get("quota_mb" if header == "Quota" else "used_mb") == megabytes


@pytest.mark.parametrize("cell", ["beaucoup", "-5", "12 parsecs", "9" * 24])
def test_what_is_no_size_costs_the_size_alone(read, cell):
    (line,) = read(f"Adresse;Quota\na@x.mssante.fr;{cell}\n".encode())
    assert (line.faults, list(line.facts)) == ([], ["address"])
    assert line.remarks[0].startswith("Espace accordé : ")


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("A.B@X.mssante.fr", "a.b@x.mssante.fr"),
        ("mailto:a@x.mssante.fr", "a@x.mssante.fr"),
        ("Accueil <a@x.mssante.fr>", "a@x.mssante.fr"),
        (" a@x.mssante.fr\u00a0", "a@x.mssante.fr"),
    ],
)
def test_an_address_is_taken_out_of_what_surrounds_it(read, cell, address):
    assert [line.address for line in read(f"Adresse;Type\n{cell};ORG\n".encode())] == [address]


@pytest.mark.parametrize("cell", ["accueil", "a b@x.mssante.fr", "x" * 300 + "@x.mssante.fr"])
def test_what_is_no_address_is_a_fault(read, cell):
    (line,) = read(f"Adresse;Type\n{cell};ORG\n".encode())
    assert line.faults[0].startswith("Adresse : ")


def test_a_line_without_an_address_is_a_fault(read):
    assert read(b"Adresse;Type\n;ORG\n")[0].faults == ["Adresse : absente."]


@pytest.mark.parametrize("cell", ["1,00E+10", "1E+10"])
def test_a_number_that_a_spreadsheet_spoilt_is_said_so(read, cell):
    (line,) = read(f"Adresse;RPPS\na@x.mssante.fr;{cell}\n".encode())
    assert "rpps" not in line.facts
    assert line.remarks == [
        f"RPPS du titulaire : {quoted(cell)} : un tableur a abîmé ce numéro RPPS. Mettez la colonne au format texte ; "
        "ce champ est laissé de côté."
    ]


@pytest.mark.parametrize(("cell", "said"), [("Supprimée", Said.DELETED), ("ACTIF", Said.OPEN), ("verte", Said.UNCLEAR)])
def test_states_in_the_operators_words(read, cell, said):
    assert read(f"Adresse;Statut\na@x.mssante.fr;{cell}\n".encode())[0].facts["state"] == said


def test_our_own_export_s_guard_against_formulas_is_taken_off(read):
    (line,) = read(b"Adresse;Service\na@x.mssante.fr;'-Urgences\n")
    assert line.facts["service"] == "-Urgences"


# --- Headers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_has_a_header_of_its_own(field):
    assert guess([field.headers[0]]) == [field.name]
    assert guess([field.headers[0].upper().replace(" ", "_")]) == [field.name]


def test_a_name_is_that_of_a_holder_beside_a_given_name_alone():
    assert guess(["Nom", "Prénom"]) == ["family", "given"]
    assert guess(["Nom", "Adresse"]) == ["", "address"]


def test_without_headers_a_type_and_a_date_are_known_by_their_cells(read):
    (line,) = read(f"{VALUES[0]};ORG;Cardiologie;15/03/2026 08:30\n".encode())
    assert (line.facts["kind"], line.facts["last_used_at"]) == ("ORG", timezone.make_aware(WHEN))


@pytest.mark.parametrize(
    ("header", "field"),
    [("Liste rouge (O/N)", "liste_rouge"), ("FINESS (9 chiffres)", "finess"), ("5. Service", "service"),
     ("Service (facultatif)", "service"), ("Type * :", "kind"), ("Adresse (contact)", "")],
)  # fmt: skip
def test_what_a_model_says_beside_the_name_of_a_column_hides_it_not(header, field):
    assert guess([header]) == [field]


def test_the_surest_header_wins():
    assert guess(["Mail", "Adresse MSSanté", "BAL"]) == ["", "address", ""]


def test_what_was_saved_for_the_operator_goes_before_what_is_guessed():
    assert guess(["Mail", "Adresse"], {"mail": "address", "adresse": ""}) == ["address", ""]


@pytest.mark.django_db
def test_headers_guessed_then_corrected_are_saved_for_the_operator_s_next_list(bring_in, operator):
    content = "Boîte;Remarques\na@chu-exemple.mssante.fr;Urgences\n"
    run = bring_in(content, stage="received")
    assert run.columns == ["address", ""]
    bring_in(content, stage="previewed", columns=["address", "service"], kind="ORG", unit="go")
    again = bring_in("BOITE ;remarques\nb@chu-exemple.mssante.fr;Urgences\n", stage="received")
    assert (again.columns, again.size_unit, again.default_kind) == (["address", "service"], "go", "ORG")
    assert ColumnMapping.objects.get().operator == operator


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "sentence"),
    [(["", "service"], "Aucune colonne ne donne l’adresse"), (["address", "address"], "2 colonnes désignent")],
)
def test_columns_that_cannot_be_read_so_are_refused(bring_in, people, columns, sentence):
    run = bring_in("Adresse;Service\na@chu-exemple.mssante.fr;Urgences\n", stage="received")
    with pytest.raises(rules.Refused, match=sentence):
        read_columns(run, columns, size_unit="mo", default_kind="", by=people.gisele.user)
    assert not ColumnMapping.objects.exists()


@pytest.mark.django_db
def test_a_column_alone_of_addresses_is_read_once_it_is_named(bring_in):
    run = bring_in(
        "a@chu-exemple.mssante.fr\nb@chu-exemple.mssante.fr\n", stage="previewed", columns=["address"], kind="ORG"
    )
    assert (run.stage, run.created, run.rejected) == (Import.Stage.PREVIEWED, 2, 0)


# --- No lists ---------------------------------------------------------------------------------------------------------
def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


NO_LISTS = {
    "empty": (b"", "Le fichier est vide : téléchargez de nouveau la liste."),
    "blank": (b"\xef\xbb\xbf \r\n \r\n", "Le fichier est vide : téléchargez de nouveau la liste."),
    "html": (b"<!DOCTYPE html><html><body>Connexion</body></html>", "est une page web"),
    "html after blanks": (b"\r\n  <html>", "est une page web"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "tronqué ou abîmé"),
    "xml of Excel 2003": (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "XML d’Excel 2003"),
    "table of a page": (b"<html><body><table><tr><td>a@x.fr", "tableur"),
    "gzip cut": (gzip.compress(b"Adresse;Type" * 99)[:-9], "tronquée ou abîmée"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "7z"),
    "pdf": (b"%PDF-1.7\n", "est un document"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "n’est pas du texte"),
    "broken zip": (workbook(HEADERS, VALUES)[:2000], "tronqué ou abîmé"),
    "zip": (zipped("liste.csv", "autre.csv"), "archive zip de 2 fichiers"),
    "ods": (zipped("content.xml"), "tronqué ou abîmé"),
    "workbook without parts": (zipped("xl/workbook.xml"), "abîmé"),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("raw", "sentence"), NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_is_refused_in_french_and_leaves_nothing(bring_in, raw, sentence):
    with pytest.raises(Unreadable, match=sentence):
        bring_in(raw)
    assert not Import.objects.exists()
    assert list(Import.folder().iterdir()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [b"Adresse;Type\n", b"Adresse;Type\n;\n\n"])
def test_headers_without_lines_are_refused_once_read(bring_in, raw):
    run = bring_in(raw)
    assert (run.stage, run.reason) == (
        Import.Stage.FAILED,
        "Le fichier n’a aucune ligne après ses en-têtes : téléchargez de nouveau la liste.",
    )
    assert not ImportLine.objects.exists()


FILLS_UP = {"gzip": gzip.compress(b"Adresse;Type\n"), "workbook": workbook(HEADERS, VALUES)}


@pytest.mark.parametrize("raw", FILLS_UP.values(), ids=FILLS_UP)
def test_a_full_disk_is_no_fault_of_the_file(tmp_path, monkeypatch, raw):
    """Of what is unpacked, and of the rows that are read apart."""
    (tmp_path / "liste").write_bytes(raw)
    make = tempfile.mkdtemp

    def without_room(*args, **options):
        folder = make(*args, **options)
        for name in ("list", "rows.jsonl"):
            Path(folder, name).symlink_to("/dev/full")
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", without_room)
    with pytest.raises(OSError, match="No space left"), open_list(tmp_path / "liste"):
        pass


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
HOSTILE = {
    "a row far below": SHEET.format('<row r="900000000000"><c r="A900000000000"><v>1</v></c></row>'),
    "a cell far to the right": SHEET.format('<row r="1"><c r="XFD1"><v>1</v></c></row>' * 3),
    "what swells": SHEET.format(" " * 40_000_000),
}


def with_sheet(text, part="sheet1.xml"):
    """A sound workbook but for its sheet."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(HEADERS, VALUES))) as whole,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in whole.namelist():
            made.writestr(name, text if name.endswith(part) else whole.read(name))
    return file.getvalue()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_workbook_made_to_exhaust_its_reader_is_refused_by_a_process_apart(tmp_path, case):
    path = tmp_path / "liste.xlsx"
    path.write_bytes(with_sheet(HOSTILE[case]))
    with pytest.raises(Unreadable, match=r"hors de la liste|trop gros|trop grand|abîmé"), open_list(path):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["liste.xlsx"], "nothing is left of what was begun"


def test_styles_that_would_take_all_the_memory_end_the_process_apart_and_no_other(tmp_path):
    """They swell forty times, as a real list may: only the limit of memory stops them."""
    words = "".join(f"{n:05}" + "y" * 400 for n in range(40_000))
    many = f'<numFmt numFmtId="200" formatCode="{"".join([words] * 9)}"/>'
    path = tmp_path / "liste.xlsx"
    path.write_bytes(with_sheet(f"<styleSheet><numFmts>{many}</numFmts></styleSheet>", "styles.xml"))
    with pytest.raises(Unreadable, match="enregistrez la liste en CSV"), open_list(path):
        pass


@pytest.mark.parametrize(
    ("part", "size", "most"),
    [("styles.xml", 90, 131), ("sharedStrings.xml", 90, 266), ("worksheets/sheet1.xml", 900, 400)],
)
def test_a_workbook_has_the_memory_that_its_cells_need_and_its_styles_none(tmp_path, part, size, most):
    path = tmp_path / "liste.xlsx"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"xl/{part}", b"")
        made.getinfo(f"xl/{part}").file_size = size * 1024**2  # as the directory at its end says
    assert workbook_child.memory_for(path) // 1024**2 in range(130, most + 1)
    assert (workbook_child.memory_for(path) > 260 * 1024**2) == (most > 200)


def test_a_workbook_cut_in_the_midst_of_its_sheet_is_refused(tmp_path):
    sheet = zipfile.ZipFile(io.BytesIO(workbook(HEADERS, *[VALUES] * 500))).read("xl/worksheets/sheet1.xml")
    path = tmp_path / "liste.xlsx"
    path.write_bytes(with_sheet(sheet[: len(sheet) // 2].decode()))
    with pytest.raises(Unreadable, match="abîmé"), open_list(path):
        pass


# --- Tables as they come ----------------------------------------------------------------------------------------------
def heading(tmp_path, raw, sheet=""):
    path = tmp_path / "liste"
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    with open_list(path, sheet) as source:
        found = heading_among(first_of(source.rows()))
        return source, found.headers, guess(found.headers, None, found.sample)


def test_line_ends_within_quoted_headers_part_no_columns(read):
    lines = read(b'"Adresse\r\nBAL";"Type\r\nde BAL";Service\r\na@x.mssante.fr;ORG;Cardio\r\n')
    assert [line.facts["service"] for line in lines] == ["Cardio"]


def test_headers_with_line_ends_are_one_line_and_known_again_on_the_next_page(tmp_path, bring_in, db):
    page = '"Adresse\nBAL";"Type\nde BAL"\n'
    raw = f"{page}a@chu-exemple.mssante.fr;ORG\n{page}b@chu-exemple.mssante.fr;ORG\n"
    assert heading(tmp_path, raw)[1] == ["Adresse BAL", "Type de BAL"]
    run = bring_in(raw, stage="previewed")
    assert (run.created, run.rejected) == (2, 0)


def test_commas_within_texts_are_no_separators(read):
    (line,) = read(b"Adresse;Type;Description\na@x.mssante.fr;ORG;Bloc, urgences, soins, lits, SSPI\n")
    assert line.facts["description"] == "Bloc, urgences, soins, lits, SSPI"


def test_lines_wholly_quoted_are_unwrapped(read):
    (line,) = read(b'"Adresse;Type;Service"\n"a@x.mssante.fr;ORG;Cardio ""B"""\n')
    assert line.facts["service"] == 'Cardio "B"'


def test_quotes_escaped_by_a_backslash_are_quotes(read):
    lines = read(b'Adresse;Service;Type\na@x.mssante.fr;"Service \\"urg\\" A";ORG\nb@x.mssante.fr;"C:\\";ORG\n')
    assert [line.facts["service"] for line in lines] == ['Service "urg" A', "C:\\"]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850"])
def test_another_encoding_is_known_by_its_french_and_told(read, encoding):
    (line,) = read("Adresse;Service\na@x.mssante.fr;Pédiatrie été à l'hôpital\n".encode(encoding))
    assert line.facts["service"] == "Pédiatrie été à l'hôpital"
    assert "Accents lus comme" in line.remarks[0]


def test_cells_of_two_encodings_on_one_line_are_each_read_and_told(read):
    cells = ["Pédiatrie d’été".encode("cp1252"), "Réanimation – 30 €".encode(), b"x"]
    (line,) = read(b"Adresse;Service;Description;Note\na@x.mssante.fr;" + b";".join(cells) + b"\n")
    assert (line.facts["service"], line.facts["description"]) == ("Pédiatrie d’été", "Réanimation – 30 €")
    assert "deux encodages" in line.remarks[0]


def test_accents_encoded_twice_are_mended_and_told(read):
    (line,) = read("Adresse;Service\na@x.mssante.fr;Pédiatrie d’été\n".encode().decode("cp1252").encode())
    assert line.facts["service"] == "Pédiatrie d’été"
    assert "deux fois" in line.remarks[0]


def test_utf_16_without_its_mark_is_read(read):
    assert_understood(read(text().encode("utf-16-le")))


def test_headers_are_the_row_above_the_first_addresses_whatever_they_say(tmp_path):
    _, headers, columns = heading(
        tmp_path, "Liste des BAL;;\n;;\nMessagerie sûre;Machin;Service\na@x.mssante.fr;x;Cardio\n"
    )
    assert (headers, columns) == (["Messagerie sûre", "Machin", "Service"], ["address", "", "service"])


def test_a_title_above_values_is_no_header(tmp_path):
    _, headers, columns = heading(tmp_path, "Liste des BAL\na@x.mssante.fr;ORG\nb@x.mssante.fr;PER\n")
    assert (headers, columns) == (["Colonne 1", "Colonne 2"], ["address", "kind"])


def test_the_sheet_that_holds_addresses_is_chosen_and_another_can_be(tmp_path):
    book = Workbook()
    book.active.title = "Lisez-moi"
    book.active.append(["Mode d’emploi"])
    for row in (HEADERS, VALUES):
        book.create_sheet("BAL").append(row) if "BAL" not in book.sheetnames else book["BAL"].append(row)
    file = io.BytesIO()
    book.save(file)
    source, headers, _ = heading(tmp_path, file.getvalue())
    assert (source.sheets, source.sheet, headers) == (["Lisez-moi", "BAL"], "BAL", HEADERS)
    assert heading(tmp_path, file.getvalue(), "Lisez-moi")[1] == ["Mode d’emploi"]


def test_the_address_behind_a_link_is_offered(read):
    book = Workbook()
    book.active.append(["Adresse", "Type"])
    book.active.append(["Cardiologie", "ORG"])
    book.active["A2"].hyperlink = "mailto:a@x.mssante.fr?subject=x"
    file = io.BytesIO()
    book.save(file)
    (line,) = read(file.getvalue())
    assert (line.address, len(line.remarks)) == ("a@x.mssante.fr", 1)


@pytest.mark.parametrize("junk", ["__MACOSX/._liste.csv", ".DS_Store"])
def test_a_list_zipped_on_a_mac_or_gzipped_is_read(read, junk):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("liste.csv", text())
        archive.writestr(junk, "x")
    assert_understood(read(file.getvalue()))
    assert_understood(read(gzip.compress(text().encode())))


def test_an_address_in_two_columns_is_one(read):
    (line,) = read(b"local_part,domain,quota\nAccueil,x.mssante.fr,5 Go\n")
    assert (line.address, line.facts["quota_mb"]) == ("accueil@x.mssante.fr", 5000)


CONSOLES = {
    "Exchange": (
        "PrimarySmtpAddress,DisplayName,RecipientTypeDetails,LastLogonTime,TotalItemSize,ProhibitSendQuota",
        "a@x.fr,Cardio,SharedMailbox,3/15/2026 8:30:12 AM,\"1.2 GB (1,288,490,189 bytes)\",Unlimited",
        "address description kind last_used_at used_mb quota_mb",
    ),
    "mailcow": (
        "username,name,active,quota,quota_used,last_imap_login,messages",
        "a@x.fr,Réa,1,5368709120,1288490189,1773561600,120",
        "address - state quota_mb used_mb last_used_at -",
    ),
    "PostfixAdmin": (
        "username,name,maildir,quota,local_part,domain,created,modified,active",
        "a@x.fr,Réa,x/a/,1024000000,a,x.fr,2024-01-01,2026-01-01,1", "address - - quota_mb - - - - state",
    ),
    "Zimbra": (
        "zimbraAccountName;zimbraAccountStatus;zimbraMailQuota;zimbraMailUsed;zimbraLastLogonTimestamp",
        "a@x.fr;active;0;1288490189;20260315083000Z", "address state quota_mb used_mb last_used_at",
    ),
    "iRedMail": (
        "Mail Address;Display Name;Mailbox Quota;Quota Used;Last Login", "a@x.fr;Réa;5 GB;1.2 GB;2026-03-15 08:30",
        "address description quota_mb used_mb last_used_at",
    ),
    "Google": (
        "Email Address [Required],Status [READ ONLY],Last Sign In [READ ONLY],Email Usage [READ ONLY]",
        "a@x.fr,Active,2026/03/15 08:30:00,1.2GB", "address state last_used_at used_mb",
    ),
    "Microsoft 365": (
        "Report Refresh Date,User Principal Name,Display Name,Is Deleted,Created Date,Last Activity Date,"
        "Storage Used (Byte),Prohibit Send Quota (Byte)",
        "2026-03-16,a@x.fr,Réa,False,2024-01-01,2026-03-15,1288490189,5368709120",
        "at address description state - last_used_at used_mb quota_mb",
    ),
    "Exchange, with what else it says": (
        "PrimarySmtpAddress,TotalItemSize,ItemCount,TotalDeletedItemSize,AccountDisabled,ActiveSyncEnabled",
        "a@x.fr,1.2 GB,120,12 MB,True,False", "address used_mb - - state -",
    ),
    "mailcow, with its protocols": (
        "username,active,quota,quota_used,percent_in_use,messages,last_imap_login,last_pop3_login,last_smtp_login",
        "a@x.fr,1,5368709120,1288490189,40,120,1773561600,0,1773561600",
        "address state quota_mb used_mb - - last_used_at last_used_at last_used_at",
    ),
    "Google, with the drive": (
        "Email Address [Required],Recovery Email,Email Usage [READ ONLY],Drive Usage [READ ONLY],"
        "Total Storage [READ ONLY],2sv Enrolled [READ ONLY]",
        "a@x.fr,a@perso.fr,1.2GB,3GB,4.2GB,False", "address - used_mb - - -",
    ),
    "Microsoft 365, with its thresholds": (
        "User Principal Name,Deleted Date,Item Count,Storage Used (Byte),Issue Warning Quota (Byte),"
        "Prohibit Send Quota (Byte),Deleted Item Size (Byte),Has Archive",
        "a@x.fr,,120,1288490189,5268709120,5368709120,123456,False", "address state - used_mb - quota_mb - -",
    ),
    "Microsoft 365, its users": (
        "Block credential,Last password change time stamp,Proxy addresses,User principal name,Display name",
        "False,2026-03-15,SMTP:a@x.fr,a@x.fr,Réa", "state - - address description",
    ),
    "Modoboa": (
        "account;a@x.mssante.fr;secret;Alice;MOREL;True;SimpleUsers;a@x.mssante.fr;1024",
        "account;b@x.mssante.fr;secret;Jean;MARTIN;True;SimpleUsers;b@x.mssante.fr;1024", "- address - - - - - - -",
    ),
    "in French": (
        "Identifiant de messagerie;Nature du compte;Passage le plus récent (connexion);Volume actuel;Plafond du quota",
        "a@x.fr;Organisationnelle;15/03/2026;850 Mo;2 Go", "address kind last_used_at used_mb quota_mb",
    ),
    "in French, short": (
        "Adr. MSS;TYP_BAL;Statut op.;Titulaire (Nom Prénom);LIB_SERVICE;Conso (Ko);Espace max en Mo;Dernière visite",
        "a@x.fr;Orga.;Active;MOREL Alice;Réa;850000;2000;15/03/2026",
        "address kind state holder service used_mb quota_mb last_used_at",
    ),
    "in French, a whole address under its name": (
        "nom_bal;date_derniere_utilisation;nb_messages_non_lus", "a@x.fr;15/03/2026;12", "address last_used_at -",
    ),
    "in French, in two columns": (
        "Nom boîte;Nom de domaine;Prénom du PS;Nom du PS;Vu pour la dernière fois", "a;x.fr;Alice;MOREL;15/03/2026",
        "local domain given family last_used_at",
    ),
    "in French, with the ordinary addresses first": (
        "Mail;BAL MSSanté;Service", "alice@chu.fr;a@x.mssante.fr;Cardio", "- address service",
    ),
    "Active Directory": (
        "mail,PasswordLastSet,LastLogonDate,lastLogon", "a@x.fr,15/03/2020,15/03/2026,134180000000000000",
        "address - last_used_at -",
    ),
    "a protocol that the first rows say nothing of": (
        "Adresse;Dernière connexion IMAP;Dernière connexion POP", "a@x.fr;15/03/2026;",
        "address last_used_at last_used_at",
    ),
    "in French, of other things": (
        "Adr. de secours;Boîte MSSanté;Dernier changement de mot de passe;Dern. cnx;Nb total de messages;"
        "Taille de l’archive;Occupation (%);Notification activée;Compte bloqué ?",
        "moi@perso.fr;a@x.mssante.fr;12/03/2026;15/03/2026;120;850 Mo;12;Oui;Non",
        "- address - last_used_at - - - - state",
    ),
}  # fmt: skip


@pytest.mark.parametrize("console", CONSOLES)
def test_columns_of_the_consoles_are_guessed_by_header_or_by_cells(tmp_path, console):
    headers, values, expected = CONSOLES[console]
    assert heading(tmp_path, f"{headers}\n{values}\n")[2] == ["" if name == "-" else name for name in expected.split()]


@pytest.mark.django_db
def test_what_one_structure_chose_is_not_proposed_to_another(bring_in, structure, operator, people):
    bring_in(
        "Boîte;Remarques\na@chu-exemple.mssante.fr;x\n", stage="previewed", columns=["address", "service"], kind="ORG"
    )
    assert ColumnMapping.objects.get().structure == structure
    ColumnMapping.objects.update(structure=Structure.objects.create(name="Autre", finess_et="010000099"))
    assert bring_in("Boîte;Remarques\nb@chu-exemple.mssante.fr;x\n", stage="received").columns == ["address", ""]


@given(st.binary(max_size=400))
def test_no_bytes_at_all_are_more_than_a_refusal(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(raw)
    try:
        if raw[:2] in (b"PK", b"\xd0\xcf"):
            return  # a process for each would take minutes; see the hostile workbooks
        with open_list(path) as source:
            found = heading_among(first_of(source.rows()))
            columns = guess(found.headers, None, found.sample)
            rows = list(source.rows())
            reader = LineReader(found.headers, columns, survey(found.headers, columns, rows))
            assert all(line.address or line.faults for line in map(reader.line, rows))
    except Unreadable:
        pass


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.lists(CELL, min_size=4, max_size=4), min_size=1, max_size=8), st.permutations(FIELDS))
def test_any_cells_in_any_columns_are_read_or_told(rows, fields):
    headers, columns = [one.label for one in fields[:4]], [one.name for one in fields[:4]]
    made = [Row(number, cells) for number, cells in enumerate(rows, 2)]
    reader = LineReader(headers, columns, survey(headers, columns, made))
    assert all(line.address or line.faults for line in map(reader.line, made))


# --- What else people send --------------------------------------------------------------------------------------------
def test_a_yes_of_something_else_is_no_state_of_the_mailbox(read):
    (line,) = read(b"Adresse;Redirection active;IMAPEnabled\na@x.mssante.fr;Non;False\n")
    assert line.facts == {"address": "a@x.mssante.fr"}


def test_of_several_protocols_the_latest_use_counts(read):
    lines = read(
        b"username,last_imap_login,last_pop3_login\na@x.mssante.fr,1741939200,1773561600\nb@x.mssante.fr,1741939200,0\n"
    )
    assert [line.facts["last_used_at"].year for line in lines] == [2026, 2025]


def test_columns_that_only_blanks_part_are_read(read):
    table = (
        "       account            status        last logon\n"
        "---------------------   ----------   ---------------\n"
        "a@x.mssante.fr           active       03/15/26 08:30\n"
        "b@x.mssante.fr           closed                never\n"
    )
    first, second = read(table.encode())
    assert first.facts == {
        "address": "a@x.mssante.fr",
        "state": Said.OPEN,
        "last_used_at": timezone.make_aware(WHEN),
    }
    assert second.facts == {"address": "b@x.mssante.fr", "state": Said.DELETED}
    assert [line.address for line in read(b"a@x.mssante.fr 1073741824 812000000\nb@x.mssante.fr 0 12000\n")] == [
        "a@x.mssante.fr",
        "b@x.mssante.fr",
    ]


def test_a_table_drawn_with_lines_is_read(read):
    lines = read(b"+----+----+\n| Adresse | Service |\n+----+----+\n| a@x.mssante.fr | Urgences |\n+----+----+\n")
    assert [(line.address, line.facts["service"], line.faults) for line in lines] == [
        ("a@x.mssante.fr", "Urgences", [])
    ]


@pytest.mark.parametrize(
    "text",
    ["'Adresse';'Service'\n'a@x.mssante.fr';'L''été; nuit'\n", "“Adresse”;“Service”\n“a@x.mssante.fr”;“L'été; nuit”\n",
     "«Adresse»;«Service»\n«a@x.mssante.fr»;«L'été; nuit»\n", 'Adresse ; Service\na@x.mssante.fr ; "L\'été; nuit"\n',
     "Adresse^Service\na@x.mssante.fr^L'été; nuit\n", "Adresse~Service\na@x.mssante.fr~L'été; nuit\n",
     'Adresse;Service\n"a@x.mssante.fr;L\'été, nuit"\n', '"Adresse;Service";\n"a@x.mssante.fr;L\'été, nuit";\n'],
)  # fmt: skip
def test_other_quotes_and_separators_are_known(read, text):
    (line,) = read(text.encode())
    assert (line.facts["address"], line.facts["service"].replace(",", ";")) == ("a@x.mssante.fr", "L'été; nuit")


def test_recipients_copied_from_a_message_are_one_line_each(read):
    lines = read(b"'Accueil' <a@x.mssante.fr>; b@x.mssante.fr; c@x.mssante.fr\n")
    assert [(line.number, line.address) for line in lines] == [
        (1, "a@x.mssante.fr"),
        (2, "b@x.mssante.fr"),
        (3, "c@x.mssante.fr"),
    ]


def test_the_address_of_whoever_sent_the_list_is_no_line_of_it(tmp_path):
    title = "Liste des BAL\nExtrait par A. MOREL (a.morel@chu.fr)\n\n"
    _, headers, columns = heading(tmp_path, f"{title}Boîte;Unité\na@x.mssante.fr;Urgences\nb@x.mssante.fr;Réa\n")
    assert (headers, columns) == (["Boîte", "Unité"], ["address", "service"])


@pytest.mark.parametrize(
    ("text", "name"),
    [(b'[{"mail": "a@x.mssante.fr"}]', "JSON"), (b'[ \n {"mail": "a@x.mssante.fr"}]', "JSON"),
     (b"dn: mail=a@x.mssante.fr,o=x\nmail: a@x.mssante.fr\n", "LDIF"),
     (b"BEGIN:VCARD\nEMAIL:a@x.mssante.fr\n", "vCard"), (b'<?xml version="1.0"?><users/>', "XML"),
     (b"From: a@x.fr\nTo: b@x.fr\n\nliste\n", "courriel")],
)  # fmt: skip
def test_other_exports_are_refused_by_their_name(tmp_path, text, name):
    path = tmp_path / "liste"
    path.write_bytes(text)
    with pytest.raises(Unreadable, match=name), open_list(path):
        pass


@pytest.mark.parametrize(
    ("raw", "service"),
    [("Gériatrie".encode("cp850"), "Gériatrie"), ("Cœur".encode("iso8859_15"), "Cœur"),
     ("Pédiatrie".encode().decode("cp1252").encode().decode("cp1252").encode(), "Pédiatrie"),
     (b"P&eacute;diatrie", "Pédiatrie"), (b"=?utf-8?Q?P=C3=A9diatrie?=", "Pédiatrie"),
     (b"P?diatrie", "P?diatrie")],
)  # fmt: skip
def test_what_became_of_accents_is_mended_or_told(read, raw, service):
    (line,) = read(b"Adresse\tService\na@x.mssante.fr\t" + raw + b"\n")
    assert line.facts["service"] == service
    assert line.remarks


def test_archives_in_archives_without_end_are_refused(tmp_path):
    raw = text().encode()
    for _ in range(2):
        raw = gzip.compress(raw)
    assert heading(tmp_path, raw)[1] == HEADERS
    path = tmp_path / "liste"
    path.write_bytes(gzip.compress(raw))
    with pytest.raises(Unreadable, match="une archive dans une archive"), open_list(path):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["liste"]


def test_lines_of_which_none_can_be_read_are_told_and_not_said_to_be_none(tmp_path):
    with pytest.raises(Unreadable, match="Ligne 1 : ligne de plus de"):
        heading(tmp_path, b"a@x.mssante.fr;" * 20_000)


def test_utf_32_is_read(read):
    assert_understood(read(text().encode("utf-32")))


@pytest.mark.parametrize(
    ("headers", "values", "said"),
    [("AccountDisabled,RecipientTypeDetails", "True,SharedMailbox", Said.OPEN),
     ("AccountDisabled,RecipientTypeDetails", "True,RoomMailbox", Said.OPEN),
     ("AccountDisabled,RecipientTypeDetails", "True,UserMailbox", Said.SUSPENDED),
     ("AccountDisabled,IsShared", "True,True", Said.OPEN), ("AccountDisabled,IsShared", "True,False", Said.SUSPENDED),
     ("accountEnabled,Type", "False,ORG", Said.OPEN), ("Block credential,Type", "True,Applicative", Said.OPEN),
     ("AccountDisabled,Type", "True,PER", Said.SUSPENDED),
     ("Compte désactivé,Type", "Oui,ORG", Said.SUSPENDED), ("Suspended,Type", "True,ORG", Said.SUSPENDED)],
)  # fmt: skip
def test_the_closed_account_of_a_shared_mailbox_suspends_nothing(read, headers, values, said):
    (line,) = read(f"Adresse,{headers}\na@x.mssante.fr,{values}\n".encode())
    assert line.facts["state"] == said
    assert any("suspendue" in remark for remark in line.remarks) == (said == Said.SUSPENDED)


# --- Passwords, which consoles export too -----------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("header", ["Mot de passe", "password", "PASSWD", "Password hash", "MDP", "mot_de_passe"])
def test_nothing_of_a_column_of_passwords_is_kept(bring_in, header):
    run = bring_in(f"Adresse;Type;{header}\nsans-domaine;PER;Tulipe42!\na@chu-exemple.mssante.fr;PER;Tulipe42!\n")
    run.refresh_from_db()
    kept = str([run.head, run.headers, run.mended, *ImportLine.objects.values_list("cells", "remark")])
    assert ImportLine.objects.filter(outcome="rejected").exists()
    assert "Tulipe" not in kept
    assert header in str(run.headers)
