"""Many rows at once: some hundreds in one transaction, and one bad row stops nothing."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.text import capfirst

from directory.away import database_is_away
from mailboxes.rules import Refused

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Model)
BATCH = 500  # rows locked and written together


@dataclass
class Tally:
    """What a sweep did: how many rows, and the sentence for each that was refused."""

    done: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.done += other.done
        self.refused |= other.refused
        return self


def in_batches(rows: QuerySet, act: Callable[[list[int]], Tally]) -> Tally:
    """`act` on some primary keys at a time; a batch that fails is taken up row by row.

    The keys are those of the start: an act takes a row out of the very set that is being walked.
    """
    return keys_in_batches(list(rows.order_by("pk").values_list("pk", flat=True)), act, rows.model)


def one_at_a_time(rows: QuerySet, act: Callable[[list[int]], Tally]) -> Tally:
    """`act` on each primary key, in a transaction of its own."""
    tally = Tally()
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        tally += alone(partial(act, [pk]), f"{_titled(rows.model)} n° {pk}")
    return tally


def keys_in_batches(pks: Sequence[int], act: Callable[[list[int]], Tally], model: type[Model]) -> Tally:
    tally = Tally()
    for batch in _cut(pks):
        try:
            tally += act(batch)
        except Exception:  # whatever it is: one bad row must not hold up the others
            logger.exception("Un lot a échoué : repris ligne par ligne")
            for pk in batch:
                tally += alone(partial(act, [pk]), f"{_titled(model)} n° {pk}")
    return tally


def alone(act: Callable[[], Tally], name: str) -> Tally:
    """What came of one row: whatever it raises is told under its name, and holds up no other."""
    try:
        return act()
    except Refused as refused:
        return Tally(refused={name: refused.messages[0]})
    except Exception as error:
        if database_is_away(error):  # no fault of the row: whoever asked asks again
            raise
        logger.exception("%s a échoué", name)
        return Tally(refused={name: str(error)})


def sift(rows: Iterable[Row], check: Callable[[Row], None]) -> tuple[list[Row], Tally]:
    """The rows that `check` lets through, counted as done; and the sentence for each of the others."""
    ready, tally = [], Tally()
    for row in rows:
        try:
            check(row)
            ready.append(row)
        except Refused as refused:
            tally.refused[str(row)] = refused.messages[0]
    tally.done = len(ready)
    return ready, tally


def _titled(model: type[Model]) -> str:
    return capfirst(str(model._meta.verbose_name))


def _cut(pks: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), BATCH):
        yield list(pks[start : start + BATCH])
