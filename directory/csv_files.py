"""Lists as text files that a French spreadsheet opens by double-click."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

BOM = "\ufeff"  # without it Excel takes UTF-8 for cp1252
BATCH = 2000  # rows read at once, of a list without end
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def as_csv(header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerows([header, *([harmless(value) for value in row] for row in rows)])
    return (BOM + text.getvalue()).encode()


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Iterable[tuple[str, Callable]], rows: Iterable, separator: str = ";") -> Iterator[str]:
    """Line by line, whatever their number; `columns` pairs a label with the function that gives a row's value."""
    columns = list(columns)
    write = csv.writer(_Echo(), delimiter=separator).writerow
    yield BOM + write([label for label, _ in columns])
    for row in rows:
        yield write([harmless(str(cell)) if (cell := value(row)) is not None else "" for _, value in columns])


def harmless(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
