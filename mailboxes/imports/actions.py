"""An operator's list brought in: received, its columns read, forecast, applied, taken back.

What takes long is done by `carry_on`, in a task: a stage, then batch after batch, each in one transaction that also
moves the import's own cursor. It may die anywhere and be called again, even twice at once.
"""

import csv
import hashlib
import logging
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from celery import shared_task
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from directory.away import database_is_away
from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.imports.accesses import AccessBatch
from mailboxes.imports.columns import all_kept, bare, guess, secret_ranks, signature_of
from mailboxes.imports.judging import Judged, take_back_rows
from mailboxes.imports.lines import LinesBatch, Places, Verdict
from mailboxes.imports.lists import first_of, heading_among, open_list
from mailboxes.imports.models import ColumnMapping, Import, ImportLine
from mailboxes.imports.people import PeopleBatch
from mailboxes.imports.reading import Line, LineReader
from mailboxes.imports.rows import Row
from mailboxes.imports.rules import (
    check_apply_import,
    check_columns,
    check_file_kept,
    check_import,
    check_mend,
    check_preview,
    check_undo_import,
    check_vouched,
)
from mailboxes.imports.sorts import FIELDS_OF, ListSort, labels_of
from mailboxes.imports.survey import Survey, survey
from mailboxes.imports.undo import take_back
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Bal, Operator, Structure

logger = logging.getLogger(__name__)

BATCH = 1000  # lines judged and written together
BATCHES: dict[str, Callable[..., Any]] = {
    ListSort.BAL: LinesBatch,
    ListSort.PEOPLE: PeopleBatch,
    ListSort.ACCESSES: AccessBatch,
}
Outcome: TypeAlias = ImportLine.Outcome
Stage: TypeAlias = Import.Stage


class _Overtaken(Exception):
    """Someone else is at work on the same import."""


# --- What a person asks -----------------------------------------------------------------------------------------------
def receive_import(
    chunks: Iterable[bytes],
    name: str,
    *,
    operator: Operator | None,
    structure: Structure,
    by,
    sort: str = ListSort.BAL,
    vouched: str = "",
    as_of: datetime | None = None,
    later: bool = False,
) -> Import:
    """Keep the file and look at its headers. The same content, given again, keeps its date: its readings are known.

    `later`: it is looked at by a task. No file that someone sends is read while a page waits.
    """
    check_import(structure, by=by)
    check_vouched(sort, vouched)
    rules.check_reading_dates(as_of, None)
    run = Import(operator=operator, structure=structure, sort=sort, vouched=vouched, file_name=Path(name).name[:200])
    run.by = None if by is SYSTEM else by
    run.stored, run.sha256 = _store(chunks)
    former = Import.objects.filter(sha256=run.sha256, operator=operator, structure=structure, stage=Stage.APPLIED)
    run.as_of = as_of or former.values_list("as_of", flat=True).order_by("pk").first() or timezone.now()
    if later:
        run.stage = Stage.OPENING
        run.save()
        _go_on_commit(run)
        return run
    try:
        _look_at(run)
    except rules.Refused:
        run.path.unlink()
        raise
    run.save()
    return run


def _look_at(run: Import) -> None:
    """Its sheets, its first rows, its headers; unsaved."""
    with open_list(run.path, run.sheet) as source:
        first = first_of(source.rows())
        run.sheets, run.sheet = source.sheets, source.sheet
    heading = next((row.cells for row in first if secret_ranks(row.cells)), [])
    run.head = [
        (row.number, [cell[:200] for cell in all_kept(row.cells, [] if row.cells is heading else heading)])
        for row in first
    ]
    _set_heading(run, None)


def _set_heading(run: Import, number: int | None) -> None:
    first = [Row(row_number, cells) for row_number, cells in run.head]
    fields = None if run.sort == ListSort.BAL else FIELDS_OF[run.sort]
    heading = heading_among(first, number, fields)
    run.headers, run.header_number = heading.headers, heading.number
    run.sample = [(row.number, row.cells) for row in heading.sample]
    saved = _mapping_of(run)
    rest = [row for row in first if row.number > heading.number]
    run.columns = guess(heading.headers, _saved_of(saved, run.sort), rest, fields)
    run.size_unit, run.date_order = (saved.size_unit, saved.date_order) if saved else ("", "")
    run.default_kind = saved.default_kind if saved else run.default_kind
    run.state_words = saved.state_words if saved else {}


