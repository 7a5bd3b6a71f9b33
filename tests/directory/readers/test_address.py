"""Addresses as they are pasted: the one inside is taken, told when something was taken off, never a patient's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.readers.address import is_of_patient, read_address, spelt, spelt_domain

ALICE = "alice.morel@x.mssante.fr"


@pytest.mark.parametrize(
    "text",
    [
        "Alice MOREL <alice.morel@x.mssante.fr>",
        '"MOREL, Alice" <Alice.Morel@x.mssante.fr>',
        "alice.morel@x.mssante.fr (Alice MOREL)",
        "alice.morel@x.mssante.fr<mailto:alice.morel@x.mssante.fr>",
        "[mailto:alice.morel@x.mssante.fr]",
        "mailto:alice.morel@x.mssante.fr?subject=Bonjour%20toi",
        "mailto:alice.morel%40x.mssante.fr",
        "SMTP:alice.morel@x.mssante.fr",
        "E-mail : alice.morel@x.mssante.fr",
        "Adresse MSSanté : alice.morel@x.mssante.fr",
        "alice.morel@x.mssante.fr;alice.morel@x.mssante.fr",
        "alice.morel@x.mssante.fr mailto:Alice.Morel@x.mssante.fr",
        "alice.morel@x.mssante.fr|SIP:alice@x.mssante.fr",
        "smtp:a.morel@x.mssante.fr;SMTP:alice.morel@x.mssante.fr;X500:/o=x",
        "alice.morel@x.mssante.fr,",
        "alice.morel@x.mssante.fr.",
        "<alice.morel@x.mssante.fr>;",
        "«\u00a0alice.morel@x.mssante.fr\u00a0»",
        "alice.morel @x.mssante.fr",
        "alice.morel (at) x.mssante.fr",
        "alice.morel[arobase]x.mssante.fr",
        "alice.morel%40x.mssante.fr",
        "Alice MOREL : alice.morel@x.mssante.fr",
        "À : alice.morel@x.mssante.fr",
        "Dr MOREL - alice.morel@x.mssante.fr",
        "alice.morel@x.mssante.fr - Cardiologie",
        "• alice.morel@x.mssante.fr",
        "1. alice.morel@x.mssante.fr",
        "alice.morel@x.mssante.fr*",
        "Alice MOREL#mailto:alice.morel@x.mssante.fr#",
        "SMTP:alice.morel@x.mssante.fr,smtp:a.morel@x.mssante.fr",
        "SMTP:alice.morel@x.mssante.fr+smtp:a.morel@x.mssante.fr",
        "{SMTP:alice.morel@x.mssante.fr, smtp:a.morel@x.mssante.fr}",
        "alice.mo\u200brel@x.mssante.fr",
        "alice.mo\u00adrel@x.mssante.fr",
        "alice.morel\u2060@x.mssante.fr",
        "\ufeffalice.morel@x.mssante.fr",
    ],
)
def test_what_surrounds_an_address_is_taken_off_and_told(text):
    value, remark, problem = read_address(text)
    assert (value, problem) == (ALICE, "")
    assert remark


@pytest.mark.parametrize("text", [ALICE, "ALICE.Morel@X.MSSANTE.fr", f" \u00a0{ALICE}\u00a0", f'="{ALICE}"'])
def test_capitals_and_blanks_around_are_nothing_to_tell(text):
    assert read_address(text) == (ALICE, "", "")


def test_an_accent_apart_from_its_letter_is_one_with_it():
    assert read_address("he\u0301le\u0300ne@x.fr").value == read_address("hélène@x.fr").value == "hélène@x.fr"


def test_a_typographic_apostrophe_or_hyphen_is_the_plain_one_and_told():
    assert read_address("jean‑marc.n’diaye@x.fr") == (
        "jean-marc.n'diaye@x.fr",
        "«\u00a0jean‑marc.n’diaye@x.fr\u00a0» lu jean-marc.n'diaye@x.fr",
        "",
    )


def test_letters_that_were_joined_are_read_apart():
    assert read_address("ﬁnances@x.fr")[:2] == ("finances@x.fr", "«\u00a0ﬁnances@x.fr\u00a0» lu finances@x.fr")


def test_the_address_of_a_formula_that_links_to_it_is_read():
    assert read_address('=HYPERLINK("mailto:alice.morel@x.mssante.fr";"Alice")').value == ALICE


@pytest.mark.parametrize(
    "text",
    ["\u0430lice@x.mssante.fr", "alice.@x.mssante.fr", "al..ice@x.fr", "X\\alice@x.mssante.fr", "alice@x.mssante.f*r",
     "*alice@x.mssante.fr", "alice@x,mssante.fr", "MOREL|alice@x.mssante.fr", "{alice}@x.mssante.fr", "alice@-x.fr"],
)  # fmt: skip
def test_an_address_that_only_looks_like_one_is_a_problem(text):
    """The first begins with a Cyrillic letter."""
    assert read_address(text).problem


def test_both_spellings_of_a_domain_are_one():
    assert (
        spelt_domain("Hôpital.mssante.fr") == spelt_domain("xn--hpital-ixa.mssante.fr") == "xn--hpital-ixa.mssante.fr"
    )
    assert read_address("a@hôpital.mssante.fr").value == "a@xn--hpital-ixa.mssante.fr"


def test_a_domain_with_an_underscore_is_one():
    assert read_address("a@ch_dax.mssante.fr") == ("a@ch_dax.mssante.fr", "", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accueil", "n’est pas une adresse"),
        ("jean martin@x.fr", "n’est pas une adresse"),
        ("a@b", "n’est pas une adresse"),
        ("@x.fr", "n’est pas une adresse"),
        ("x" * 300 + "@x.fr", "n’est pas une adresse"),
        ("a@x.fr; b@x.fr", "plusieurs adresses"),
        ("Alice <a@x.fr> <b@x.fr>", "plusieurs adresses"),
        ("\u0430lice@x.fr", "une lettre d’un autre alphabet, «\u00a0\u0430\u00a0»"),
        ("card😀io@x.fr", "un signe qu’aucune adresse ne porte, «\u00a0😀\u00a0»"),
        ("cardio@x😀.fr", "un signe qu’aucune adresse ne porte"),
        ("5€@x.fr", "un signe qu’aucune adresse ne porte, «\u00a0€\u00a0»"),
        ("salle٣@x.fr", "un signe qu’aucune adresse ne porte"),
        ("SIP:alice@x.fr", "n’est pas une adresse de messagerie (sip)"),
    ],
)
def test_what_is_no_single_address_is_a_problem(text, why):
    value, _, problem = read_address(text)
    assert value is None
    assert why in problem


@pytest.mark.parametrize(
    "text",
    ["279035121518989@patient.mssante.fr", "2790351215189@patients.mssante.fr", "x <1790351215189@PATIENT.mssante.fr>"],
)
def test_a_patient_s_address_is_refused_and_not_repeated(text):
    value, remark, problem = read_address(text)
    assert (value, remark) == (None, "")
    assert "patient" in problem
    assert "790351215189" not in problem


def test_a_local_part_of_figures_that_is_no_ins_is_nobody_s_health():
    assert not is_of_patient("10000000017@x.mssante.fr")


WORD = st.from_regex(r"[a-z0-9]([a-z0-9.+'_-]{0,20}[a-z0-9])?", fullmatch=True)
ADDRESS = st.builds("{}@{}.fr".format, WORD, st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z]", fullmatch=True))


@given(ADDRESS.filter(lambda address: not is_of_patient(address) and ".." not in address))
def test_an_address_reads_back_from_every_way_of_writing_it(address):
    for written in (
        address,
        address.upper(),
        f"X Y <{address}>",
        f"mailto:{address}",
        f"{address};",
        f"\u200b{address}",
    ):
        assert read_address(written).value == address == spelt(address)


@given(st.text())
def test_any_text_is_a_value_or_a_problem_and_never_both(text):
    value, _, problem = read_address(text)
    assert (value is None) == bool(problem)
    assert value is None or read_address(value).value == value
