"""What came of an act on many rows, as one reads it: how many it was done for, and for how many not, and why."""

from collections.abc import Iterable
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest

from directory.typography import grouped, quoted

NAMED = 20  # rows of one reason that are named; the others are counted
SAID = 5  # reasons in one message; the page of a long act has them all
SAID_NAMES = 3


class TallyReason(NamedTuple):
    """Why some rows were refused: `number` of them, the first `names`."""

    why: str
    number: int
    names: list[str]

    @property
    def others(self) -> int:
        return self.number - len(self.names)


def reasons_of(rows: Iterable[tuple[str, str]]) -> list[TallyReason]:
    """Reasons from (why, name) of each refused row, the commonest reason first."""
    by_reason: dict[str, list[str]] = {}
    for why, name in rows:
        by_reason.setdefault(why, []).append(name)
    found = [TallyReason(why, len(names), names[:NAMED]) for why, names in by_reason.items()]
    return sorted(found, key=lambda reason: -reason.number)


def say_tally(
    request: HttpRequest, label: str, done: int, refused: Iterable[tuple[str, str]], nouns: tuple[str, str]
) -> None:
    """Tell it on the next page. `refused`: (why, name) of each row; `nouns`: of one row, and of several."""
    if done:
        messages.success(request, f"{quoted(label)} : fait pour {grouped(done)} {nouns[done > 1]}.")
    for reason in reasons_of(refused)[:SAID]:
        named = ", ".join(reason.names[:SAID_NAMES]) + (" …" if reason.number > SAID_NAMES else "")
        what = f"{grouped(reason.number)} {nouns[reason.number > 1]} ({named})"
        messages.warning(request, f"Refusé pour {what} : {reason.why}")