def _mapping_of(run: Import) -> ColumnMapping | None:
    where = {"structure": run.structure, "operator": run.operator, "signature": signature_of(run.headers)}
    return ColumnMapping.objects.filter(**where).first()


def _saved_of(saved: ColumnMapping | None, sort: str) -> dict[str, str] | None:
    """Two sorts of lists may have the same headers."""
    known = {"", *labels_of(sort)}
    return saved.fields if saved and set(saved.fields.values()) <= known else None


@transaction.atomic
def choose_heading(run: Import, number: int, *, by) -> Import:
    """Say which line holds the headers, 0 for none; the columns are guessed anew from it."""
    run = _held(run)
    check_preview(run, by=by)
    _set_heading(run, number)
    run.stage, run.judged, run.mended = Stage.RECEIVED, {}, {}
    run.save()
    return run


@transaction.atomic
def choose_sheet(run: Import, sheet: str, *, by) -> Import:
    """Read another sheet of the workbook: it is opened again, by a task."""
    run = _held(run)
    check_preview(run, by=by)
    run.sheet, run.stage, run.judged, run.mended, run.reason = sheet, Stage.OPENING, {}, {}, ""
    run.seen_at = timezone.now()
    run.save()
    _go_on_commit(run)
    return run


@transaction.atomic
def read_columns(
    run: Import,
    columns: list[str],
    *,
    size_unit: str,
    default_kind: str,
    by,
    date_order: str = "",
    state_words: dict[str, str] | None = None,
) -> Import:
    """Say what each column holds; the structure's next list with these headers is read so too."""
    run = _held(run)
    check_preview(run, by=by)
    check_columns(columns, run.sort)
    chosen: dict[str, Any] = {"size_unit": size_unit, "date_order": date_order, "default_kind": default_kind}
    chosen["state_words"] = run.state_words if state_words is None else state_words
    for name, value in {"columns": columns, **chosen}.items():
        setattr(run, name, value)
    run.save(update_fields=["columns", *chosen])
    fields = {bare(header): name for header, name in zip(run.headers, columns, strict=True)}
    where: dict[str, Any] = {"structure": run.structure, "operator": run.operator}
    where["signature"] = signature_of(run.headers)
    facts: dict[str, Any] = {"fields": fields, **chosen, "at": timezone.now()}
    ColumnMapping.objects.update_or_create(**where, defaults=facts)
    return run


@transaction.atomic
def mend_lines(run: Import, mended: dict[int, list[str]], *, by) -> Import:
    """Write other cells in place of those of rejected lines, and try them again.

    Before the import is applied, the whole is forecast anew; after, these lines make an import of their own.
    """
    run = _held(run)
    check_mend(run, by=by)
    if run.stage == Stage.APPLIED:
        return _anew(run, mended, by=by)
    run.mended = {
        **run.mended,
        **{str(number): all_kept(cells, run.headers) for number, cells in mended.items()},
    }
    run.save(update_fields=["mended"])
    return forecast_import(run, by=by)


def _anew(run: Import, mended: dict[int, list[str]], *, by) -> Import:
    text = StringIO()
    csv.writer(text, delimiter=";").writerows([run.headers, *mended.values()])
    where = {name: getattr(run, name) for name in ("operator", "structure", "sort", "vouched", "as_of")} | {"by": by}
    name = f"{Path(run.file_name).stem[:180]}-corrections.csv"
    fresh = receive_import([text.getvalue().encode()], name, **where)
    chosen = {name: getattr(run, name) for name in ("size_unit", "date_order", "default_kind", "state_words")}
    return forecast_import(read_columns(fresh, run.columns, **chosen, by=by), by=by)


@transaction.atomic
def forecast_import(run: Import, *, by) -> Import:
    """Ask for what the list would change; nothing of it is written."""
    run = _held(run)
    check_preview(run, by=by)
    check_columns(run.columns, run.sort)
    return _begin(run, Stage.READING)


