"""A date as FHIR writes one: how precise it is, and what its prefix asks of another."""

import re
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

# A moment asked for is any of some alternatives, each of which is all of some bounds: "gte" or "lt", and the moment.
Bounds = list[tuple[str, datetime]]
PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
# prefix -> alternatives of bounds: of the start (False) or the end (True) of what is given
PREFIXES: dict[str, list[list[tuple[str, bool]]]] = {
    "eq": [[("gte", False), ("lt", True)]],
    "ne": [[("lt", False)], [("gte", True)]],
    "ge": [[("gte", False)]],
    "gt": [[("gte", True)]],
    "sa": [[("gte", True)]],
    "le": [[("lt", True)]],
    "lt": [[("lt", False)]],
    "eb": [[("lt", False)]],
    "ap": [[("gte", False), ("lt", True)]],  # widened by a tenth of how long ago it is, as FHIR proposes
}


def read_moment(said: str) -> list[Bounds] | None:
    """None where it cannot be read."""
    prefix, text = (said[:2], said[2:]) if said[:2] in PREFIXES else ("eq", said)
    try:
        span = _span(text)
    except ValueError:
        return None
    if span is None or not 1900 <= span[0].year < 9999:
        return None
    start, end = map(_aware, span)
    if prefix == "ap":
        wide = abs(timezone.now() - start) / 10
        try:
            start, end = start - wide, end + wide
        except OverflowError:  # beyond the calendar
            return None
    return [[(bound, end if is_end else start) for bound, is_end in bounds] for bounds in PREFIXES[prefix]]


def _span(text: str) -> tuple[datetime, datetime] | None:
    """A year, a month or a day lasts until the next; a moment is as short as can be told apart."""
    if whole := PARTIAL.fullmatch(text):
        year, month = whole.groups()
        start = datetime(int(year), int(month or 1), 1)
        return start, start + (relativedelta(months=1) if month else relativedelta(years=1))
    if day := parse_date(text):
        return _midnight(day), _midnight(day) + timedelta(days=1)
    moment = parse_datetime(text.replace(" ", "+"))
    return (moment, moment + timedelta(microseconds=1)) if moment else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def _aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
