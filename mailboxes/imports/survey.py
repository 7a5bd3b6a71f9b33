"""A list looked at as a whole before any of its lines is judged: its columns tell what no cell tells alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from directory.readers.dates import ORDERS, DateColumn, DateTally
from directory.readers.sizes import SizeColumn, SizeTally, judged_together
from mailboxes.imports.columns import BY_NAME, unit_of
from mailboxes.imports.rows import Row

KNOWN = 4096  # sizes of a column that need no second look: the same stand on many lines


@dataclass
class Survey:
    """How each column is to be read, by its rank."""

    dates: dict[int, DateColumn] = field(default_factory=dict)
    sizes: dict[int, SizeColumn] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # how the file was read, where it was a guess

    @property
    def questions(self) -> list[str]:
        columns: list[DateColumn | SizeColumn] = [*self.dates.values(), *self.sizes.values()]
        return list(dict.fromkeys(column.question for column in columns if column.question))

    @property
    def remarks(self) -> list[str]:
        columns: list[DateColumn | SizeColumn] = [*self.dates.values(), *self.sizes.values()]
        return [*self.notes, *dict.fromkeys(column.remark for column in columns if column.remark)]

    def to_json(self) -> dict[str, Any]:
        return {"dates": {**self.dates}, "sizes": {**self.sizes}, "notes": self.notes}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Survey":
        return cls(
            {int(rank): DateColumn(*column) for rank, column in said.get("dates", {}).items()},
            {int(rank): SizeColumn(*column) for rank, column in said.get("sizes", {}).items()},
            said.get("notes", []),
        )


def survey(headers: list[str], columns: list[str], rows: Iterable[Row], *, unit: str = "", order: str = "") -> Survey:
    """`unit` of bare sizes and `order` of dates: as a person answered, "" for what the columns tell."""
    fields = [(rank, BY_NAME[name]) for rank, name in enumerate(columns) if name]
    dates = {rank: DateTally() for rank, one in fields if one.is_date}
    sizes = {rank: SizeTally(one.name == "quota_mb") for rank, one in fields if one.is_size}
    known: dict[int, set[str]] = {rank: set() for rank in sizes}
    guessed: dict[str, int] = {}
    for row in rows:
        if row.remark:
            guessed[row.remark] = guessed.get(row.remark, 0) + 1
        cells = row.cells
        for rank, date_tally in dates.items():
            if rank < len(cells) and cells[rank]:
                date_tally.add(cells[rank])
        for rank, size_tally in sizes.items():
            if rank < len(cells) and isinstance(cell := cells[rank], str) and cell and cell not in known[rank]:
                size_tally.add(cell)
                if len(known[rank]) < KNOWN:
                    known[rank].add(cell)
    notes = [f"{remark} : {count} ligne{'s' if count > 1 else ''}." for remark, count in guessed.items()]
    return Survey(
        {rank: _answered(tally.verdict(), order) for rank, tally in dates.items()}, _sized(headers, sizes, unit), notes
    )


def _answered(column: DateColumn, order: str) -> DateColumn:
    return DateColumn(order, f"Dates lues {ORDERS[order]}, à votre demande.") if order else column


def _sized(headers: list[str], tallies: dict[int, SizeTally], unit: str) -> dict[int, SizeColumn]:
    judged = {rank: tally.verdict() for rank, tally in tallies.items()}
    told = {rank: unit_of(headers[rank]) or unit for rank in tallies}
    asked = [rank for rank in tallies if not told[rank]]
    together = judged_together([judged[rank] for rank in asked], [tallies[rank] for rank in asked])
    judged |= dict(zip(asked, together, strict=True))
    return {rank: SizeColumn(told[rank], column.decimal) if told[rank] else column for rank, column in judged.items()}