@transaction.atomic
def apply_import(run: Import, *, by) -> Import:
    run = _held(run)
    check_apply_import(run, by=by)
    return _begin(run, Stage.APPLYING)


@transaction.atomic
def undo_import(run: Import, *, by) -> Import:
    run = _held(run)
    check_undo_import(run, by=by)
    run.undone_by = None if by is SYSTEM else by
    run.stage, run.reason, run.percent, run.seen_at = Stage.UNDOING, "", 0, timezone.now()
    run.save()
    _go_on_commit(run)
    return run


def forget_import(run: Import, *, by) -> None:
    """Its file and its lines have been kept long enough; that it was, and its counts, stay."""
    _drop_file(run)
    run.lines.all().delete()
    Import.objects.filter(pk=run.pk).update(sample=[])


def _store(chunks: Iterable[bytes]) -> tuple[str, str]:
    Import.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    name, digest = uuid.uuid4().hex, hashlib.sha256()  # never the name that the browser gave
    try:
        with open(Import.folder() / name, "xb", opener=partial(os.open, mode=0o600)) as kept:
            for chunk in chunks:
                digest.update(chunk)
                kept.write(chunk)
    except OSError:  # a full disk
        (Import.folder() / name).unlink(missing_ok=True)
        raise
    return name, digest.hexdigest()


def _held(run: Import) -> Import:
    return Import.objects.select_for_update(of=("self",)).select_related("structure", "operator").get(pk=run.pk)


def _begin(run: Import, stage: Stage) -> Import:
    run.lines.all().delete()
    for name in Import.COUNTED:
        setattr(run, name, 0)
    run.stage, run.reason, run.done, run.percent, run.seen_at = stage, "", 0, 0, timezone.now()
    run.save()
    _go_on_commit(run)
    return run


def _go_on_commit(run: Import) -> None:
    """Broker down: the stage stands, and `take_up_imports` goes on with it."""

    def go_on():  # a function, not a partial: Django wants its name when it logs a failure
        work_on_import.delay(run.pk)

    transaction.on_commit(go_on, robust=True)


# --- What a task does -------------------------------------------------------------------------------------------------
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
        stage = Stage.APPLIED if run.stage == Stage.UNDOING else Stage.FAILED
        facts = {"stage": stage, "reason": " ".join(refused.messages), "seen_at": timezone.now()}
        Import.objects.filter(pk=run.pk, stage=run.stage).update(**facts)
    except _Overtaken:
        logger.info("%s : un autre processus y travaille", run)
    run.refresh_from_db()


def _open(run: Import) -> None:
    check_file_kept(run)
    try:
        _look_at(run)
    except rules.Refused as refused:
        run.path.unlink()
        run.stored, run.stage, run.reason = "", Stage.FAILED, " ".join(refused.messages)
    else:
        run.stage, run.reason = Stage.RECEIVED, ""
        if _is_known(run):
            _begin(run, Stage.READING)
            return
    run.seen_at = timezone.now()
    run.save()


def _is_known(run: Import) -> bool:
    """A list whose columns this structure has checked once: what it would change is foreseen without asking again."""
    return _mapping_of(run) is not None and rules.allows(check_columns, run.columns, run.sort)


def _survey(run: Import) -> Survey:
    """Of the whole list, at the beginning of the forecast; what is applied is read as was forecast."""
    if run.stage == Stage.READING and not run.done:
        with open_list(run.path, run.sheet) as source:
            rows = (row for row in source.rows() if row.number > run.header_number)
            said = {"unit": run.size_unit, "order": run.date_order, "answers": run.state_words}
            found = survey(run.headers, run.columns, rows, **said)
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
        if row.number > after and (row.fault or any(row.cells)):
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
        transaction.on_commit(lambda: _drop_file(run), robust=True)
    Import.objects.filter(pk=run.pk).update(**facts)


def _drop_file(run: Import) -> None:
    """Its lines tell all that an undo needs; the file may hold what is never kept, a patient's address among it."""
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
