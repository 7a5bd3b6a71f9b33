"""What a task does of an import: it looks at the file, forecasts, applies, takes back.

A stage, then batch after batch, each in one transaction that also moves the import's own cursor. It may die anywhere
and be called again, even twice at once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

from celery import shared_task
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from directory.away import database_is_away
from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.imports.accesses import AccessBatch
from mailboxes.imports.headings import look_at, mapping_of
from mailboxes.imports.judging import Judged, take_back_rows
from mailboxes.imports.lines import LinesBatch
from mailboxes.imports.lists import open_list
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.people import PeopleBatch
from mailboxes.imports.places import Places
from mailboxes.imports.reading import Line, LineReader
from mailboxes.imports.rules import check_columns, check_file_kept, check_undo_import
from mailboxes.imports.sorts import ListSort
from mailboxes.imports.survey import Survey, survey
from mailboxes.imports.undo import take_back
from mailboxes.imports.verdicts import Verdict
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Bal

logger = logging.getLogger(__name__)

BATCH = 1000  # lines judged and written together
UNFORESEEN = (
    "Ce fichier arrête la lecture sans que nous sachions dire pourquoi : la panne est notée pour qui exploite le "
    "service. Enregistrez la liste autrement (CSV, .xlsx), puis déposez-la de nouveau."
)
BATCHES: dict[str, Callable[..., Any]] = {
    ListSort.BAL: LinesBatch,
    ListSort.PEOPLE: PeopleBatch,
    ListSort.ACCESSES: AccessBatch,
}
Outcome: TypeAlias = ImportLine.Outcome
Stage: TypeAlias = Import.Stage


class _Overtaken(Exception):
    """Someone else is at work on the same import."""


def go_on_commit(run: Import) -> None:
    """Has a task go on with it. Broker down: the stage stands, and `take_up_imports` goes on."""

    def go_on():  # a function, not a partial: Django wants its name when it logs a failure
        work_on_import.delay(run.pk)

    transaction.on_commit(go_on, robust=True)


@shared_task
def work_on_import(pk: int) -> None:
    run = Import.objects.select_related("structure", "operator", "by", "undone_by").get(pk=pk)
    if run.is_at_work:
        carry_on(run, by=SYSTEM)


def carry_on(run: Import, *, by, progress: Callable[[Import], None] = lambda run: None) -> None:
    """Go on with the stage that the import is in, from where it stands."""
    try:
        if run.stage == Stage.OPENING:
            _open(run)
        elif run.stage == Stage.UNDOING:
            _undo(run)
        else:
            _read_list(run, progress)
    except rules.Refused as refused:
        _stop(run, Stage.APPLIED if run.stage == Stage.UNDOING else Stage.FAILED, " ".join(refused.messages))
    except _Overtaken:
        logger.info("%s : un autre processus y travaille", run)
    except (DatabaseError, OSError, MemoryError):
        raise  # the machine's, not the file's: it is taken up again
    except Exception:
        if run.stage in (Stage.OPENING, Stage.READING):  # a fault of ours: taken up again, it would be the same
            _stop(run, Stage.FAILED, UNFORESEEN)
        raise
    run.refresh_from_db()


def _stop(run: Import, stage: Stage, reason: str) -> None:
    facts = {"stage": stage, "reason": reason, "seen_at": timezone.now()}
    Import.objects.filter(pk=run.pk, stage=run.stage).update(**facts)


def _open(run: Import) -> None:
    check_file_kept(run)
    try:
        look_at(run)
    except rules.Refused as refused:
        _look_done(run, Stage.FAILED, " ".join(refused.messages))
        drop_file(run)
    else:
        _look_done(run, Stage.RECEIVED)


@transaction.atomic
def _look_done(run: Import, stage: Stage, reason: str = "") -> None:
    """Write down what was seen, unless another looked too, and its columns may have been told already."""
    _claim(run)
    run.stage, run.reason, run.seen_at = stage, reason, timezone.now()
    if stage == Stage.RECEIVED and _is_known(run):
        begin(run, Stage.READING)
    else:
        run.save()


def _of_other_sheets(run: Import) -> list[str]:
    """A workbook may have one sheet per service: whoever reads one is told of the others."""
    if len(run.sheets) < 2:
        return []
    with open_list(run.path) as source:
        others = [name for name in (source.sheet, *source.also) if name != run.sheet]
    if not others:
        return []
    return [f"D’autres feuilles de ce classeur ont des adresses, et ne sont pas lues ici : {', '.join(others)}."]


def _is_known(run: Import) -> bool:
    """A list whose columns this structure has checked once: what it would change is foreseen without asking again."""
    return mapping_of(run) is not None and rules.allows(check_columns, run.columns, run.sort)


def begin(run: Import, stage: Stage) -> Import:
    """Forecast it, or apply it, from its first line."""
    run.lines.all().delete()
    for name in Import.COUNTED:
        setattr(run, name, 0)
    run.stage, run.reason, run.done, run.percent, run.seen_at = stage, "", 0, 0, timezone.now()
    run.save()
    go_on_commit(run)
    return run


def _survey(run: Import) -> Survey:
    """A survey of the whole list, at the beginning of the forecast; what is applied is read as was forecast."""
    if run.stage == Stage.READING and not run.done:
        with open_list(run.path, run.sheet) as source:
            rows = (row for row in source.rows() if row.number > run.header_number)
            said = {"unit": run.size_unit, "order": run.date_order, "answers": run.state_words}
            found = survey(run.headers, run.columns, rows, **said)
        found.notes += _of_other_sheets(run)
        run.judged = found.to_json()
        Import.objects.filter(pk=run.pk).update(judged=run.judged, seen_at=timezone.now())
    return Survey.from_json(run.judged)


def _read_list(run: Import, progress: Callable[[Import], None]) -> None:
    check_file_kept(run)
    if run.stage == Stage.READING and run.sort != ListSort.BAL and run.done:
        _start_over(run)
    places = Places(run)
    reader = LineReader(run.headers, run.columns, _survey(run), as_of=run.as_of, mended=run.mended, sort=run.sort)
    with open_list(run.path, run.sheet) as source:
        read = _lines(source.rows(), reader, after=max(run.done, run.header_number))
        lines = _by_bal(read) if run.sort == ListSort.BAL else read
        while batch := list(islice(lines, BATCH)):
            run.percent = min(99, 100 * source.read // source.total) if source.total else 0
            _treat(run, places, batch)
            progress(run)
    _finish(run, places)


@transaction.atomic
def _start_over(run: Import) -> None:
    """A forecast of people or of accesses knows what it would have written from its own memory, which died."""
    _claim(run, done=0, percent=0, **dict.fromkeys(Import.COUNTED, 0))
    run.lines.all().delete()
    run.done = 0


def _lines(rows, reader: LineReader, *, after: int) -> Iterator[Line]:
    for row in rows:
        if row.number > after and (row.fault or any(row.cells)) and not reader.repeats_headers(row):
            yield reader.line(row)


def _by_bal(lines: Iterator[Line]) -> Iterator[Line]:
    """Consecutive lines of one BAL, each with another holder, are one."""
    held: Line | None = None
    for line in lines:
        if held and _names_another_holder(held, line):
            held.others.append(line)
            continue
        if held:
            yield held
        held = line
    if held:
        yield held


def _names_another_holder(held: Line, line: Line) -> bool:
    if line.faults or held.faults or line.address != held.address or not line.holder:
        return False
    return line.holder not in {one.holder for one in (held, *held.others)}


def _treat(run: Import, places: Places, lines: list[Line]) -> None:
    """A line that the database refuses costs itself alone: its batch is taken up line by line."""
    try:
        _treat_together(run, places, lines)
    except DatabaseError as error:
        if database_is_away(error):  # no fault of a line: the import is taken up again
            raise
        if len(lines) > 1:
            logger.exception("%s : un lot a échoué, repris ligne par ligne", run)
            for line in lines:
                _treat(run, places, [line])
        else:
            lines[0].faults.append("La base de données refuse cette ligne.")
            _treat_together(run, places, lines)


@transaction.atomic
def _treat_together(run: Import, places: Places, lines: list[Line]) -> None:
    last = [lines[-1], *lines[-1].others][-1].number
    _claim(run, done=last, percent=run.percent)
    verdicts = BATCHES[run.sort](run, places, lines, for_real=run.stage == Stage.APPLYING).treat()
    Import.objects.filter(pk=run.pk).update(**{name: F(name) + n for name, n in _counts(verdicts).items()})
    run.done = last


def _claim(run: Import, **facts) -> None:
    """Hold the import's row until the end of the transaction, if it still stands where we left it."""
    here = Import.objects.filter(pk=run.pk, stage=run.stage, done=run.done)
    if not here.update(seen_at=timezone.now(), **facts):
        raise _Overtaken


