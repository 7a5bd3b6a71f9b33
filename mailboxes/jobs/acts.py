"""What a sweep does with its rows: all at once, in batches, or one after the other."""

from collections.abc import Callable
from functools import partial

from django.db.models import Model, QuerySet

from mailboxes.actions import Tally, alone, keep_gaps, keep_measures, move_each, remind_idle_each, step_each
from mailboxes.jobs.due import days_of
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import SYSTEM, Structure
from mailboxes.notices.telling import tell


def one_by_one(action: Callable, rows: QuerySet) -> Tally:
    """`action(row, by=SYSTEM)` for each, one transaction apiece; a refusal or a failure is counted and passed over."""

    def act(row: Model) -> Tally:
        action(row, by=SYSTEM)
        return Tally(done=1)

    tally = Tally()
    for row in list(rows):
        tally += alone(partial(act, row), str(row))
    return tally


def tell_anew(entries: QuerySet) -> Tally:
    pks = list(entries.order_by("at").values_list("pk", flat=True))
    told = tell(pks)
    return Tally(done=told, refused={f"ligne {pk}": "non transmise" for pk in pks[: len(pks) - told]})


def measure(structures: QuerySet[Structure]) -> Tally:
    """Each is counted once."""
    keep_gaps(structures)
    return keep_measures(structures)


def moving(verb: Verb) -> Callable[[QuerySet], Tally]:
    return together(move_each, verb=verb)


def stepping(act: Act) -> Callable[[QuerySet], Tally]:
    return together(step_each, act=act)


def together(action: Callable[..., Tally], **facts) -> Callable[[QuerySet], Tally]:
    """An action that takes all the rows, in batches of its own."""
    return partial(action, by=SYSTEM, **facts)


def each(action: Callable) -> Callable[[QuerySet], Tally]:
    return partial(one_by_one, action)


def reminding(rank: int) -> Callable[[QuerySet], Tally]:
    return lambda rows: together(remind_idle_each, days=days_of(rank) or 0)(rows)
