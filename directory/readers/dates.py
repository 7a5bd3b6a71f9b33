"""A date as people, consoles and clocks write it, read into a moment."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from directory.readers.date_columns import DAY_FIRST, FRENCH, MONTH_FIRST, DateColumn
from directory.readers.date_words import (
    AGO,
    BARE,
    BESIDE,
    CLOCK,
    COMPACT,
    COMPACT_DAY,
    CTIME,
    DAY_NAMED,
    DAYS_AGO,
    DOTTED_CLOCK,
    EMPTY_CLOCK,
    EMPTY_YEARS,
    END_OF_TIME,
    EXCEL_DAYS,
    EXCEL_EPOCH,
    EXPONENT,
    FILETIME_EPOCH,
    FOREVER,
    FRENCH_CLOCK,
    LABELLED,
    MONTH_ALONE,
    MONTH_NAMED,
    MONTH_NUMBERED,
    MONTHS,
    NET_DATE,
    NEVER,
    NO_DATE,
    NUMERIC,
    OLDEST,
    THE,
    TOO_NARROW,
    UNITS_AGO,
    USUAL,
    WEEKDAY,
    WIDE,
    YEAR_FIRST,
    ZONES,
)
from directory.readers.texts import Read, folded, tidy, unguarded
from directory.typography import quoted


def read_date(cell: str | date, column: DateColumn = FRENCH, as_of: datetime | None = None) -> Read:
    """A moment, in our time zone where the cell names none; a day begins at midnight. None: never, or not known.

    `as_of` is the date of the list, from which « il y a 3 jours » counts.
    """
    if not isinstance(cell, str):
        return _of_cell(cell, column)
    if (
        (found := USUAL.fullmatch(cell))
        and column.order == DAY_FIRST
        and found[3] >= "2000"
        and found[2] <= "12"
        and found[4] != "24"
    ):
        try:
            year, month, day, hour, minute, second = (int(part or 0) for part in found.group(3, 2, 1, 4, 5, 6))
            return _moment(datetime(year, month, day, hour, minute, second), cell)
        except ValueError:
            return _not_a_date(cell)
    text = LABELLED.sub("", NET_DATE.sub(r"\1", tidy(unguarded(tidy(cell)))))
    text = COMPACT_DAY.sub(r"\1-\2-\3", EXPONENT.sub(_without_exponent, text.translate(WIDE)))
    text = text[:-1] if text[-2:-1].isdigit() and text.endswith(".") else text
    if TOO_NARROW.fullmatch(text):
        return Read(problem=f"{quoted(text)} : la colonne du tableur était trop étroite pour montrer la date.")
    if _says_never(text):
        return Read(None)
    try:
        return _of_any(text, column, as_of) or _of_any(BESIDE.sub("", text), column, as_of) or _not_a_date(text)
    except (ValueError, OverflowError):
        return _not_a_date(text)


def _says_never(text: str) -> bool:
    word = folded(text)
    return (
        word in NO_DATE
        or NEVER.fullmatch(word) is not None
        or not word
        or EMPTY_CLOCK.fullmatch(text) is not None
        or folded(text.partition("(")[0]) in NO_DATE
    )


def _of_any(text: str, column: DateColumn, as_of: datetime | None) -> Read | None:
    return _of_number(text) or _of_text(text, column) or _of_words(text, folded(text), as_of)


def is_never(moment: datetime) -> bool:
    """1970, 1601, 1900: what a clock that was never set says."""
    return moment.year < OLDEST


def _not_a_date(text: str) -> Read:
    return Read(problem=f"{quoted(text)} n’est pas une date (JJ/MM/AAAA).")


def _of_cell(cell: date, column: DateColumn) -> Read:
    moment = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)
    if column.is_shuffled and moment.day <= 12 and moment.day != moment.month:
        return Read(
            problem=f"{quoted(format(moment, '%d/%m/%Y'))} a peut-être le jour et le mois échangés par un tableur."
        )
    return _moment(moment, f"{moment:%d/%m/%Y}")


def _moment(moment: datetime, text: str, remark: str = "") -> Read:
    if END_OF_TIME.fullmatch(f"{moment:%Y-%m-%d}"):
        return Read(None, f"{quoted(text)} lu « jamais »")
    if is_never(moment):
        if moment.year in EMPTY_YEARS:
            return Read(None, f"{quoted(text)} lu « jamais »")
        return Read(problem=f"{quoted(text)} est une date invraisemblable.")
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return Read(moment, f"{quoted(text)} {remark}" if remark else "")


def _without_exponent(found: re.Match[str]) -> str:
    """« 1,7735634E9 », where the notation kept all the figures that count days or seconds."""
    digits, length = found[1] + found[2], int(found[3]) + 1
    return digits.ljust(length, "0") if len(digits) in (length, length - 1, length - 2) else found[0]


# --- Numbers alone ----------------------------------------------------------------------------------------------------
def _of_number(text: str) -> Read | None:
    if (found := COMPACT.fullmatch(text)) and (found[2] or found[1].startswith(("19", "20"))):
        return _of_compact(found, text)
    if not (found := BARE.fullmatch(text)):
        return None
    digits, value = len(found[1]), int(found[1])
    if digits == 5:
        return _of_excel(text)
    if found[2] and found[2].strip("0") and digits != 10:
        return None
    if digits == 10:
        return _of_clock(datetime.fromtimestamp(value, UTC), text, "secondes Unix")
    if digits == 13:
        return _of_clock(datetime.fromtimestamp(value / 1000, UTC), text, "millisecondes Unix")
    if digits == 16:
        return _of_clock(datetime.fromtimestamp(value / 1_000_000, UTC), text, "microsecondes Unix")
    if value == FOREVER:
        return Read(None, f"{quoted(text)} lu « jamais »")
    if digits == 18:
        return _of_clock(FILETIME_EPOCH + timedelta(microseconds=value // 10), text, "une date de Windows ou de LDAP")
    return None


def _of_clock(moment: datetime, text: str, what: str) -> Read:
    return _moment(moment, text, f"lu comme {what} : {timezone.localtime(moment):%d/%m/%Y}")


def _of_compact(found: re.Match[str], text: str) -> Read | None:
    clock = (found[2] or "").ljust(6, "0")
    moment = datetime.strptime(found[1] + clock, "%Y%m%d%H%M%S")
    if zone := found[3]:
        hours = timedelta() if zone == "Z" else timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:]))
        moment = moment.replace(tzinfo=timezone.get_fixed_timezone(hours))
    return _moment(moment, text)


def _of_excel(text: str) -> Read:
    number = float(text.replace(",", "."))
    if not EXCEL_DAYS[0] <= number < EXCEL_DAYS[1]:
        raise ValueError(text)
    moment = EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    return _moment(moment, text, f"lu comme une date d’Excel : {moment:%d/%m/%Y}")


# --- Days and clocks --------------------------------------------------------------------------------------------------
def _of_text(text: str, column: DateColumn) -> Read | None:
    bare = WEEKDAY.sub("", text)  # « mar. 15 » is a Tuesday, « Mar 15, 2026 » a day of March: the whole is tried first
    return _said(text, text, column) or (_said(bare, text, column) if bare != text else None)


def _said(said: str, text: str, column: DateColumn) -> Read | None:
    said = DOTTED_CLOCK.sub(r" \1:\2:\3\4", said)
    said = FRENCH_CLOCK.sub(lambda found: f" {found[1]}:{found[2]}" if found[1] else " ", said)
    if found := CTIME.match(said):
        said = f"{found[2]} {found[1]} {found[5]} {found[3]} {found[4] or ''}".strip()
    day, clock = THE.sub("", said), None
    if (found := CLOCK.search(said)) and (found[2] or found[5] or found[6] or found[0].rstrip().lower().endswith("h")):
        day, clock = THE.sub("", said[: found.start()]).strip(" ,"), found
    read = _day(day, column)
    if read is None or read.problem:
        return read
    year, month, number = read.value
    hour, minute, second, micro = _time(clock) if clock else (0, 0, 0, 0)
    zone = _zone(clock) if clock else None
    is_end = (hour, minute, second, micro) == (24, 0, 0, 0)  # of the day: the next one's midnight
    moment = datetime(year, month, number, 0 if is_end else hour, minute, second, micro, zone)
    return _moment(moment + timedelta(days=is_end), text, read.remark)


def _day(text: str, column: DateColumn) -> Read | None:
    """Year, month and day."""
    if found := YEAR_FIRST.fullmatch(text):
        return Read((int(found[1]), int(found[2]), int(found[3])))
    if found := NUMERIC.fullmatch(text):
        return _numeric(text, int(found[1]), int(found[2]), _year(found[3]), column)
    if (found := DAY_NAMED.fullmatch(text)) and (month := MONTHS.get(folded(found[2]))):
        return Read((_year(found[3]), month, int(found[1])))
    if (found := MONTH_NAMED.fullmatch(text)) and (month := MONTHS.get(folded(found[1]))):
        return Read((int(found[3]), month, int(found[2])))
    if (found := MONTH_ALONE.fullmatch(text)) and (month := MONTHS.get(folded(found[1]))):
        return _first_of_month(_year(found[2]), month)
    if found := MONTH_NUMBERED.fullmatch(text):
        return _first_of_month(int(found[2]), int(found[1]))
    return None


def _first_of_month(year: int, month: int) -> Read:
    return Read((year, month, 1), f"lu 01/{month:02}/{year} : le jour n’est pas dit")


def _numeric(text: str, first: int, second: int, year: int, column: DateColumn) -> Read:
    if first > 12 or second > 12 or first == second:  # reads one way alone, whatever the column
        day, month = (second, first) if second > 12 else (first, second)
        is_american = second > 12
    elif not column.order:
        return Read(
            problem=f"{quoted(text)} se lit de deux façons : dites l’ordre du jour et du mois de cette colonne."
        )
    else:
        is_american = column.order == MONTH_FIRST
        day, month = (second, first) if is_american else (first, second)
    date(year, month, day)
    return Read((year, month, day), f"lu mois/jour : {day:02}/{month:02}/{year}" if is_american else "")


def _year(text: str) -> int:
    """Of two figures, 70 is what an empty clock says: nobody dates anything in 2070."""
    return int(text) + (0 if len(text) > 2 else 1900 if int(text) >= 69 else 2000)


def _time(clock: re.Match[str]) -> tuple[int, int, int, int]:
    hour, minute, second = (int(part or 0) for part in clock.group(1, 2, 3))
    if half := (clock[5] or "").lower().replace(".", ""):
        if not 1 <= hour <= 12:
            half = "" if hour < 24 else half  # « 13:05 PM » says its hour already
        hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    return hour, minute, second, int((clock[4] or "0").ljust(6, "0")[:6])


def _zone(clock: re.Match[str]) -> tzinfo | None:
    if clock[6]:
        return timezone.get_fixed_timezone(timedelta(hours=ZONES[clock[6]]))
    if clock[7]:
        minutes = int(clock[8] or 0) * (-1 if clock[7].startswith("-") else 1)
        return timezone.get_fixed_timezone(timedelta(hours=int(clock[7]), minutes=minutes))
    return None


# --- Words ------------------------------------------------------------------------------------------------------------
def _of_words(text: str, word: str, as_of: datetime | None) -> Read | None:
    if word in DAYS_AGO:
        ago = relativedelta(days=DAYS_AGO[word])
    elif (found := AGO.fullmatch(word)) and ("il y a" in word or word.endswith("ago")):
        count = int(found[1]) if found[1].isdigit() else 1
        if not (unit := UNITS_AGO.get(found[2])) or count > 10_000:
            return None
        ago = relativedelta(**{unit: count})
    else:
        return None
    moment = (as_of or timezone.now()) - ago
    local = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    return _moment(local, text, f"lu {local:%d/%m/%Y}, d’après la date de la liste")
