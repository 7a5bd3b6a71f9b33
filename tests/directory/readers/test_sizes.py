"""Sizes as consoles write them, in megabytes; the unit of bare numbers is the column's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.readers.sizes import SizeColumn, SizeTally, judged_together, read_quota, read_size


def tallied(*cells, is_quota=False):
    tally = SizeTally(is_quota)
    for cell in cells:
        tally.add(cell)
    return tally


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [
        ("850 Mo", 850), ("850Mo", 850), ("850 M", 850), ("1.2G", 1200), ("0,5Go", 500), ("1.5TB", 1_500_000),
        ("0 B", 0),
        ("1 234,56 Mo", 1235), ("1.234,56 Mo", 1235), ("1,234.56 MB", 1235), ("1,234,567 KB", 1235), ("1.5 Gio", 1611),
        ("1.2 GB (1,288,490,189 bytes)", 1288), ("1,2 Go (1 288 490 189 octets)", 1288), ("1 200\u00a0Mo", 1200),
        ("1e3 Mo", 1000), ("850 mégaoctets", 850), ("850 MB used", 850), ("850 Mo utilisés", 850),
        ("850 Mo – 12 %", 850), ("12 % (850 Mo)", 850), ("850 méga", 850), ("850 Mo*", 850), ("Quota : 2 Go", 2000),
        ("512 kilo-octets".replace("-", ""), 1), ("1 Go 200 Mo", 1200), ("1 To et 50 Go", 1_050_000),
        ("5 Go (défaut)", 5000), ("2 Go (par défaut)", 2000),
    ],
)  # fmt: skip
def test_a_size_with_its_unit_needs_no_column(text, megabytes):
    assert read_size(text) == (megabytes, "", "", None, False)


@pytest.mark.parametrize(
    "text", ["~850 Mo", "< 1 Mo", "moins de 1 Mo", "plus de 850 Mo", "850 Mb", "1.234 Go", "1,234 KB", "-1"]
)
def test_a_doubtful_size_is_told(text):
    assert read_size(text).remark
    assert not read_size(text).problem


def test_a_column_of_shares_is_asked_about_as_such():
    column = tallied("0.85", "0,2", "1.02").verdict()
    assert column.unit == ""
    assert "jusqu’à 1,02" in column.question
    assert "jusqu’à 10 :" in tallied("10", "1,5").verdict().question
    assert "une part" in column.question


@pytest.mark.parametrize("text", ["∞", "Unlimited", "illimité", "Aucune limite", "Pas de limite", "-1", "0", "NaN"])
def test_no_limit_is_no_quota(text):
    assert (read_quota(text).value, read_quota(text).problem) == (None, "")


def test_used_and_granted_in_one_cell_are_both_read():
    assert read_size("1.2 GiB / 3 GiB")[::3] == (1288, 3221)
    assert read_size("1,2 Go sur 5")[::3] == (1200, 5000)
    assert read_size("850 Mo utilisés sur 2 Go")[::3] == (850, 2000)
    assert read_size("850 Mo / illimité")[::3] == (850, None)


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3 Go",
        f"1 GB ({'9' * 40} bytes)",
        "12 %",
        "beaucoup",
        "-5",
        "12 parsecs",
        "9" * 24,
        "20 To",
        "1e3",
        "1 Go 1200 Mo",
        "1 Mo 2 Go",
    ],
)
def test_what_is_no_size_or_none_that_a_mailbox_has_is_a_problem(text):
    assert read_size(text).problem
    assert read_size(text).value is None


# --- The column -------------------------------------------------------------------------------------------------------
def test_used_and_granted_may_each_say_their_bytes_or_their_share():
    assert read_size("1.2 GB (1,288,490,189 bytes) / 5 GB")[::3] == (1288, 5000)
    assert read_size("850 Mo (12 %)") == read_size("850 Mo")


def test_zeros_in_the_first_rows_do_not_hide_bytes():
    column = tallied(*["0"] * 500, "1288490189").verdict()
    assert (column.unit, bool(column.remark)) == ("o", True)
    assert read_size("1288490189", column).value == 1288


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["850"], "mo"), (["99999"], "mo"), (["100000"], ""), (["1000000"], ""), (["99999999"], ""), (["100000000"],
        "o"),
        (["850 Mo", "1,2 Go"], "mo"), (["0"], "mo"), (["0,5", "1,2"], ""),
    ],
)  # fmt: skip
def test_the_unit_of_bare_numbers_is_sure_or_asked(cells, unit):
    column = tallied(*cells).verdict()
    assert column.unit == unit
    assert bool(column.question) == (unit == "")


def test_a_bare_number_of_a_column_that_asks_is_set_aside_and_one_with_its_unit_is_read():
    column = tallied("500000").verdict()
    assert "unité" in read_size("500000", column).problem
    assert read_size("850 Mo", column).value == 850
    assert read_size("0", column).value == 0


def test_quotas_in_gigabytes_are_not_taken_for_megabytes():
    assert tallied("2", "5", is_quota=True).verdict().unit == ""


def test_columns_of_one_list_that_disagree_are_asked_about_once():
    tallies = [tallied("4096"), tallied("5368709120", is_quota=True)]
    columns = judged_together([tally.verdict() for tally in tallies], tallies)
    assert [column.unit for column in columns] == ["", ""]
    tallies = [tallied("1288490189"), tallied("5368709120", is_quota=True)]
    assert [c.unit for c in judged_together([t.verdict() for t in tallies], tallies)] == ["o", "o"]


def test_the_decimal_mark_that_the_column_proves_is_that_of_its_doubtful_values():
    english = tallied("1,234 MB", "0.5 GB").verdict()
    assert (english.decimal, read_size("1,234 MB", english).value, read_size("1.234 GB", english).value) == (
        ".",
        1234,
        1234,
    )
    french = tallied("1,5 Go").verdict()
    assert read_size("1,234 Go", french) == (1234, "", "", None, False)


@given(st.integers(0, 9_999_999), st.sampled_from(["{} Mo", "{}MB", "{:,} MB", "{}M"]))
def test_a_number_of_megabytes_reads_back_from_every_way_of_writing_it(megabytes, form):
    assert read_size(form.format(megabytes)).value == megabytes


@given(st.lists(st.integers(100_000_000, 10**12), min_size=1))
def test_a_column_of_bytes_is_never_read_as_megabytes(sizes):
    column = tallied(*map(str, sizes)).verdict()
    for size in sizes:
        assert read_size(str(size), column).value in (None, int(size / 1e6 + 0.5), round(size / 1e6))


@given(st.text(), st.sampled_from(["", "o", "mo", "go"]))
def test_any_text_is_read_or_a_problem(text, unit):
    size = read_size(text, SizeColumn(unit))
    assert not (size.value is not None and size.problem)
    assert size.value is None or 0 <= size.value <= 10_000_000
