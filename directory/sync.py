"""Bring our copy of the annuaire level with a source: stage, compare, apply, report; the only place that writes it.

The lines are staged outside any transaction, then one transaction compares and writes: until it commits, the former
picture stands. Several runs may stage at once; the row of SourceState lets one at a time through.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.formats import date_format, number_format

from directory import figures, records, search_index, staging
from directory.comparison import Comparison
from directory.models import Change, RejectedLine, SourceState, SyncRun
from directory.sources import Opened, Source, UnreadableSource

logger = logging.getLogger(__name__)

CHUNK = 10_000  # lines between two signs of life
LEASE = timedelta(minutes=5)  # without a sign of life a run is dead
REJECTED_KEPT = 10_000
TEXT_KEPT = 2_000  # characters of a rejected line
PREVIEWED = 100  # changes of each kind that a dry run shows

Progress = Callable[[SyncRun], None]
Status = SyncRun.Status


class Interrupted(Exception):
    """This run was declared dead while it lived; it must not write any more."""


def sync(
    source: Source,
    *,
    dry_run: bool = False,
    max_withdrawn: float | None = None,
    progress: Progress = lambda run: None,
    run: SyncRun | None = None,
) -> SyncRun:
    """One run, applied, unchanged, refused or simulated; UnreadableSource when the source cannot be read to its end.

    `max_withdrawn` is the share of our addresses that may disappear; given, it also lets an empty file through.
    `run` is the row of a run that was waiting.
    """
    started = time.monotonic()
    _declare_dead(source.name)
    run = run or SyncRun(source=source.name)
    run.origin, run.status, run.started_at, run.seen_at = source.origin, Status.RUNNING, timezone.now(), timezone.now()
    run.save()
    try:
        with source.open(lambda: _beat(run)) as opened, staging.tables():
            _stage(opened, run, progress)
            with transaction.atomic():
                _compare_and_apply(run, source.whole, dry_run, max_withdrawn)
                run.finished_at, run.seconds = timezone.now(), round(time.monotonic() - started, 3)
                run.save()
    except BaseException as error:  # an interruption too ends the run
        _fail(run, error, started)
        raise
    if run.status in (Status.APPLIED, Status.UNCHANGED):
        _follow(run, source.whole)
    logger.info("%s: %s, %s lines, %s", run.source, run.status, run.lines, run.reason or "no reason")
    return run


def _follow(run: SyncRun, whole: bool) -> None:
    """What is drawn from the entries, after the run's own transaction: it stands whatever happens here."""
    try:
        search_index.level()
        if whole:
            figures.record(run)
    except DatabaseError:  # the next run, even one without change, takes it up
        logger.exception("%s: the search or the observatory lags behind the annuaire", run.source)


def _declare_dead(source: str) -> None:
    dead = SyncRun.objects.filter(source=source, status=Status.RUNNING, seen_at__lt=timezone.now() - LEASE)
    dead.update(status=Status.FAILED, reason="Interrompue : son programme s'est arrêté.", finished_at=timezone.now())


def _fail(run: SyncRun, error: BaseException, started: float) -> None:
    run.status = Status.FAILED
    run.reason = str(error) if isinstance(error, UnreadableSource | Interrupted) else f"Interrompue : {error!r}"
    run.appeared = run.changed = run.withdrawn = 0
    run.finished_at, run.seconds = timezone.now(), round(time.monotonic() - started, 3)
    with suppress(DatabaseError):  # the database may be what failed; the lease then ends this run
        run.save()


# --- Stage --------------------------------------------------------------------------------------------------------


def _stage(opened: Opened, run: SyncRun, progress: Progress) -> None:
    run.generated_at, run.bytes_total = opened.generated_at, opened.bytes_total
    rejected: list[RejectedLine] = []
    accepted = _accepted(opened, run, rejected)
    load = staging.Loader().load
    loaded = CHUNK
    while loaded == CHUNK:
        loaded = load(islice(accepted, CHUNK))
        RejectedLine.objects.bulk_create(rejected, batch_size=1000)
        rejected.clear()
        run.bytes_read = opened.bytes_read
        _beat(run)
        progress(run)