def _counts(verdicts: Sequence[Verdict | Judged]) -> Counter[str]:
    counts: Counter[str] = Counter(str(verdict.outcome) for verdict in verdicts)
    counts["corrected"] = sum(1 for v in verdicts if v.remarks and v.outcome != Outcome.REJECTED)
    return counts


@transaction.atomic
def _finish(run: Import, places: Places) -> None:
    """Name the BAL that the list no longer has, conclude nothing of them, and close the stage."""
    _claim(run, percent=100)
    counted = Import.objects.values(*Import.COUNTED).get(pk=run.pk)
    if not sum(counted[name] for name in ("created", "updated", "unchanged", "rejected")):
        raise rules.Refused(
            "Le fichier n’a aucune ligne après ses en-têtes : téléchargez de nouveau la liste.", "empty"
        )
    here = Bal.objects.paid().filter(operator=run.operator, structure__in=places.by_pk)
    gone = ImportLine.objects.absent_from(run, here) if run.sort == ListSort.BAL else 0
    facts: dict[str, Any] = {"absent": gone, "stage": Stage.PREVIEWED}
    if run.stage == Stage.APPLYING:
        facts |= {"stage": Stage.APPLIED, "applied_at": timezone.now()}
        after = f"{counted['created']} inscrites, {counted['updated']} mises à jour, {counted['rejected']} rejetées"
        about = {"structure": run.structure}
        write_about(Act.IMPORT_LIST, by=run.actor, about=about, after=after, note=f"{run.source}, {run}.")
        transaction.on_commit(lambda: drop_file(run), robust=True)
    Import.objects.filter(pk=run.pk).update(**facts)


def drop_file(run: Import) -> None:
    """Delete the file: its lines tell all that an undo needs, and it may hold what is never kept, a patient's address
    among it."""
    if run.stored:
        run.path.unlink(missing_ok=True)
        Import.objects.filter(pk=run.pk).update(stored="")


@transaction.atomic
def _undo(run: Import) -> None:
    by = run.undone_by or SYSTEM
    _claim(run)
    check_undo_import(run, by=by)
    kept = (take_back if run.sort == ListSort.BAL else take_back_rows)(run, by=by)
    reason = f"{kept} BAL restent : leur changement d’état a été annoncé." if kept else ""
    Import.objects.filter(pk=run.pk).update(stage=Stage.UNDONE, undone_at=timezone.now(), percent=100, reason=reason)
    about = {"structure": run.structure}
    write_about(Act.UNDO_IMPORT, by=by, about=about, note=f"{run.source}, {run}. {reason}".strip())
