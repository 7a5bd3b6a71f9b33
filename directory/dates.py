"""Days and moments as a French reader is told them: by the clock of Paris, day first."""

import re
from datetime import date, datetime, time

from django.utils import timezone
from django.utils.formats import date_format

FIRST = re.compile(r"(?<!\d)1 (?=(?:jan|fév|mar|avr|mai|jui|aoû|sep|oct|nov|déc))")


def day_of(moment: date | None) -> str:
    """« 28/11/2026 » for a day or a moment, "" for none. Late in the evening by UTC, it is tomorrow in Paris."""
    return f"{_local(moment):%d/%m/%Y}" if moment else ""


def day_said(text: str) -> date:
    """The day of which `day_of` says this."""
    day, month, year = text.split("/")
    return date(int(year), int(month), int(day))


def minute_of(moment: date) -> str:
    return f"{_local(moment):%d/%m/%Y à %H:%M}"


def moment_of(moment: datetime) -> str:
    """The moment, as a spreadsheet is read; a day that was told without an hour is told so again."""
    return f"{_local(moment):%d/%m/%Y %H:%M}".removesuffix(" 00:00")


def day_in_words(day: date) -> str:
    """« 28 novembre 2026 », « 1er octobre 2026 »."""
    return first_of_month(date_format(day, "j F Y"))


def first_of_month(said: str) -> str:
    """A day written with its month's name: alone of them, the first is an ordinal in French."""
    return FIRST.sub("1er ", said)


def start_of(day: date) -> datetime:
    """The moment at which the day begins in Paris."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _local(moment: date) -> date:
    return timezone.localtime(moment) if isinstance(moment, datetime) else moment
