"""The measures of some structures together: as of the last day, against an earlier one, and day after day."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import QuerySet

from mailboxes.indicators.table import FIGURES, IndicatorFigure
from mailboxes.models import Measure, Structure
from mailboxes.models.measures import MeasureQuerySet

Line = tuple[str, str, int, int | None]  # key, label, how many now, how many at the start of the period


@dataclass
class Indicators:
    """Everything is read in one query; a year of days and forty figures are some ten thousand rows."""

    structures: QuerySet[Structure]
    days: int

    @cached_property
    def _measures(self) -> MeasureQuerySet:
        return Measure.objects.filter(structure__in=self.structures.values("pk"))

    @cached_property
    def last(self) -> date | None:
        return self._measures.latest_day()

    @cached_property
    def table(self) -> dict[date, dict[tuple[str, str], int]]:
        """day -> (name, key) -> how many; a day is there if anything was measured."""
        found: dict[date, dict[tuple[str, str], int]] = defaultdict(dict)
        if self.last:
            rows = self._measures.since(self.last, self.days).totals().order_by("day")
            for row in rows:
                found[row["day"]][row["name"], row["key"]] = row["count"]
        return dict(found)

    @property
    def measured(self) -> list[date]:
        return list(self.table)

    @property
    def first(self) -> date | None:
        return self.measured[0] if self.measured else None

    def at(self, day: date, name: str, key: str = "") -> int:
        return self.table[day].get((name, key), 0)

    def lines(self, figure: IndicatorFigure) -> list[Line]:
        """What occurs in the period, in the figure's own order."""
        if not self.first or not self.last:
            return []
        lines = []
        for key, label in figure.keys().items():
            now, before = self.at(self.last, figure.name, key), self.at(self.first, figure.name, key)
            if now or before:
                lines.append((key, label, now, before if self.first != self.last else None))
        return lines

    def sections(self) -> list[tuple[IndicatorFigure, list[Line]]]:
        return [(figure, lines) for figure in FIGURES if (lines := self.lines(figure))]

    def chart(self, figure: IndicatorFigure) -> dict | None:
        """A curve per key, or per group of keys; one day alone makes no curve."""
        if len(self.measured) < 2:
            return None
        curves: dict[str, list[str]] = {}
        for key, label, *_ in self.lines(figure):
            curves.setdefault(figure.curve(key) if figure.curve else label, []).append(key)
        series = [
            {"label": label, "points": [[day.isoformat(), self._sum(day, figure, keys)] for day in self.measured]}
            for label, keys in curves.items()
        ]
        return {"type": "line", "series": series}

    def _sum(self, day: date, figure: IndicatorFigure, keys: list[str]) -> int:
        return sum(self.at(day, figure.name, key) for key in keys)

    def rows(self) -> Iterator[tuple[date, str, str, int]]:
        """All of it, for a spreadsheet: the latest day first."""
        for day in reversed(self.measured):
            for figure in FIGURES:
                for key, label in figure.keys().items():
                    if count := self.at(day, figure.name, key):
                        yield day, figure.label, label, count
