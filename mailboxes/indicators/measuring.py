"""Counting every figure for every structure: one statement each, whatever the number of structures and of BAL."""

from datetime import datetime

from django.db.models import QuerySet

from mailboxes.indicators.costs import Costs
from mailboxes.indicators.table import FIGURES
from mailboxes.models import Structure
from mailboxes.models.measures import WASTED

Measured = dict[tuple[int, str, str], int]  # (structure, name, key) -> how many


def measure(structures: QuerySet[Structure], now: datetime) -> Measured:
    found = {
        (structure, figure.name, str(key)): count
        for figure in FIGURES
        for structure, key, count in figure.counts(structures, now)
    }
    wasted = Costs(structures, now, exact=True).wasted
    every = structures.order_by().values_list("pk", flat=True)
    return found | {(pk, WASTED, ""): round(wasted[pk].amount) if pk in wasted else 0 for pk in every}
