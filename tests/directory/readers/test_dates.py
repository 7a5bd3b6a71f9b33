"""Dates as people, consoles and clocks write them; the order of day and month is the column's."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from directory.readers.date_columns import DAY_FIRST, MONTH_FIRST, DateColumn, DateTally
from directory.readers.dates import read_date

WHEN = datetime(2026, 3, 15, 8, 30)
DAY = datetime(2026, 3, 15)


def judged(*cells):
    tally = DateTally()
    for cell in cells:
        tally.add(cell)
    return tally.verdict()


def of_paris(moment):
    return timezone.make_aware(moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15 mars 2026", DAY), ("15-mars-26", DAY), ("15/mars/2026", DAY), ("dimanche 15 mars 2026 08:30", WHEN),
        ("le 15 mars 2026 à 8 h 30", WHEN), ("15 mars 2026 8h", datetime(2026, 3, 15, 8)), ("2026/03/15", DAY),
        ("15/03/2026 à 08:30", WHEN), ("15/03/2026 8:30 PM", datetime(2026, 3, 15, 20, 30)),
        ("15/03/2026 12:05 AM", datetime(2026, 3, 15, 0, 5)), ("Sun Mar 15 08:30:00 2026", WHEN),
        ("Mar 15, 2026 8:30 AM", WHEN), ("mar. 17 mars 2026", datetime(2026, 3, 17)), ("15-Mar-2026", DAY),
        ("15 mars 2026 à 8 h 30 min 12 s", datetime(2026, 3, 15, 8, 30, 12)),
        ("Dernière connexion : 15/03/2026 08:30", WHEN), ("Dernière connexion le 15/03/2026", DAY),
        ("1er févr. 2026", datetime(2026, 2, 1)), ("15 AOÛT 2026", datetime(2026, 8, 15)), ("2026-3-5 8:05",
        datetime(2026, 3, 5, 8, 5)),
    ],
)  # fmt: skip
def test_months_are_read_by_their_name_in_french_and_in_english(text, moment):
    assert read_date(text) == (of_paris(moment), "", "")


@pytest.mark.parametrize(
    "text",
    ["2026-03-15T07:30:00Z", "2026-03-15T08:30:00.000+01:00", "2026-03-15T07:30:00.0000000Z",
    "2026-03-15T07:30:00Z[UTC]",
     "20260315073000Z", "20260315073000.0Z", "Sun, 15 Mar 2026 08:30:00 +0100", "Sun, 15 Mar 2026 07:30:00 GMT"],
)  # fmt: skip
def test_a_zone_that_is_named_is_believed(text):
    assert read_date(text).value == of_paris(WHEN)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1773559800", "secondes"),
        ("1773559800000", "milli"),
        ("1773559800.25", "secondes"),
        ("/Date(1773559800000)/", "milli"),
        ("1773559800000000", "micro"),
        ("134180334000000000", "Windows"),
        ("1,7735598E+09", "secondes"),
    ],
)
def test_clocks_of_machines_are_read_and_told(text, what):
    value, remark, _ = read_date(text)
    assert value == of_paris(WHEN)
    assert what in remark


@pytest.mark.parametrize(
    "text",
    ["jamais", "Jamais connecté", "aucune connexion", "never logged in", "Never", "N/A", "-", "", "0", "-1", "NaT",
     "jamais (compte créé le 01/01/2026)",
     "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "0001-01-01T00:00:00", "01/01/1970", "1970-01-01T00:00:00Z",
     "Non renseigné", "Aucune donnée", "Pas encore utilisée", "Never signed in", "No sign-in", "not yet", "01/01/70",
     "N’a jamais été utilisée", "n'a jamais ouvert sa boîte",
     "1601-01-01", "30/12/1899", "9223372036854775807", "Thu Jan  1 00:00:00 1970"],
)  # fmt: skip
def test_every_word_and_every_empty_clock_for_never_says_nothing(text):
    value, _, problem = read_date(text)
    assert (value, problem) == (None, "")


@pytest.mark.parametrize(
    "text",
    [
        "Le 15/03/2026 08:30", "15/03/2026 - 08:30", "15/03/2026 08:30 (il y a 3 jours)", "15-Mar-26 8.30.00 AM",
        "15 03 2026 08:30", "2026-03-15 08:30:00 UTC+1", "15/03/2026 08:30 GMT+1", "2026-03-15 08:30 +0100",
        "15/03/2026 08.30", "2026-03-15 08:30:00 Europe/Paris", "15/03/2026 08:30 / IMAP", "IMAP : 15/03/2026 08:30",
        "Connexion le 15/03/2026 08:30", "15/Mar/2026:08:30:00 +0100", "2026 03 15 08:30",
        "2026-03-15 08:30:00 +0100 CET", "20260315 08:30", "20260315T08:30:00", "15/03/2026-08:30",
        "15／03／2026 08：30", "15/03/2026 08:30.",
    ],
)  # fmt: skip
def test_moments_as_consoles_write_them(text):
    assert read_date(text) == (of_paris(WHEN), "", "")


@pytest.mark.parametrize("text", ["15/03/0026", "12/05/1998", "il y a 100 ans"])
def test_a_year_before_any_bal_is_no_never_but_a_slip_to_be_told(text):
    assert read_date(text) == (None, "", f"«\u00a0{text}\u00a0» est une date invraisemblable.")


@pytest.mark.parametrize(
    "text", ["31/02/2026", "2026-13-01", "03/2026/15", "99999999", "bientôt", "12:05", "2026", "15/03", "12345678901"]
)
def test_what_is_no_date_is_a_problem_that_names_it(text):
    assert read_date(text) == (None, "", f"«\u00a0{text}\u00a0» n’est pas une date (JJ/MM/AAAA).")


def test_a_day_said_to_be_that_of_something_else_is_no_last_use():
    assert read_date("12/01/2024 (création)").problem
    assert read_date("12/01/2024 (créée par Alice)").problem


def test_a_date_that_a_spreadsheet_could_not_show_is_a_loss_to_be_told():
    assert "trop étroite" in read_date("########").problem


def test_what_stands_before_a_date_hides_its_order_from_no_column():
    column = judged("IMAP : 03/15/2026", "IMAP : 04/05/2026")
    assert read_date("IMAP : 04/05/2026", column).value == of_paris(datetime(2026, 4, 5))


def test_days_ago_count_from_the_date_of_the_list():
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert read_date("il y a 3 jours", as_of=at).value == of_paris(datetime(2026, 3, 12))
    assert read_date("2 weeks ago", as_of=at).value == of_paris(datetime(2026, 3, 1))
    assert read_date("hier", as_of=at).remark == "«\u00a0hier\u00a0» lu 14/03/2026, d’après la date de la liste"


def test_a_month_without_its_day_is_told():
    assert read_date("03/2026") == read_date("03-2026")._replace(remark=read_date("03/2026").remark)
    assert read_date("03/2026").remark == "«\u00a003/2026\u00a0» lu 01/03/2026 : le jour n’est pas dit"
    assert read_date("mars-26").value == of_paris(datetime(2026, 3, 1))
    assert read_date("13/2026").problem
    assert read_date("Mar 26").problem
    assert read_date("mars 2026").remark == "«\u00a0mars 2026\u00a0» lu 01/03/2026 : le jour n’est pas dit"


# --- The column -------------------------------------------------------------------------------------------------------
def test_one_date_that_reads_month_first_alone_tells_the_whole_column():
    column = judged("10/23/2026", "11/05/2026", "01/11/2026")
    assert column.order == MONTH_FIRST
    assert "mois/jour" in column.remark
    assert read_date("11/05/2026", column) == (
        of_paris(datetime(2026, 11, 5)),
        "«\u00a011/05/2026\u00a0» lu mois/jour : 05/11/2026",
        "",
    )


def test_french_order_is_taken_in_silence():
    assert judged("05/11/2025", "23/10/2025") == judged("05/11/2025") == DateColumn(DAY_FIRST)


def test_a_column_that_mixes_both_orders_is_asked_about_and_its_sure_dates_are_read():
    column = judged("23/10/2026", "10/23/2026", "05/11/2025")
    assert column.order == ""
    assert column.question
    assert read_date("05/11/2025", column).problem
    assert read_date("23/10/2026", column).value == read_date("10/23/2026", column).value != None  # noqa: E711


def test_one_slip_among_many_does_not_make_a_column_doubtful():
    assert judged(*["23/10/2025"] * 40, "10/23/2025", "05/11/2025").order == DAY_FIRST


@pytest.mark.usefixtures("_in_november")
def test_a_date_to_come_tells_the_order_where_nothing_else_does():
    assert judged("11/12/2026").order == MONTH_FIRST
    assert judged("11/05/2026").order == DAY_FIRST


@pytest.fixture
def _in_november(monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda: date(2026, 11, 28))


def test_dates_of_a_workbook_beside_texts_month_first_may_be_exchanged():
    column = judged("10/23/2026", datetime(2026, 5, 11))
    assert column.is_shuffled
    assert read_date(datetime(2026, 5, 11), column).problem
    assert read_date(datetime(2026, 5, 5), column).value
    assert not judged("10/23/2026", datetime(2026, 5, 23)).is_shuffled


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0))
WRITTEN = ["%d/%m/%Y %H:%M", "%d/%m/%Y %Hh%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y à %H:%M",
"%Y%m%d%H%M%S", "%d %b %Y %H:%M", "%B %d, %Y %I:%M %p"]  # fmt: skip


@given(MOMENTS, st.sampled_from(WRITTEN))
def test_a_moment_reads_back_from_every_way_of_writing_it(moment, form):
    assert timezone.make_naive(read_date(moment.strftime(form)).value) == timezone.make_naive(of_paris(moment))


@given(st.lists(MOMENTS, min_size=1), st.sampled_from([DAY_FIRST, MONTH_FIRST]))
def test_no_column_is_ever_read_in_silence_in_the_wrong_order(moments, order):
    form = "%d/%m/%Y" if order == DAY_FIRST else "%m/%d/%Y"
    cells = [moment.strftime(form) for moment in moments]
    column = judged(*cells)
    if column.order == order and not column.is_shuffled:
        reads = [read_date(cell, column) for cell in cells]
        assert [read.value.date() for read in reads] == [moment.date() for moment in moments]
    elif order == MONTH_FIRST and any(moment.day > 12 for moment in moments):
        raise AssertionError(column)


@given(st.text())
def test_any_text_is_read_or_a_problem(text):
    value, _, problem = read_date(text)
    assert not (value and problem)


@pytest.mark.parametrize("text", ["15/03/2026 24:00", "2026-03-15T24:00:00", "15 mars 2026 24h00"])
def test_the_24th_hour_ends_its_day(text):
    assert read_date(text).value == of_paris(datetime(2026, 3, 16))


@pytest.mark.parametrize("text", ["15/03/2026 24:01", "15/03/2026 25:00", "Jamais connecté depuis le 12/01/2026"])
def test_an_hour_that_is_none_and_a_never_that_begins_one_day_are_left_aside(text):
    assert read_date(text).problem
