"""A list looked at as a whole before any of its lines is judged: its columns tell what no cell tells alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from directory.readers.address import names_patient
from directory.readers.date_columns import ORDERS, DateColumn, DateTally
from directory.readers.names import NameColumn, NameTally
from directory.readers.sizes import SizeColumn, SizeTally, judged_together
from directory.readers.texts import is_nothing
from directory.readers.words import Said, read_state, state_key
from directory.typography import LONGEST, how_many, quoted
from mailboxes.imports.columns import unit_of
from mailboxes.imports.rows import Row
from mailboxes.imports.sorts import BY_NAME

ASKED = 20  # words of states asked about at once
KNOWN = 4096  # sizes of a column that need no second look: the same stand on many lines


@dataclass
class Survey:
    """How each column is to be read, by its rank."""

    dates: dict[int, DateColumn] = field(default_factory=dict)
    sizes: dict[int, SizeColumn] = field(default_factory=dict)
    names: dict[int, NameColumn] = field(default_factory=dict)
    states: list[tuple[str, str, int]] = field(default_factory=list)  # words not known: key, as written, lines
    answers: dict[str, str] = field(default_factory=dict)  # what such words mean, as a person told: key, a Said
    notes: list[str] = field(default_factory=list)  # how the file was read, where it was a guess

    @property
    def questions(self) -> list[str]:
        columns: list[DateColumn | SizeColumn] = [*self.dates.values(), *self.sizes.values()]
        asked = [column.question for column in columns] + [self._question_of_states]
        return list(dict.fromkeys(filter(None, asked)))

    @property
    def _question_of_states(self) -> str:
        named = ", ".join(f"{quoted(text)} ({how_many(count, 'ligne')})" for _, text, count in self.states)
        return f"Que veulent dire ces mots de l’état : {named} ? Jusque-là, rien n’en est conclu." if named else ""

    @property
    def remarks(self) -> list[str]:
        columns: list[DateColumn | SizeColumn] = [*self.dates.values(), *self.sizes.values()]
        return [*self.notes, *dict.fromkeys(column.remark for column in columns if column.remark)]

    def to_json(self) -> dict[str, Any]:
        return {
            "dates": self.dates,
            "sizes": self.sizes,
            "names": self.names,
            "states": self.states,
            "answers": self.answers,
            "notes": self.notes,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Survey":
        return cls(
            {int(rank): DateColumn(*column) for rank, column in said.get("dates", {}).items()},
            {int(rank): SizeColumn(*column) for rank, column in said.get("sizes", {}).items()},
            {int(rank): NameColumn(*column) for rank, column in said.get("names", {}).items()},
            [(key, text, count) for key, text, count in said.get("states", [])],
            said.get("answers", {}),
            said.get("notes", []),
        )


def survey(
    headers: list[str],
    columns: list[str],
    rows: Iterable[Row],
    *,
    unit: str = "",
    order: str = "",
    answers: dict[str, str] | None = None,
) -> Survey:
    """`unit` of bare sizes, `order` of dates, `answers` on states: as a person said; what is not said, columns tell."""
    fields = [(rank, BY_NAME[name]) for rank, name in enumerate(columns) if name]
    dates = {rank: DateTally() for rank, one in fields if one.is_date}
    sizes = {rank: SizeTally(one.name == "quota_mb") for rank, one in fields if one.is_size}
    names = {rank: NameTally() for rank, one in fields if one.is_name}
    states: dict[int, Counter[str]] = {rank: Counter() for rank, one in fields if one.name == "state"}
    known: dict[int, set[str]] = {rank: set() for rank in sizes}
    guessed: dict[str, int] = {}
    for row in rows:
        if row.remark:
            guessed[row.remark] = guessed.get(row.remark, 0) + 1
        cells = row.cells
        for rank, date_tally in dates.items():
            if rank < len(cells) and cells[rank]:
                date_tally.add(cells[rank])
        for rank, said in states.items():
            if rank < len(cells) and isinstance(cell := cells[rank], str) and (cell in said or len(said) < KNOWN):
                said[cell] += 1
        for rank, name_tally in names.items():
            if rank < len(cells) and isinstance(cell := cells[rank], str) and cell:
                name_tally.add(cell)
        for rank, size_tally in sizes.items():
            if rank < len(cells) and isinstance(cell := cells[rank], str) and cell and cell not in known[rank]:
                size_tally.add(cell)
                if len(known[rank]) < KNOWN:
                    known[rank].add(cell)
    notes = [f"{remark} : {how_many(count, 'ligne')}." for remark, count in guessed.items()]
    return Survey(
        {rank: _answered(tally.verdict(), order) for rank, tally in dates.items()},
        _sized(headers, sizes, unit),
        {rank: tally.verdict() for rank, tally in names.items()},
        _unknown_states(headers, states, answers or {}),
        answers or {},
        notes,
    )


def _unknown_states(
    headers: list[str], states: dict[int, Counter[str]], answers: dict[str, str]
) -> list[tuple[str, str, int]]:
    """The words that mean nothing known, the most frequent first."""
    found: dict[str, tuple[str, str, int]] = {}
    for rank, said in states.items():
        for text, count in said.items():
            key = state_key(text)
            if (
                key in answers
                or is_nothing(text)
                or names_patient(text)
                or read_state(text, headers[rank]).value != Said.UNCLEAR
            ):
                continue
            _, first, before = found.get(key, ("", text, 0))
            found[key] = (key, first[:LONGEST], count + before)
    return sorted(found.values(), key=lambda one: -one[2])[:ASKED]


def _answered(column: DateColumn, order: str) -> DateColumn:
    return DateColumn(order, f"Dates lues {ORDERS[order]}, à votre demande.") if order else column


def _sized(headers: list[str], tallies: dict[int, SizeTally], unit: str) -> dict[int, SizeColumn]:
    judged = {rank: tally.verdict() for rank, tally in tallies.items()}
    told = {rank: unit_of(headers[rank]) or unit for rank in tallies}
    asked = [rank for rank in tallies if not told[rank]]
    together = judged_together([judged[rank] for rank in asked], [tallies[rank] for rank in asked])
    judged |= dict(zip(asked, together, strict=True))
    return {rank: SizeColumn(told[rank], column.decimal) if told[rank] else column for rank, column in judged.items()}