def _accepted(opened: Opened, run: SyncRun, rejected: list[RejectedLine]) -> Iterator[records.EntryRecord]:
    for record in opened.records():
        run.lines += 1
        if isinstance(record, records.EntryRecord):
            yield record
        else:
            run.rejected += 1
            if run.rejected <= REJECTED_KEPT:
                rejected.append(_put_aside(run, record))


def _put_aside(run: SyncRun, line: records.RejectedLine) -> RejectedLine:
    return RejectedLine(run=run, number=line.number, reason=line.reason[:300], text=line.text[:TEXT_KEPT])


def _beat(run: SyncRun) -> None:
    run.seen_at = timezone.now()
    alive = SyncRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(
        seen_at=run.seen_at,
        generated_at=run.generated_at,
        bytes_total=run.bytes_total,
        bytes_read=run.bytes_read,
        lines=run.lines,
        rejected=run.rejected,
    )
    if not alive:
        raise Interrupted("Interrompue : restée trop longtemps sans signe de vie.")


# --- Compare and apply --------------------------------------------------------------------------------------------


def _compare_and_apply(run: SyncRun, whole: bool, dry_run: bool, max_withdrawn: float | None) -> None:
    """In a transaction; leaves the verdict in `run`."""
    state = _lock(run.source)
    _beat(run)
    staging.allow_memory()
    found = Comparison(run.source, whole=whole)
    run.addresses = found.addresses
    run.reason = _check_newer(run, state) or _check_not_shrunken(found, max_withdrawn)
    if run.reason:
        run.status = Status.REFUSED
        return
    run.appeared, run.changed, run.withdrawn = (found.counts[kind] for kind in ("appeared", "changed", "withdrawn"))
    if dry_run:
        run.status, run.preview = Status.DRY_RUN, _preview(found)
        return
    if found.differs:
        _record_changes(found, run)
        found.apply(run, timezone.now())
    run.status = Status.APPLIED if found.differs else Status.UNCHANGED
    if run.generated_at:
        state.generated_at = run.generated_at
        state.save()


def _lock(source: str) -> SourceState:
    # SQLite has no row locks; there the transaction itself, begun IMMEDIATE, is the lock.
    SourceState.objects.get_or_create(source=source)
    return SourceState.objects.select_for_update().get(source=source)


def _check_newer(run: SyncRun, state: SourceState) -> str:
    if run.generated_at and state.generated_at and run.generated_at < state.generated_at:
        ours, theirs = (
            date_format(timezone.localtime(at), "d/m/Y H:i") for at in (state.generated_at, run.generated_at)
        )
        return f"Fichier plus ancien que notre copie : il date du {theirs}, notre copie du {ours}."
    return ""


def _check_not_shrunken(found: Comparison, max_withdrawn: float | None) -> str:
    held, withdrawn = found.held, found.counts["withdrawn"]
    if held and not found.addresses and max_withdrawn is None:
        return f"Fichier sans aucune adresse valide, alors que notre copie en compte {held}."
    share = settings.ANNUAIRE_MAX_WITHDRAWN if max_withdrawn is None else max_withdrawn
    if withdrawn > share * held:
        return (
            f"{withdrawn} adresses sur {held} ({number_format(100 * withdrawn / held, 1)} %) disparaîtraient, plus que "
            f"les {number_format(100 * share, 1)} % admis : fichier sans doute incomplet."
        )
    return ""


def _preview(found: Comparison) -> list[list]:
    changed = [[Change.Kind.CHANGED, *change] for change in islice(found.changes(), PREVIEWED)]
    return [
        *([Change.Kind.APPEARED, address, {}] for address in found.sample(Change.Kind.APPEARED, PREVIEWED)),
        *changed,
        *([Change.Kind.WITHDRAWN, address, {}] for address in found.sample(Change.Kind.WITHDRAWN, PREVIEWED)),
    ]


def _record_changes(found: Comparison, run: SyncRun) -> None:
    changes = (
        Change(run=run, address=address, kind=Change.Kind.CHANGED, details=details)
        for address, details in found.changes()
    )
    while page := list(islice(changes, 1000)):
        Change.objects.bulk_create(page)
