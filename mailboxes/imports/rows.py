"""What every kind of list gives: numbered rows of cells, and a sentence where the file as a whole cannot be read."""

import re
from datetime import date, datetime
from typing import NamedTuple

from mailboxes.rules import Refused

Cell = str | datetime | date
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00a0\u200b-\u200f\u2028-\u202f\ufeff]+")  # what is typed by accident


class Unreadable(Refused):
    """No list can be made of this file."""


class Row(NamedTuple):
    number: int  # of the line in the file, or in the sheet
    cells: list[Cell]
    fault: str = ""  # why its cells are not to be trusted


def clean(text: str) -> str:
    return (text if text.isprintable() else UNSEEN.sub(" ", text)).strip()
