"""The words that surround idleness: reminders, the gestionnaire's turn, and the question where nothing is known."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.batches import Tally, in_batches, sift
from mailboxes.actions.journal import entry_of, locked, write, write_all
from mailboxes.lifecycle import Act, Party
from mailboxes.models import Bal, JournalEntry, bulk
from mailboxes.notices import idleness
from mailboxes.notices.writing import gestionnaires_of, notices_for

HOLDERS, GESTIONNAIRES = frozenset({Party.HOLDERS}), frozenset({Party.GESTIONNAIRES})


class WordLine(NamedTuple):
    """A line to write about a BAL, and whom it is told."""

    bal: Bal
    entry: JournalEntry
    parties: frozenset[Party]
    stage: str
    cycle: str
    until: date | None  # the last day of an answer


class Word(NamedTuple):
    """One word about the use of some BAL, with what was read for all of them at once."""

    check: Callable[[Bal], None]  # is it still to be said?
    line: Callable[[Bal], WordLine]


def remind_idle_each(bals: QuerySet[Bal], days: int, *, by) -> Tally:
    """Remind the holders, some days before the depublication is asked for."""
    return in_batches(bals, partial(_say_batch, word_of=partial(_reminder, days=days, by=by)))


def escalate_idle_each(bals: QuerySet[Bal], *, by) -> Tally:
    """Tell those who manage the structure: no holder could be reached, or none answered."""
    return in_batches(bals, partial(_say_batch, word_of=partial(_escalation, by=by)))


def ask_use(bal: Bal, *, by) -> JournalEntry:
    """Ask the holders whether they use a BAL whose use nobody has reported; their silence changes nothing."""
    return _say(bal, partial(_question, by=by))


def ask_use_each(bals: QuerySet[Bal], *, by) -> Tally:
    return in_batches(bals, partial(_say_batch, word_of=partial(_question, by=by)))


def remind_use_each(bals: QuerySet[Bal], *, by) -> Tally:
    return in_batches(bals, partial(_say_batch, word_of=partial(_question_again, by=by)))


@transaction.atomic
def _say(bal: Bal, word_of: Callable[[list[Bal]], Word]) -> JournalEntry:
    bal = locked(bal)
    word = word_of([bal])
    word.check(bal)
    line = word.line(bal)
    _write([line])
    return line.entry


@transaction.atomic
def _say_batch(pks: list[int], word_of: Callable[[list[Bal]], Word]) -> Tally:
    bals = list(Bal.objects.locked().with_holders().filter(pk__in=pks).order_by("pk"))
    word = word_of(bals)
    ready, tally = sift(bals, word.check)
    _write([word.line(bal) for bal in ready])
    return tally


def _write(lines: list[WordLine]) -> None:
    of_gestionnaires = [line.bal for line in lines if Party.GESTIONNAIRES in line.parties]
    accounts = gestionnaires_of(of_gestionnaires) if of_gestionnaires else {}
    write_all(
        [line.entry for line in lines],
        lambda: (
            notice
            for bal, entry, parties, stage, cycle, until in lines
            for notice in notices_for(
                entry, bal, stage=stage, cycle=cycle, parties=parties, accounts=accounts, until=until
            )
        ),
    )


def _line(
    bal: Bal,
    act: Act,
    parties: frozenset[Party],
    cycle: str,
    *,
    by,
    stage: str = "",
    until: date | None = None,
    **facts,
) -> WordLine:
    return WordLine(bal, entry_of(bal, act, by=by, parties=parties, **facts), parties, stage or act, cycle, until)


# --- The words --------------------------------------------------------------------------------------------------------
def _reminder(bals: list[Bal], *, days: int, by) -> Word:
    now = timezone.now()
    due = _among(idleness.due_for_reminder(now, days), bals)
    ends = idleness.ends_of(bals)  # sooner than in so many days, where this comes late
    facts = {"stage": f"{Act.REMIND_IDLE}-{days}", "after": idleness.days_before(days)}

    def line(bal: Bal) -> WordLine:
        end = timezone.localdate(ends[bal.pk])
        note = f"Sans réponse, la dépublication sera demandée à partir du {end:%d/%m/%Y}."
        return _line(bal, Act.REMIND_IDLE, HOLDERS, _cycle(bal), by=by, note=note, until=end, **facts)

    return Word(lambda bal: rules.check_still_due(bal, Act.REMIND_IDLE, bal.pk in due, by=by), line)


def _escalation(bals: list[Bal], *, by) -> Word:
    due = _among(idleness.due_for_escalation(timezone.now()), bals)
    told = _among(Bal.objects.filter(idleness.was_told()), bals)

    def line(bal: Bal) -> WordLine:
        told_in_vain = "Aucun titulaire n’a répondu à l’alerte."
        note = told_in_vain if bal.pk in told else "Aucun titulaire n’a pu être prévenu."
        return _line(bal, Act.ESCALATE_IDLE, GESTIONNAIRES, _cycle(bal), by=by, note=note)

    return Word(lambda bal: rules.check_still_due(bal, Act.ESCALATE_IDLE, bal.pk in due, by=by), line)


def _question(bals: list[Bal], *, by) -> Word:
    asked = _among(Bal.objects.filter(idleness.asked(timezone.now())), bals)
    cycles = _cycles(bals, Act.ASK_USE)
    return Word(
        lambda bal: rules.check_ask_use(bal, bal.pk in asked, by=by),
        lambda bal: _line(bal, Act.ASK_USE, HOLDERS, cycles[bal.pk], by=by),
    )


def _question_again(bals: list[Bal], *, by) -> Word:
    due = _among(idleness.due_for_question_reminder(timezone.now()), bals)
    cycles = _cycles(bals, Act.REMIND_USE)
    return Word(
        lambda bal: rules.check_still_due(bal, Act.REMIND_USE, bal.pk in due, by=by),
        lambda bal: _line(bal, Act.REMIND_USE, HOLDERS, cycles[bal.pk], by=by),
    )


def _among(due: QuerySet[Bal], bals: list[Bal]) -> set[int]:
    """The keys of these BAL that the sweep still finds, now that they are locked."""
    return set(due.filter(bulk.among("pk", [bal.pk for bal in bals])).order_by().values_list("pk", flat=True))


@transaction.atomic
def ask_deletion(bal: Bal, *, by) -> JournalEntry:
    """Ask those who hold a depublished BAL, paid for nothing, to ask for its deletion: they alone may."""
    bal = locked(bal)
    asked = Bal.objects.filter(idleness.deletion_asked(), pk=bal.pk).exists()
    rules.check_ask_deletion(bal, asked, by=by)
    return write(bal, Act.ASK_DELETION, by=by, parties=HOLDERS, cycle=_cycle(bal))


def _cycle(bal: Bal) -> str:
    """The cycle of the present alert: each stage is told once per alert."""
    return bal.state_since.isoformat()


def _cycles(bals: list[Bal], act: Act) -> dict[int, str]:
    """The question is put anew each year."""
    lines = JournalEntry.objects.filter(bulk.among("bal", [bal.pk for bal in bals]), what=act).order_by()
    counts = dict(lines.values_list("bal").annotate(Count("pk")))
    return {bal.pk: f"question-{counts.get(bal.pk, 0) + 1}" for bal in bals}
