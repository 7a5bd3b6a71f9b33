"""Lists as text files that a French spreadsheet opens by double-click."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from directory.controls import without_controls

BOM = "\ufeff"  # without it Excel takes UTF-8 for cp1252
BATCH = 2000  # rows read at once, of a list without end
# What a spreadsheet would run, full-width too, even after a space; and what it drops before it looks.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
DROPPED = ("\t", "\r", "\n")


def as_csv(header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerows([harmless(value) for value in row] for row in [header, *rows])
    return (BOM + text.getvalue()).encode()


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Iterable[tuple[str, Callable]], rows: Iterable, separator: str = ";") -> Iterator[str]:
    """Line by line, whatever their number; `columns` pairs a label with the function that gives a row's value."""
    columns = list(columns)
    write = csv.writer(_Echo(), delimiter=separator).writerow
    yield BOM + write([harmless(label) for label, _ in columns])
    for row in rows:
        yield write([harmless(str(cell)) if (cell := value(row)) is not None else "" for _, value in columns])


def harmless(value):
    """A cell that a spreadsheet shows, and neither runs nor chokes on."""
    if not isinstance(value, str):
        return value
    text = without_controls(value)
    return f"'{text}" if text.startswith(DROPPED) or text.lstrip().startswith(FORMULA) else text
