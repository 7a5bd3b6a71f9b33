"""Who works where on a given day: from the arrival, or before it, to the day of the departure, which may be planned."""

from datetime import date

from django.db.models import Q

LASTING = Q(left_on=None)  # of a stay: no end, not even planned


def present_on(day: date, stay: str = "") -> Q:
    """The condition that a stay is not over by that day: on Affiliation, or on what `stay` leads to one
    ("affiliations__").

    A stay still to begin counts, for accesses are prepared; one whose end is planned counts until its day.
    """
    return Q(**{f"{stay}left_on": None}) | Q(**{f"{stay}left_on__gt": day})


def present_in_sql(stay: str, day: date) -> str:
    """`present_on` of the row so named in a query."""
    return f"({stay}.left_on IS NULL OR {stay}.left_on > '{day:%Y-%m-%d}')"
