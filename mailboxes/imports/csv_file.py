"""A list as a text file: any usual encoding, separator and line end, read as a stream; a bad line harms no other."""

import csv
from collections import Counter, deque
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from types import TracebackType

from mailboxes.imports.rows import Row, Unreadable, clean

LONGEST = 64 * 1024  # characters of one line
TALLEST = 20  # lines of one record, where a quoted value holds line ends
HEAD = 64 * 1024
SEPARATORS = ";\t,|"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
END = "\x1e"  # a line of ours after the last: a quote still open swallows it


class CsvFile:
    def __init__(self, path: Path):
        self.path = path
        self.read, self.total = 0, path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
        self._is_utf_16 = head.startswith(UTF_16)
        if not self._is_utf_16 and b"\0" in head:
            raise Unreadable("Ce fichier n’est pas du texte : enregistrez la liste en CSV ou en classeur .xlsx.")
        self.separator, self.width = self._shape()

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        """Each reading closes its own stream."""

    def rows(self) -> Iterator[Row]:
        self.read = 0
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
        try:
            *found, last = csv.reader([*(f"{text}\n" for _, text in record), END], delimiter=self.separator)
        except csv.Error:
            return None
        if last != [END]:
            return None
        is_suspect = len(record) > 1 or (_is_open(record) and _opens_a_value(line, self.separator))
        if is_suspect and any(cells and len(cells) != self.width for cells in found):
            return None
        return [Row(number + rank, [clean(cell) for cell in cells]) for rank, cells in enumerate(found)]

    def _lines(self) -> Iterator[str | None]:
        """Without their end; None for one that is too long."""
        # Latin-1 keeps each byte as a character: the stream splits lines, `_decoded` then looks at each alone.
        encoding, width = ("utf-16", 2) if self._is_utf_16 else ("latin-1", 1)
        with self.path.open("rb") as file, TextIOWrapper(file, encoding, errors="replace") as text:
            while line := text.readline(LONGEST):
                is_whole = line.endswith("\n") or len(line) < LONGEST
                self.read += len(line) * width
                while not is_whole:
                    rest = text.readline(LONGEST)
                    self.read += len(rest) * width
                    is_whole = rest.endswith("\n") or len(rest) < LONGEST
                    line = ""
                if not line:
                    yield None
                else:
                    yield (line if self._is_utf_16 else _decoded(line)).removesuffix("\n")

    def _shape(self) -> tuple[str, int]:
        """The separator that the first lines have most of, and how many values they mostly hold."""
        first = [line or "" for line in islice(self._lines(), 10)]
        separator = max(SEPARATORS, key=lambda mark: sum(line.count(mark) for line in first))
        widths = Counter(len(next(csv.reader([line], delimiter=separator))) for line in first if line)
        return separator, widths.most_common(1)[0][0] if widths else 1


def _decoded(line: str) -> str:
    """UTF-8 if it can be, else cp1252, line by line: some consoles mix the two."""
    raw = line.encode("latin-1")
    try:
        return raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _take(waiting: deque, numbered: Iterator) -> tuple[int, str | None] | None:
    return waiting.popleft() if waiting else next(numbered, None)


def _is_open(record: list[tuple[int, str | None]]) -> bool:
    """A quote is still to be closed; a line that is too long ends the search."""
    return record[-1][1] is not None and sum((text or "").count('"') for _, text in record) % 2 == 1


def _opens_a_value(line: str, separator: str) -> bool:
    """A quote in the midst of a value is a character like any other."""
    return line.startswith('"') or f'{separator}"' in line
