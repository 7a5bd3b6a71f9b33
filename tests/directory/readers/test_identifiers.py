"""Numbers as forms and spreadsheets leave them: mended when sure, refused with the cause otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.readers.identifiers import READERS, read_number, read_structure_number

RPPS = "81090001587"
read_rpps, read_finess, read_siret = (READERS[name] for name in ("RPPS", "FINESS", "SIRET"))


@pytest.mark.parametrize(
    "text",
    [
        RPPS, "81 090 001 587", "810\u00a0900\u202f01\u00a0587", "81.090.001.587", "RPPS : 81090001587",
        "n° RPPS 81090001587", "N° 81090001587", "(81090001587)",
        "81090001587 (RPPS)", "81090001587 - MOREL", "81090001587, Alice MOREL", "81090001587*",
        "IDNPS : 81090001587", "N° RPPS du titulaire : 81090001587",
        "８１０９０００１５８７", "RPPS n°81090001587", f'="{RPPS}"', f"'{RPPS}", f'=""{RPPS}""',
    ],
)  # fmt: skip
def test_labels_spaces_and_guards_are_no_part_of_a_number(text):
    assert read_rpps(text) == (RPPS, "", "")


@pytest.mark.parametrize("text", [f"{RPPS}.0", f"{RPPS},0", f"{RPPS},00", "8,1090001587E+10", "8.1090001587e10"])
def test_what_a_spreadsheet_added_is_taken_off_and_told(text):
    assert read_rpps(text) == (RPPS, f"«\u00a0{text}\u00a0» lu {RPPS} : un tableur l’avait abîmé", "")


def test_a_decimal_is_never_taken_for_a_figure():
    """Without its point « 81090001587.0 » has twelve figures and an 8 in front: it would be someone else's number."""
    assert read_rpps("81090001587.0").value == RPPS


def test_the_national_identifier_holds_the_rpps():
    assert read_rpps("881090001587").value == RPPS
    assert read_rpps("881090001587.0").value == RPPS


@pytest.mark.parametrize(
    ("text", "finess"),
    [
        ("10000002", "010000002"),
        ("2a0000014", "2A0000014"),
        ("ET : 429901010", "429901010"),
        ("FINESS ET 429901010", "429901010"),
    ],
)
def test_a_finess_gets_its_zero_back_and_its_letter_in_capital(text, finess):
    assert read_finess(text).value == finess


def test_a_siret_gets_its_zero_back_only_where_its_key_proves_it():
    assert read_siret("5552081330027") == (None, "", read_siret("5552081330027").problem)
    assert read_siret("5520813600006").value == "05520813600006"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("8109000158.70", "un tableur a abîmé ce numéro RPPS"),
        ("1E" + "9" * 5000, "n’est pas un numéro RPPS"),
        ("8,11E+10", "un tableur a abîmé ce numéro RPPS"),
        ("1E+10", "un tableur a abîmé"),
        ("8109000158", "il y manque 1\u00a0chiffre"),
        ("420012345", "la forme d’un ADELI"),
        ("8109000158O", "n’est pas un numéro RPPS"),
        ("FINESS 429901010", "n’est pas un numéro RPPS"),
        ("tél : 33 6 12 34 56 78", "n’est pas un numéro RPPS"),
        ("81090001587 - 81090001588", "n’est pas un numéro RPPS"),
    ],
)
def test_what_is_not_sure_is_refused_with_its_cause(text, why):
    value, _, problem = read_rpps(text)
    assert value is None
    assert why in problem


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SIRET 99000001000027", "99000001000027"), ("990 000 010 000 27", "99000001000027"),
        ("12345678901234", "12345678901234"), ("FINESS : 429901010.0", "429901010"), ("10000002", "010000002"),
    ],
)  # fmt: skip
def test_a_structure_is_named_by_any_of_its_numbers(text, number):
    assert read_structure_number(text).value == read_number(text).value == number


def test_a_number_that_is_none_is_told_by_the_name_it_bears():
    assert "numéro SIRET" in read_structure_number("SIRET 123").problem
    assert "numéro FINESS" in read_structure_number("123").problem
    assert read_number("RPPS 8 81090001587").value == RPPS


@given(st.sampled_from(["RPPS", "FINESS", "RPPS-rang", "ADELI"]), st.data())
def test_a_number_reads_back_from_every_way_of_writing_it(name, data):
    length = {"RPPS": 11, "FINESS": 9, "RPPS-rang": 14, "ADELI": 9}[name]
    number = data.draw(st.from_regex(rf"[1-9][0-9]{{{length - 1}}}", fullmatch=True))
    read = READERS[name]
    for written in (number, f"{number}.0", f'="{number}"', f"'{number}", f" {number[:3]} {number[3:]}", f"{number},00"):
        assert read(written).value == number


@given(st.sampled_from(sorted(READERS)), st.text())
def test_any_text_is_a_value_or_a_problem(name, text):
    value, _, problem = READERS[name](text)
    assert (value is None) == bool(problem)
