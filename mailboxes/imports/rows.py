"""What every kind of list gives: numbered rows of cells, and a sentence where the file as a whole cannot be read."""

from datetime import date, datetime
from typing import NamedTuple

from directory.readers.texts import UNSEEN, tidy
from directory.typography import cut
from mailboxes.rules import Refused

Cell = str | datetime | date


class Unreadable(Refused):
    """A file of which no list can be made."""

    def __init__(self, sentence: str):
        super().__init__(sentence, "unreadable")


class Row(NamedTuple):
    number: int  # of the line in the file, or in the sheet
    cells: list[Cell]
    fault: str = ""  # why its cells are not to be trusted
    remark: str = ""  # how its text was read, where that was a guess


def clean(text: str) -> str:
    """An address keeps what nobody sees: its reader takes it out, and says so. A line end may part two people."""
    if text.isprintable() or ("@" in text and UNSEEN.search(text)):
        return text.strip()
    return "\n".join(filter(None, map(tidy, text.splitlines())))


def headers_of(row: Row) -> list[str]:
    """The headers, without the empty columns that spreadsheets leave at the end."""
    found = [cut(tidy(str(cell)), 100) for cell in row.cells]
    while found and not found[-1]:
        found.pop()
    return found
