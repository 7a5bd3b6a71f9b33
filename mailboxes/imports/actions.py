"""What a person asks of an operator's list: to receive it, read its columns, forecast it, apply it, take it back.

What takes long is only asked for here, and done by a task (`work`).
"""

import csv
import hashlib
import os
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.typography import cut
from mailboxes import rules
from mailboxes.actions import Tally
from mailboxes.imports.columns import all_kept, bare, signature_of
from mailboxes.imports.headings import look_at, set_heading
from mailboxes.imports.models import STRAY_AFTER, ColumnMapping, Import
from mailboxes.imports.rules import (
    check_apply_import,
    check_columns,
    check_import,
    check_mend,
    check_preview,
    check_undo_import,
    check_vouched,
)
from mailboxes.imports.sorts import ListSort
from mailboxes.imports.work import begin, drop_file, go_on_commit
from mailboxes.models import SYSTEM, Operator, Structure

Stage: TypeAlias = Import.Stage


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
    run = Import(
        operator=operator, structure=structure, sort=sort, vouched=vouched, file_name=cut(Path(name).name, 200)
    )
    run.by = None if by is SYSTEM else by
    run.stored, run.sha256 = _store(chunks)
    former = Import.objects.filter(sha256=run.sha256, operator=operator, structure=structure, stage=Stage.APPLIED)
    run.as_of = as_of or former.values_list("as_of", flat=True).order_by("pk").first() or timezone.now()
    if later:
        run.stage = Stage.OPENING
        run.save()
        go_on_commit(run)
        return run
    try:
        look_at(run)
    except rules.Refused:
        run.path.unlink()
        raise
    run.save()
    return run


@transaction.atomic
def choose_heading(run: Import, number: int, *, by) -> Import:
    """Say which line holds the headers, 0 for none; the columns are guessed anew from it."""
    run = _held(run)
    check_preview(run, by=by)
    set_heading(run, number)
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
    go_on_commit(run)
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
    return begin(run, Stage.READING)


@transaction.atomic
def apply_import(run: Import, *, by) -> Import:
    run = _held(run)
    check_apply_import(run, by=by)
    return begin(run, Stage.APPLYING)


@transaction.atomic
def undo_import(run: Import, *, by) -> Import:
    run = _held(run)
    check_undo_import(run, by=by)
    run.undone_by = None if by is SYSTEM else by
    run.stage, run.reason, run.percent, run.seen_at = Stage.UNDOING, "", 0, timezone.now()
    run.save()
    go_on_commit(run)
    return run


def forget_import(run: Import, *, by) -> None:
    """Drop the file and the lines, kept long enough; that it was, and its counts, stay."""
    drop_file(run)
    run.lines.all().delete()
    Import.objects.filter(pk=run.pk).update(sample=[])


def drop_strays(imports: QuerySet[Import]) -> Tally:
    """Delete the files that none of these imports needs: their process died before it noted them, or once they were
    applied."""
    kept = set(imports.values_list("stored", flat=True))
    before = (timezone.now() - STRAY_AFTER).timestamp()
    strays = [path for path in Import.folder().glob("*") if path.name not in kept and path.stat().st_mtime < before]
    for path in strays:
        path.unlink(missing_ok=True)
    return Tally(done=len(strays))


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
