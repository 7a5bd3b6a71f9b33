"""A list as a text file: any usual encoding, separator and line end, read as a stream; a bad line harms no other."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from types import TracebackType

from mailboxes.imports.csv_shape import (
    FOOTER,
    RULE,
    SEPARATORS,
    TALLEST,
    blanks_of,
    cut_at,
    cuts_of,
    holds_addresses_alone,
    in_plain_quotes,
    is_a_form,
    parsed,
    quote_of,
    shape,
    unwrapped,
    without_its_quotes,
)
from mailboxes.imports.encodings import Encoding, decoded, legacy_of, mended, of_head
from mailboxes.imports.rows import Row, Unreadable, clean

LONGEST = 64 * 1024  # characters of one line
HEAD = 64 * 1024
SHAPED = 200  # first lines that tell the separator
RULED = frozenset("+-=_|;: ")  # how such a line begins: most need no closer look
END = "\x1e"  # a line of ours after the last: a quote still open swallows it


class Guessed(str):
    """A line whose characters had to be guessed; `remark` says how."""

    remark: str


class CsvFile:
    sheets: list[str] = []
    sheet = ""
    also: list[str] = []

    def __init__(self, path: Path):
        self.path = path
        self.read, self.total = 0, path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
        self._encoding = of_head(head)
        if not self._encoding and b"\0" in head:
            raise Unreadable("Ce fichier n’est pas du texte : enregistrez la liste en CSV ou en classeur .xlsx.")
        self._legacy = Encoding("cp1252") if self._encoding else legacy_of(self._not_in_utf_8())
        self._is_wrapped, self._is_pasted, self._shows_all, self._quote = False, False, False, ""
        self._blanks: re.Pattern | None = None
        self._cuts: list[int] = []  # where the columns begin, of a table that a terminal showed
        first = [line or "" for line in islice(self._lines(), SHAPED)]
        self._quote = quote_of(first)
        first = [in_plain_quotes(line, self._quote) for line in first]
        self.separator, self.width = shape(first)
        self._is_pasted = holds_addresses_alone(first, self.separator)
        if self.width <= 2 and (inner := unwrapped(first)):
            self._is_wrapped = True
            self.separator, self.width = shape(inner)
        if self.width == 1 and (cuts := cuts_of(self._shown())):
            self._cuts = cuts
            self.separator, self.width = "\t", len(cuts)
        elif self.width == 1 and (blanks := blanks_of(first)):
            self._blanks = blanks
            self.separator, self.width = shape([self._meant(line) for line in first])
        elif self.width == 1 and is_a_form(first):
            raise Unreadable(
                "Ce fichier donne une valeur par ligne, et non une BAL par ligne : demandez à l’opérateur un CSV "
                "(sous PowerShell, Export-Csv et non Format-List)."
            )

    def _shown(self) -> list[str]:
        """The first lines with what is drawn below their headers."""
        self._shows_all = True
        lines = [line or "" for line in islice(self._lines(), SHAPED)]
        self._shows_all = False
        return lines

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        """Each reading closes its own stream."""

    def rows(self) -> Iterator[Row]:
        self.read = pasted = 0
        waiting: deque[tuple[int, str | None]] = deque()  # lines looked at for a quote that closes, and given back
        numbered = enumerate(self._lines(), 1)
        while first := _take(waiting, numbered):
            record = [first]
            while _is_open(record) and len(record) < TALLEST and (more := _take(waiting, numbered)):
                record.append(more)
            rows = self._parsed(record)
            if len(record) > 1 and rows is None:
                waiting.extendleft(reversed(record[1:]))
                rows = self._parsed(record[:1])
            if rows and self._is_pasted:
                held = [(cell, row) for row in rows for cell in row.cells if cell]
                rows = [Row(pasted + rank, [cell], row.fault, row.remark) for rank, (cell, row) in enumerate(held, 1)]
                pasted += len(rows)
            yield from rows or [Row(first[0], [clean(first[1] or "")], "guillemet ouvert et jamais refermé.")]

    def _parsed(self, record: list[tuple[int, str | None]]) -> list[Row] | None:
        """Mostly one; several when a quote in the midst of a value made two lines look like one record.

        None where quotes that do not match have joined or cut what they should not.
        """
        number, line = record[0]
        if line is None:
            return [Row(number, [], f"ligne de plus de {LONGEST} caractères.")]
        if any(text is None for _, text in record):
            return None
        if len(record) == 1 and '"' not in line:  # most lines: the parser would give the same
            return [Row(number, [clean(cell) for cell in line.split(self.separator)], "", getattr(line, "remark", ""))]
        remark = next((text.remark for _, text in record if isinstance(text, Guessed)), "")
        try:
            *found, last = parsed([*(f"{text}\n" for _, text in record), END], self.separator)
        except csv.Error:
            return None
        if last != [END]:
            return None
        is_suspect = len(record) > 1 or (_is_open(record) and _opens_a_value(line, self.separator))
        if is_suspect and any(cells and len(cells) != self.width for cells in found):
            return None
        return [Row(number + rank, [clean(cell) for cell in cells], "", remark) for rank, cells in enumerate(found)]

    def _lines(self) -> Iterator[str | None]:
        """Without their end; None for one that is too long."""
        # Latin-1 keeps each byte as a character: the stream splits lines, `_decoded` then looks at each alone.
        encoding, width = (self._encoding, 4 if self._encoding == "utf-32" else 2) if self._encoding else ("latin-1", 1)
        with self.path.open("rb") as file, TextIOWrapper(file, encoding, errors="replace") as text:
            while line := text.readline(LONGEST):
                is_whole = line.endswith("\n") or len(line) < LONGEST
                self.read += len(line) * width
                while not is_whole:
                    rest = text.readline(LONGEST)
                    self.read += len(rest) * width
                    is_whole = rest.endswith("\n") or len(rest) < LONGEST
                    line = ""
                yield self._meant(line if self._encoding else self._decoded(line)) if line else None

    def _not_in_utf_8(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while line := file.readline(LONGEST):
                if not line.isascii() and not _is_utf_8(line):
                    yield line

    def _decoded(self, line: str) -> str:
        """UTF-8 if it can be, else as the rest of the file, line by line: some consoles mix the two."""
        if line.isascii():
            return line
        raw = line.encode("latin-1")
        try:
            text = raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8")
        except UnicodeDecodeError:
            return _guessed(*decoded(raw, self._legacy))
        once = mended(text)
        return text if once == text else _guessed(once, "Accents encodés deux fois, lus comme une seule")

    def _meant(self, line: str) -> str:
        """Without the quotes that a program put around whole lines; an escaped quote as CSV has it."""
        bare = line.removesuffix("\n").removeprefix("\ufeff")
        remark = getattr(line, "remark", "")
        if bare[:1] in RULED and RULE.fullmatch(bare):
            return bare if self._shows_all else ""
        if bare[:1] == "(" and FOOTER.fullmatch(bare):
            return ""
        if self._cuts:
            bare = cut_at(bare, self._cuts)
        if self._blanks:
            bare = SEPARATORS[0].join(self._blanks.split(bare.strip()))
        if self._quote:
            bare = in_plain_quotes(bare, self._quote)
        if self._is_wrapped:
            bare = without_its_quotes(bare)
        elif '\\"' in bare and hasattr(self, "separator") and _opens_a_value(bare, self.separator):
            doubled = bare.replace('\\"', '""')
            bare = doubled if len(next(parsed([doubled], self.separator))) == self.width else bare
        return _guessed(bare, remark) if remark else bare


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guessed(text: str, remark: str) -> str:
    if not remark:
        return text
    line = Guessed(text)
    line.remark = remark
    return line


def _take(waiting: deque, numbered: Iterator) -> tuple[int, str | None] | None:
    return waiting.popleft() if waiting else next(numbered, None)


def _is_open(record: list[tuple[int, str | None]]) -> bool:
    """A quote is still to be closed; a line that is too long ends the search."""
    return record[-1][1] is not None and sum((text or "").count('"') for _, text in record) % 2 == 1


def _opens_a_value(line: str, separator: str) -> bool:
    """A quote in the midst of a value is a character like any other."""
    return line.startswith('"') or f'{separator}"' in line.replace(f"{separator} ", separator)
