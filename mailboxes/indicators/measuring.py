"""Counting every figure for every structure: one statement each, whatever the number of structures and of BAL."""

from datetime import datetime

from django.db.models import QuerySet

from mailboxes.indicators.table import FIGURES
from mailboxes.models import Structure

Measured = dict[tuple[int, str, str], int]  # (structure, name, key) -> how many


def measure(structures: QuerySet[Structure], now: datetime) -> Measured:
    return {
        (structure, figure.name, str(key)): count
        for figure in FIGURES
        for structure, key, count in figure.counts(structures, now)
    }
