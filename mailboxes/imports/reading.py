"""A row of a list, as understood: what each column says, what of it is doubtful, what cannot be read.

Only a row without an address, or whose cells slipped, is good for nothing; any other value that cannot be read is left
aside alone, and told.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone

from directory.readers import address, dates, identifiers, names, sizes, texts, words
from directory.readers.texts import Read
from directory.readers.words import Said
from directory.typography import grouped, quoted
from mailboxes.imports.columns import as_text
from mailboxes.imports.rows import Cell, Row, headers_of
from mailboxes.imports.sorts import BY_NAME, MAY_BE_LATER, WAITED_FOR, YES_OR_NO, ListSort, labels_of
from mailboxes.imports.survey import Survey
from mailboxes.models import Affiliation, Bal, Delegataire, Person, Structure
from mailboxes.models.fields import length_of

LENGTHS = {
    "structure": length_of(Structure, "name"),
    "service": length_of(Bal, "service"),
    "description": length_of(Bal, "description"),
    "local": 64,
    "domain": 190,
    "family": length_of(Person, "family_name"),
    "birth": length_of(Person, "family_name"),
    "profession": length_of(Person, "profession"),
    "function": length_of(Affiliation, "function"),
    "under": 200,
    "reason": length_of(Delegataire, "reason"),
    "given": length_of(Person, "given_name"),
}
WITHOUT_TITULAIRE = {kind.value for kind in Bal.Kind if kind != Bal.Kind.NOMINATIVE}
PLAIN: dict[str, Callable[[str], Read]] = {
    "address": address.read_address,
    "email": address.read_address,
    "kind": words.read_kind,
    "role": words.read_role,
    "right": words.read_right,
    "rpps": identifiers.READERS["RPPS"],
    "finess": identifiers.READERS["FINESS"],
    "siret": identifiers.READERS["SIRET"],
    "liste_rouge": words.read_yes_no,
    "is_shared": words.read_yes_no,
    **YES_OR_NO,
}
SEVERAL = re.compile(r"[;|&\n]+|\s/\s|\s(?:et|and)\s")  # what stands between the people of one cell
SEVERAL_NUMBERS = re.compile(r"[;|,\n/]+")
TOO_FULL = 10  # times the space granted
KNOWN = 2048  # cells of a column remembered: the same words, sizes and days stand on many lines
ASIDE = "ce champ est laissé de côté"


@dataclass(slots=True)
class Line:
    """A row as understood."""

    number: int
    cells: list[Cell]  # as the file has them, to be given back with what is rejected
    facts: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    aside: set[str] = field(default_factory=set)  # fields that say something which cannot be read
    others: list["Line"] = field(default_factory=list)  # the next rows, which name other holders of this same BAL
    of_account: str | None = None  # where only its account is said to be suspended: the remark that says so

    @property
    def address(self) -> str:
        return self.facts.get("address", "")

    @property
    def holder(self) -> object:
        """What the line gives to name who holds the BAL."""
        return self.facts.get("rpps") or self.facts.get("holder")


class LineReader:
    """`mended`: by number of row, the cells that a person wrote in place of the file's."""

    def __init__(
        self,
        headers: list[str],
        columns: list[str],
        survey: Survey | None = None,
        *,
        as_of: datetime | None = None,
        mended: dict[str, list[str]] | None = None,
        sort: str = ListSort.BAL,
    ):
        self.sort, labels = sort, labels_of(sort)
        self.headers, self.first = [*headers], [*headers[:1]]
        self.width, self.as_of, self.now = len(headers), as_of, timezone.now()
        self.survey, self.mended = survey or Survey(), mended or {}
        self.fields = [
            (rank, name, labels[name], self._remembering_reader(rank, name, headers[rank]))
            for rank, name in enumerate(columns)
            if name
        ]
        ranks = {name: rank for rank, name in enumerate(columns)}
        self.kind_rank = ranks.get("kind")
        self.asks_of_account = "state" in ranks and words.asks_of_account(headers[ranks["state"]])

    def repeats_headers(self, row: Row) -> bool:
        """Does this row say the headers again, as each page of a printed list does?"""
        said = [texts.tidy(cell) for cell in row.cells[:1] if isinstance(cell, str)]
        return said == self.first and headers_of(row) == self.headers

    def line(self, row: Row) -> Line:
        cells: list[Cell] = row.cells
        if instead := self.mended.get(str(row.number)):
            row, cells = Row(row.number, [*instead]), [*instead]
        line = Line(row.number, cells)
        if row.fault:
            line.faults.append(row.fault)
        elif len(cells) > self.width and any(cells[self.width :]):
            line.faults.append(f"{len(cells)} valeurs pour {self.width} colonnes : un séparateur est-il de trop ?")
        if row.remark:
            line.remarks.append(f"{row.remark}.")
        for rank, name, label, read in self.fields if not line.faults else ():
            cell = cells[rank] if rank < len(cells) else ""
            if not (isinstance(cell, str) and texts.is_nothing(cell)):
                self._read(line, name, label, read, cell)
        if not line.faults:
            self._join(line)
            _weigh(line)
            if self.asks_of_account and line.facts.get("state") == Said.SUSPENDED:
                self._look_at_account(line)
        return line

    def _look_at_account(self, line: Line) -> None:
        """Nobody logs in under the name of a shared mailbox: its account is closed, and it serves. Where the list does
        not tell which it is, the register may."""
        label = labels_of(self.sort)["state"]
        remark = next((one for one in line.remarks if one.startswith(f"{label} :")), "")
        kind, rank = line.facts.get("kind"), self.kind_rank
        cell = line.cells[rank] if rank is not None and rank < len(line.cells) else ""
        if line.facts.get("is_shared") or kind in WITHOUT_TITULAIRE or words.is_of_nobody(as_text(cell)):
            line.facts["state"] = Said.OPEN
            line.remarks = [one for one in line.remarks if one != remark]
        elif kind is None:
            line.of_account = remark

    def _read(self, line: Line, name: str, label: str, read: Callable[[Cell], Read], cell: Cell) -> None:
        value, remark, problem = read(cell)
        if problem:
            if name == "address":
                line.faults.append(f"{label} : {problem}")
            elif name in WAITED_FOR.get(self.sort, ()):
                line.faults.append(f"{label} : {problem.rstrip('.')}. Corrigez la cellule, ou videz-la.")
            else:
                line.aside.add(name)
                line.remarks.append(f"{label} : {problem.rstrip('.')} ; {ASIDE}.")
            return
        if isinstance(value, sizes.Size):
            self._spread(line, name, value)
        elif value is not None and value != "":
            is_later = name in line.facts and BY_NAME[name].is_several
            line.facts[name] = max(value, line.facts[name]) if is_later else value
        if remark:
            line.remarks.append(f"{label} : {remark}.")

    @staticmethod
    def _spread(line: Line, name: str, size: sizes.Size) -> None:
        """« 1,2 Go sur 5 » says what is used and what is granted, whichever column it stands in."""
        if size.of is None:
            line.facts[name] = size.value
            return
        line.facts.setdefault("used_mb", size.value)
        line.facts.setdefault("quota_mb", size.of)

    def _join(self, line: Line) -> None:
        local, domain = line.facts.pop("local", ""), line.facts.pop("domain", "")
        birth, given = line.facts.pop("birth", ""), line.facts.pop("given", "")
        family = line.facts.pop("family", "") or birth
        if family and given:
            named = names.Name(names.read_part(family), names.read_part(given))
            line.facts["holder"] = [named] if self.sort == ListSort.ACCESSES else named
        if not line.address and local and domain:
            value, remark, problem = address.read_address(local if "@" in local else f"{local}@{domain.lstrip('@')}")
            if problem:
                line.faults.append(f"Adresse : {problem}")
                return
            line.facts["address"] = value
            if remark:
                line.remarks.append(f"Adresse : {remark}.")
        if not line.address and self.sort != ListSort.PEOPLE:
            line.faults.append("Adresse : absente.")

    # --- How each column is read --------------------------------------------------------------------------------------
    def _remembering_reader(self, rank: int, name: str, header: str) -> Callable[[Cell], Read]:
        read = self._reader(rank, name, header)
        return lru_cache(KNOWN)(read if name == "address" else _without_patients(read))

    def _reader(self, rank: int, name: str, header: str) -> Callable[[Cell], Read]:
        if BY_NAME[name].is_date:
            return self._date_reader(self.survey.dates.get(rank, dates.FRENCH), name in MAY_BE_LATER)
        if BY_NAME[name].is_size:
            return _size_reader(name, self.survey.sizes.get(rank, sizes.MEGABYTES))
        if BY_NAME[name].is_name:
            column = self.survey.names.get(rank, names.NO_ORDER)
            return self._of_each(lambda cell: names.read_person(as_text(cell), column), SEVERAL)
        if name == "state":
            return lambda cell: words.read_state(as_text(cell), header, self.survey.answers)
        if name == "rpps":
            return self._of_each(lambda cell: _read_rpps(as_text(cell)), SEVERAL_NUMBERS)
        if read := PLAIN.get(name):
            return lambda cell: read(as_text(cell))
        return lambda cell: texts.read_text(as_text(cell), LENGTHS[name])

    def _of_each(self, read: Callable[[Cell], Read], between: re.Pattern) -> Callable[[Cell], Read]:
        """The list of all the people named, where one cell of a list of accesses may name several."""

        def read_each(cell: Cell) -> Read:
            parts = [part for part in between.split(as_text(cell)) if part.strip()]
            found = [read(part) for part in parts]
            problem = " ".join(one.problem for one in found if one.problem)
            remark = ", ".join(one.remark for one in found if one.remark)
            return Read([one.value for one in found if one.value], remark, problem)

        return read_each if self.sort == ListSort.ACCESSES else read

    def _date_reader(self, column: dates.DateColumn, may_be_later: bool) -> Callable[[Cell], Read]:
        def read(cell: Cell) -> Read:
            found = dates.read_date(cell, column, self.as_of)
            if found.value and found.value > self.now and not may_be_later:
                return Read(problem=f"{quoted(as_text(cell))} est dans le futur.")
            return found

        return read


