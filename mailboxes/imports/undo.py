"""An import taken back whole, as long as nothing was built on it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from mailboxes import rules
from mailboxes.actions import journal
from mailboxes.actions.moves import write_moves
from mailboxes.actions.usage import RECKONED, reckon
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.rules import check_nothing_later
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import SYSTEM, Bal, Cotitulaire, JournalEntry, Reading, bulk

CHUNK = 1000
NAMED = 5  # BAL that a refusal names
Outcome = ImportLine.Outcome
FIELDS = {field.name: field for field in Bal._meta.fields}


@transaction.atomic
def take_back(run: Import, *, by) -> int:
    """Every line or none, under the locks of all its BAL; how many lines stay, because their move was told to people.

    What an import registered cannot be unwritten: the journal keeps its lines. The BAL ends as "demande abandonnée",
    by the automaton's own line of the table, and its address may be registered again.
    """
    lines = run.lines.writing()
    held = Bal.objects.locked().filter(pk__in=lines.values("bal")).order_by("pk")
    for _ in held.values_list("pk").iterator(chunk_size=CHUNK):
        pass
    _check_nothing_later(lines)
    for chunk in _chunks(lines):
        Reading.objects.filter(pk__in=[line.reading_id for line in chunk if line.reading_id]).delete()
        _cancel([line for line in chunk if line.outcome == Outcome.CREATED], run, by=by)
        _restore([line for line in chunk if line.outcome != Outcome.CREATED], run, by=by)
    return run.lines.exclude(verb="").count()


def _check_nothing_later(lines) -> None:
    """A line of the journal after the import's own, or another reading, was built on what it wrote."""
    entries = JournalEntry.objects.filter(bal=OuterRef("bal"), pk__gt=OuterRef("mark"))
    readings = Reading.objects.filter(bal=OuterRef("bal"))
    # NULL compares with nothing: a BAL that got no reading from the import is a case of its own.
    on_new: Any = Q(outcome=Outcome.CREATED, reading_id=None) & Exists(readings)
    on_new |= Q(outcome=Outcome.CREATED) & Exists(readings.exclude(pk=OuterRef("reading_id")))
    on_known = Exists(readings.filter(pk__gt=OuterRef("reading_id")))
    later = lines.filter(Exists(entries) | on_new | on_known)
    check_nothing_later(list(later.values_list("address", flat=True)[:NAMED]), later.count())


def _chunks(lines) -> Iterator[list[ImportLine]]:
    last = 0
    while chunk := list(lines.filter(number__gt=last).order_by("number")[:CHUNK]):
        yield chunk
        last = chunk[-1].number or 0


def _note(run: Import, by) -> str:
    who = "l’automate" if by is SYSTEM else by.get_full_name() or by.get_username()
    return f"Annulation de l’{run}, par {who}."


def _cancel(lines: list[ImportLine], run: Import, *, by) -> None:
    bals = list(Bal.objects.filter(pk__in=[line.bal_id for line in lines]).with_holders())
    Cotitulaire.objects.filter(bal__in=bals).delete()
    nothing = dict.fromkeys(["last_used_at", "clock_at", "used_mb", "percent_full", *RECKONED])
    Bal.objects.filter(pk__in=[bal.pk for bal in bals]).update(last_used_source="", **nothing)
    for bal in bals:
        rules.check_move(bal, Verb.CANCEL_REGISTRATION, by=SYSTEM)
    write_moves(bals, Verb.CANCEL_REGISTRATION, by=SYSTEM, note=_note(run, by))


def _restore(lines: list[ImportLine], run: Import, *, by) -> None:
    bals = Bal.objects.filter(pk__in=[line.bal_id for line in lines]).in_bulk()
    names = set(RECKONED)
    entries = []
    for line in lines:
        if not line.before:
            continue
        bal = bals[line.bal_id]
        after = {name: FIELDS[name].to_python(value) for name, value in line.before.items()}
        told = {"before": shown(bal, after), "note": _note(run, by)}
        for name, value in after.items():
            setattr(bal, name, value)
        entries.append(journal.entry_of(bal, Act.UNDO_IMPORT, by=by, after=shown(bal, after), **told))
        names |= after.keys()
    reckon(list(bals.values()))  # without the readings taken back
    bulk.update(list(bals.values()), sorted(names))
    bulk.insert(entries)


def shown(bal: Bal, names: Iterable[str]) -> str:
    """These columns as they stand, for the journal; the clock says again what the last use says."""
    named = [FIELDS[name] for name in names if name not in ("clock_at", "last_used_source")]
    return " ; ".join(f"{field.verbose_name} : {journal.shown(getattr(bal, field.name))}" for field in named)
