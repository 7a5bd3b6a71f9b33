"""The order of day and month in a column of dates, judged on the whole of it."""

import re
from datetime import date
from typing import NamedTuple

from django.utils import timezone

from directory.readers.date_words import LABELLED, NUMERIC, THE, WEEKDAY

DAY_FIRST, MONTH_FIRST = "jma", "mja"
ORDERS = {DAY_FIRST: "jour/mois/année", MONTH_FIRST: "mois/jour/année"}
MAJORITY = 20  # times more values of one order than of the other: these few are slips


class DateColumn(NamedTuple):
    """How the dates of a column are to be read."""

    order: str = DAY_FIRST  # "" when the column does not tell: a date that reads both ways is then set aside
    remark: str = ""  # for the column as a whole
    question: str = ""
    is_shuffled: bool = False  # a spreadsheet took some of its dates for dates, day and month exchanged


class DateTally:
    """What the values of a column say, all together, of their order."""

    def __init__(self) -> None:
        self.day_first = self.month_first = self.undecided = self.american = 0
        self.late = {DAY_FIRST: 0, MONTH_FIRST: 0}  # that would be after today, in that order
        self.cells = self.cells_past_12 = 0
        self._now = timezone.localdate()

    def add(self, cell: str | date) -> None:
        if not isinstance(cell, str):
            self.cells += 1
            self.cells_past_12 += cell.day > 12
            return
        said = cell.strip("'\" \u00a0")
        if not said[:1].isdigit():
            said = THE.sub("", WEEKDAY.sub("", LABELLED.sub("", said)))
        if not (found := NUMERIC.match(said)):
            return
        first, second = int(found[1]), int(found[2])
        if first > 12 or second > 12:
            self.day_first += first > 12
            self.month_first += second > 12
        elif first != second:
            self.undecided += 1
            self.american += bool(re.search(r"[ap]m\s*$", cell, re.IGNORECASE))
            self._look_ahead(first, second, int(found[3]))

    def _look_ahead(self, first: int, second: int, year: int) -> None:
        year += 2000 if year < 100 else 0
        for order, month, day in ((DAY_FIRST, second, first), (MONTH_FIRST, first, second)):
            self.late[order] += 1 <= year <= 9999 and month > 0 and day > 0 and date(year, month, day) > self._now

    def verdict(self) -> DateColumn:
        proofs = {DAY_FIRST: self.day_first, MONTH_FIRST: self.month_first}
        if not any(proofs.values()) and self.undecided:
            proofs = self._by_likelihood()
        most = max(proofs, key=lambda order: proofs[order])  # of equals the first: day, then month, as in French
        other = DAY_FIRST if most == MONTH_FIRST else MONTH_FIRST
        is_shuffled = bool(self.month_first and not self.day_first and self.cells and not self.cells_past_12)
        if not self.undecided or proofs[other] * MAJORITY <= proofs[most]:
            remark = "" if most == DAY_FIRST or not proofs[most] else self._why(most)
            return DateColumn(most, remark, _SHUFFLED if is_shuffled else "", is_shuffled)
        question = (
            f"{self.undecided} dates se lisent de deux façons, et la colonne mêle les deux : "
            "le jour est-il avant le mois, ou après ?"
        )
        return DateColumn("", "", question, is_shuffled)

    def _by_likelihood(self) -> dict[str, int]:
        """Nothing proves an order: a date to come, or an English clock, tell it; else the order of the country."""
        if self.late[DAY_FIRST] and not self.late[MONTH_FIRST]:
            return {DAY_FIRST: 0, MONTH_FIRST: 1}
        if self.american and not self.late[MONTH_FIRST]:
            return {DAY_FIRST: 0, MONTH_FIRST: 1}
        return {DAY_FIRST: 1, MONTH_FIRST: 0}

    def _why(self, order: str) -> str:
        why = "dans l’autre ordre, certaines seraient à venir ou leur heure ne serait pas à l’anglaise"
        if self.month_first:
            why = (
                f"{self.month_first} {'valeurs ne se lisent' if self.month_first > 1 else 'valeur ne se lit'} qu’ainsi"
            )
        return f"Dates lues {ORDERS[order]} : {why}."


_SHUFFLED = (
    "Les dates de cette colonne sont écrites mois/jour, et un tableur en a pris une partie pour des dates "
    "jour/mois : ces cellules-là sont-elles justes ?"
)
FRENCH = DateColumn()
