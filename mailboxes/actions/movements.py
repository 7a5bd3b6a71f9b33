"""The file of an arrival or a departure."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from directory.typography import cut
from mailboxes import rules
from mailboxes.actions.batches import Tally, in_batches, sift
from mailboxes.actions.journal import entry_of, write_about, write_all
from mailboxes.actions.people import lock_stay
from mailboxes.actions.stays import undo_departure
from mailboxes.lifecycle import Act, Party
from mailboxes.models import SYSTEM, Affiliation, JournalEntry, Movement, Step, bulk
from mailboxes.models.checklists import BY_NAME, TaskLine, file_of, files
from mailboxes.notices.writing import gestionnaires_of, notice_to_person, notices_to_gestionnaires

OF_FILE = ("stay__person", "stay__structure__parent")


@transaction.atomic
def open_movement(stay: Affiliation, kind: str, *, by, planned_on: date) -> Movement:
    stay = lock_stay(stay)
    rules.check_open_movement(stay, kind, by=by)
    opener = None if by is SYSTEM else by
    movement = Movement(stay=stay, kind=kind, planned_on=planned_on, opened_by=opener)
    rules.check_row(movement)
    write_movements([movement], by=by)
    return movement


def write_movements(movements: Sequence[Movement], *, by) -> None:
    """Save checked files, each with its line."""
    bulk.insert(movements)
    bulk.insert([_entry(one, Act.OPEN_MOVEMENT, by=by, after=_told(one)) for one in movements])


def _entry(movement: Movement, act: Act, *, by, **facts) -> JournalEntry:
    return entry_of(None, act, by=by, person=movement.stay.person, structure=movement.stay.structure, **facts)


@transaction.atomic
def plan_movement(movement: Movement, planned_on: date, *, by) -> Movement:
    """Move the planned day of an open file."""
    movement = _locked(movement)
    rules.check_may(Act.OPEN_MOVEMENT, structure=movement.stay.structure, person=movement.stay.person, by=by)
    rules.check_movement_open(movement)
    if movement.planned_on != planned_on:
        before = _told(movement)
        movement.planned_on = planned_on
        movement.save(update_fields=["planned_on"])
        _write(movement, Act.OPEN_MOVEMENT, by=by, before=before, after=_told(movement))
    return movement


@transaction.atomic
def settle_step(movement: Movement, name: str, outcome: str, *, by, note: str = "") -> Step:
    """Tick a step, or set it aside with a reason; done again, it corrects the former answer."""
    movement = _locked(movement)
    line = _line(movement, name)
    rules.check_settle_step(line, outcome, movement, by=by)
    step = Step(movement=movement, name=name, outcome=outcome, note=note.strip(), by=None if by is SYSTEM else by)
    if line.row and (line.row.outcome, line.row.note) == (outcome, step.note):
        return line.row
    before = line.row.get_outcome_display() if line.row else ""
    Step.objects.filter(movement=movement, name=name).delete()
    rules.check_row(step)
    step.save()
    after = f"{line.task.title} : {step.get_outcome_display()}"
    _write(movement, Act.SETTLE_STEP, by=by, before=before, after=after, note=step.note)
    return step


@transaction.atomic
def reopen_step(movement: Movement, name: str, *, by) -> None:
    movement = _locked(movement)
    line = _line(movement, name)
    rules.check_movement_step(Act.REOPEN_STEP, movement, line, by=by)
    rules.check_movement_open(movement)
    if line.row:
        line.row.delete()
        before = f"{line.task.title} : {line.row.get_outcome_display()}"
        _write(movement, Act.REOPEN_STEP, by=by, before=before, note=line.row.note)


@transaction.atomic
def close_movement(movement: Movement, *, by) -> Movement:
    """Close a complete file, keeping what the register sees of each step as it stands today."""
    movement = _locked(movement)
    lines = file_of(movement).lines
    rules.check_close_movement(movement, [line.task.title for line in lines if not line.is_settled], by=by)
    seen = [(line.task.name, line.seen.words) for line in lines if line.seen and line.seen.is_done]
    Step.objects.filter(movement=movement, name__in=[name for name, _ in seen]).delete()
    Step.objects.bulk_create(
        Step(movement=movement, name=name, outcome=Step.State.SEEN, note=cut(words, 300)) for name, words in seen
    )
    _end(movement)
    _write(movement, Act.CLOSE_MOVEMENT, by=by, after=_told(movement))
    return movement


@transaction.atomic
def cancel_movement(movement: Movement, *, by, note: str = "") -> Movement:
    """Cancel a file: the person does not come, or does not leave. A recorded departure is undone with it, unless they
    have come back since."""
    return cancel_movements(Movement.objects.filter(pk=movement.pk), by=by, note=note)[0]


@transaction.atomic
def cancel_movements(movements: QuerySet[Movement], *, by, note: str = "") -> list[Movement]:
    """Many files at once, each or none."""
    held, now = list(movements.select_for_update(of=("self",)).select_related(*OF_FILE).order_by("pk")), timezone.now()
    asked = _asked_to_hand_over(held)
    for movement in held:
        rules.check_may(Act.CANCEL_MOVEMENT, structure=movement.stay.structure, person=movement.stay.person, by=by)
        rules.check_movement_open(movement)
        stay = movement.stay
        if movement.kind == Movement.Kind.DEPARTURE and stay.left_on and not rules.is_back(stay):
            undo_departure(stay, by=by, note=note)
        movement.closed_at, movement.is_cancelled = now, True
    bulk.update(held, ["closed_at", "is_cancelled"])
    entries = [
        _entry(one, Act.CANCEL_MOVEMENT, by=by, before=_told(one), note=note, parties=asked & {one.pk}) for one in held
    ]
    write_all(
        entries,
        lambda: (
            notice_to_person(entry, one.stay.person, stage=Act.CANCEL_MOVEMENT, cycle=f"movement-{one.pk}")
            for one, entry in zip(held, entries, strict=True)
            if one.pk in asked
        ),
    )
    return held


def _asked_to_hand_over(movements: list[Movement]) -> set[int]:
    """Of these files, those whose person is still there and was asked to hand their BAL over: once cancelled, they hear
    of it."""
    asked = JournalEntry.objects.filter(
        what=Act.ASK_HANDOVER,
        person=OuterRef("stay__person"),
        structure=OuterRef("stay__structure"),
        at__gte=OuterRef("opened_at"),
    )
    rows = Movement.objects.filter(pk__in=[one.pk for one in movements], kind=Movement.Kind.DEPARTURE)
    still_there = rows.exclude(stay__in=Affiliation.objects.over())
    return set(still_there.filter(Exists(asked)).values_list("pk", flat=True))


@transaction.atomic
def remind_movement(movement: Movement, *, by) -> JournalEntry:
    """Remind the gestionnaires of a file whose day has come and that is still open."""
    movement = _locked(movement)
    _check_remind(movement, by=by)
    (entry,) = _remind([movement], by=by)
    return entry


def remind_movements(movements: QuerySet[Movement], *, by) -> Tally:
    return in_batches(movements, partial(_remind_batch, by=by))


@transaction.atomic
def _remind_batch(pks: list[int], *, by) -> Tally:
    ready, tally = sift(_held(pks), lambda movement: _check_remind(movement, by=by))
    _remind(ready, by=by)
    return tally


def _check_remind(movement: Movement, *, by) -> None:
    rules.check_may(Act.REMIND_MOVEMENT, structure=movement.stay.structure, person=movement.stay.person, by=by)
    rules.check_movement_open(movement)


def _remind(movements: list[Movement], *, by) -> list[JournalEntry]:
    today = timezone.localdate()
    rows = Movement.objects.filter(pk__in=[movement.pk for movement in movements])
    rows.update(reminded_on=today)
    left = {
        file.movement.pk: ", ".join(line.task.title for line in file.lines if not line.is_settled)
        for file in files(rows)
    }
    entries = [_reminder(movement, left[movement.pk], by=by) for movement in movements]
    accounts = gestionnaires_of([movement.stay for movement in movements]) if movements else {}
    write_all(
        entries,
        lambda: (
            notice
            for entry, movement in zip(entries, movements, strict=True)
            for notice in notices_to_gestionnaires(
                entry,
                movement.stay,
                stage=Act.REMIND_MOVEMENT,
                cycle=f"movement-{movement.pk}-{today:%Y%m%d}",
                accounts=accounts,
            )
        ),
    )
    return entries


def _reminder(movement: Movement, left: str, *, by) -> JournalEntry:
    facts = {"before": _told(movement), "after": left or "il reste à clore le dossier"}
    about = {"person": movement.stay.person, "structure": movement.stay.structure}
    return entry_of(None, Act.REMIND_MOVEMENT, by=by, parties=[Party.GESTIONNAIRES], **about, **facts)


def _locked(movement: Movement) -> Movement:
    return _held([movement.pk])[0]


def _held(pks: list[int]) -> list[Movement]:
    rows = Movement.objects.select_for_update(of=("self",)).select_related(*OF_FILE)
    return list(rows.filter(pk__in=pks).order_by("pk"))


def _line(movement: Movement, name: str) -> TaskLine:
    if (movement.kind, name) not in BY_NAME:
        raise rules.Refused("Cette étape n’existe pas.", "unknown")
    return file_of(movement).line(name)


def _end(movement: Movement) -> None:
    movement.closed_at = timezone.now()
    movement.save(update_fields=["closed_at"])


def _told(movement: Movement) -> str:
    return f"{movement.get_kind_display()}, le {movement.planned_on:%d/%m/%Y}"


def _write(movement: Movement, act: Act, *, by, **facts) -> JournalEntry:
    about = {"person": movement.stay.person, "structure": movement.stay.structure}
    return write_about(act, by=by, about=about, **facts)
