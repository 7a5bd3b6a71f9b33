"""Moments that stand in rows, should the clock of whoever wrote them have been wrong.

One that was ahead for a minute, before its machine had asked for the time, would have what it held, put off or last saw
wait until then: for years. What lies further ahead than such a moment ever does counts for nothing.
"""

from datetime import datetime, timedelta

from django.db.models import Q


def to_come(field: str, now: datetime, most: timedelta) -> Q:
    """Is it still to come? `most`: how far ahead it is ever set; the clocks of two machines may differ by as much."""
    return Q(**{f"{field}__gt": now, f"{field}__lte": now + 2 * most})


def heard_of(field: str, now: datetime, lately: timedelta) -> Q:
    """Was there a sign of life lately? One from the future is none."""
    return Q(**{f"{field}__gte": now - lately, f"{field}__lte": now + lately})
