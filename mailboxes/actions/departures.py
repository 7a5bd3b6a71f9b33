"""A departure as a whole: who answers for what, whose accesses go on, what leaves the annuaire, and the day itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.accesses import request_access
from mailboxes.actions.holders import hand_over
from mailboxes.actions.movements import open_movement, plan_movement
from mailboxes.actions.stays import ask_handover, hold_bals_of, is_handover_asked_today, record_departure
from mailboxes.actions.wayout import request_depublication
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Bal, Delegataire, JournalEntry, Movement, Person, standing_of


@dataclass
class Departure:
    """What is decided of one."""

    left_on: date
    note: str = ""
    successors: dict[Bal, Person] = field(default_factory=dict)  # of the shared BAL that hang on the person
    takers: dict[Delegataire, Person] = field(default_factory=dict)  # of the accesses that they lent
    told_how: str = ""  # how the takers gave their word
    withdrawn: list[Bal] = field(default_factory=list)  # nominative: to leave the annuaire


@transaction.atomic
def depart(stay: Affiliation, departure: Departure, *, by) -> Movement:
    """All of it or nothing. Where a BAL still hangs on the person, they are asked to hand it over; the day waits."""
    rules.check_depart(stay, by=by)
    hold_bals_of(stay)
    movement = _file_of(stay, departure.left_on, by=by)
    for bal, person in departure.successors.items():
        with _saying(bal):
            hand_over(bal, person, by=by)
    for delegation, taker in departure.takers.items():
        with _saying(delegation.bal):
            _go_on(delegation, taker, departure.told_how, by=by)
    if standing_of(stay).blocking:
        if not is_handover_asked_today(stay):
            ask_handover(stay, by=by)
    else:
        record_departure(stay, departure.left_on, by=by, note=departure.note)
    for bal in departure.withdrawn:
        with _saying(bal):
            request_depublication(bal, by=by, note=departure.note)
    return movement


def foresee(act: Callable[[], object], *, by) -> list[JournalEntry]:
    """The lines that the act would write, each with its notices: it is done, read, and undone whole."""
    with transaction.atomic():
        last = JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        act()
        new = JournalEntry.objects.filter(pk__gt=last, by=by).select_related("bal", "person", "by", "signatory")
        lines = list(new.prefetch_related("notices").order_by("pk"))
        transaction.set_rollback(True)
    return lines


def foresee_departure(stay: Affiliation, departure: Departure, *, by) -> tuple[list[JournalEntry], list[JournalEntry]]:
    """What is done at once, and what only on the day."""
    # Each on a copy: who is recorded, then undone, is nobody again.
    now = foresee(lambda: depart(stay, deepcopy(departure), by=by), by=by)
    today = timezone.localdate()
    if departure.left_on <= today or not any(line.what == Act.RECORD_DEPARTURE for line in now):
        return now, []
    done = {_same(line) for line in now}
    whole = foresee(lambda: depart(stay, replace(deepcopy(departure), left_on=today), by=by), by=by)
    return now, [line for line in whole if line.bal_id and _same(line) not in done]


def _same(line: JournalEntry) -> tuple:
    return line.what, line.bal_id, line.person_id, line.before, line.after


def _file_of(stay: Affiliation, left_on: date, *, by) -> Movement:
    movement = stay.movements.departures().first()
    if movement is None:
        return open_movement(stay, Movement.Kind.DEPARTURE, by=by, planned_on=left_on)
    return plan_movement(movement, left_on, by=by)


def _go_on(delegation: Delegataire, taker: Person, told_how: str, *, by) -> None:
    """The same access, under another cotitulaire, on their word; what it was ends with who lent it."""
    facts: dict = {name: getattr(delegation, name) for name in ("can_read", "can_send", "ends_on", "reason")}
    today = timezone.localdate()
    request_access(delegation.bal, delegation.person, under=taker, told_on=today, told_how=told_how, by=by, **facts)


@contextmanager
def _saying(bal: Bal) -> Iterator[None]:
    """A refusal says of which BAL it is: there are several."""
    try:
        yield
    except rules.Refused as refused:
        raise rules.Refused(f"{bal.address} : {refused.messages[0]}", "departure") from refused