def _weigh(line: Line) -> None:
    """Set both sizes aside where one is most likely told in another unit."""
    used, quota = line.facts.get("used_mb"), line.facts.get("quota_mb")
    if used and quota and used > TOO_FULL * quota:
        line.remarks.append(
            f"Espace : {grouped(used)} Mo occupés pour {grouped(quota)} accordés, l’unité de l’un est-elle fausse ? "
            "Tout est laissé de côté."
        )
        del line.facts["used_mb"], line.facts["quota_mb"]


def _without_patients(read: Callable[[Cell], Read]) -> Callable[[Cell], Read]:
    """The row without patients: nothing of them is taken, nor named in a remark, whatever the column; that of the
    addresses sees to it."""

    def of_nobody(cell: Cell) -> Read:
        is_patient = isinstance(cell, str) and address.names_patient(cell)
        return Read(problem=address.OF_PATIENT) if is_patient else read(cell)

    return of_nobody


def _read_rpps(text: str) -> Read:
    """« en cours », « sans », 0: the person has none."""
    if re.search("[1-9]", text) or texts.is_nothing(text):
        return PLAIN["rpps"](text)
    return Read(None, f"{quoted(text)} lu « aucun numéro »")


def _size_reader(name: str, column: sizes.SizeColumn) -> Callable[[Cell], Read]:
    read_it = sizes.read_quota if name == "quota_mb" else sizes.read_size

    def read(cell: Cell) -> Read:
        size = read_it(as_text(cell), column)
        value = None if size.value is None and size.of is None else size
        return Read(value, size.remark, size.problem)

    return read
