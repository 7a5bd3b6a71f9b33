"""Update our copy of the annuaire from a source: stage, compare, apply, report; nothing else writes it.

The lines are staged outside any transaction, then one transaction compares and writes: until it commits, the former
picture stands. Several runs may stage at once; the row of SourceState lets one at a time through.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain, islice

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.formats import date_format, number_format

from directory import figures, records, search_index, staging
from directory.comparison import Comparison
from directory.kept import BY_RECORD, ENTRIES, Kept
from directory.models import Change, RejectedLine, SourceState, SyncRun
from directory.readers.address import OF_PATIENT, names_patient
from directory.sources import Incremental, Opened, Source, UnreadableSource
from directory.typography import cut

logger = logging.getLogger(__name__)

CHUNK = 10_000  # lines between two signs of life
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
    dated: datetime | None = None,
) -> SyncRun:
    """One run, applied, unchanged, refused or simulated; UnreadableSource when the source cannot be read to its end.

    `max_withdrawn` is the share of our addresses (people, domains) that may disappear; given, it also lets an empty
    file through. `run` is the row of a run that was waiting. `dated` is when a file was made whose name does not tell.
    """
    started = time.monotonic()
    _declare_dead(source.name)
    run = run or SyncRun(source=source.name)
    run.origin, run.status, run.started_at, run.seen_at = source.origin, Status.RUNNING, timezone.now(), timezone.now()
    run.phase = SyncRun.Phase.FETCHING
    run.save()
    if isinstance(source, Incremental):
        source.since = _level_of(source.name)
    try:
        kept = BY_RECORD[source.record]
        with source.open(partial(_beat_fetching, run, progress)) as opened, staging.tables(kept):
            opened.generated_at = opened.generated_at or dated
            _stage(opened, kept, run, progress)
            # Said before the transaction: nothing that is written inside is seen from outside.
            _enter(SyncRun.Phase.WRITING, run, progress)
            with transaction.atomic():
                state = _lock(run.source)
                if isinstance(source, Incremental) and source.is_delta:
                    _check_still_level(source, state)
                    staging.add_untold(source.name, kept)
                found = _compare(run, kept, source.whole)
                asks = bool(getattr(source, "path", ""))
                _judge(run, found, state, opened.scope, max_withdrawn, asks_date=asks)
                if not run.reason:
                    _apply(run, found, opened.scope, dry_run)
                run.finished_at, run.seconds = timezone.now(), round(time.monotonic() - started, 3)
                run.save()
    except BaseException as error:  # an interruption too ends the run
        _fail(run, error, started)
        raise
    if kept is ENTRIES and run.status in (Status.APPLIED, Status.UNCHANGED):
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
    dead = SyncRun.objects.silent(timezone.now()).filter(source=source, status=Status.RUNNING, upload__isnull=True)
    dead.update(status=Status.FAILED, reason="Interrompue : son programme s’est arrêté.", finished_at=timezone.now())


def _fail(run: SyncRun, error: BaseException, started: float) -> None:
    run.status = Status.FAILED
    run.reason = str(error) if isinstance(error, UnreadableSource | Interrupted) else f"Interrompue : {error!r}"
    run.appeared = run.changed = run.withdrawn = 0
    run.finished_at, run.seconds = timezone.now(), round(time.monotonic() - started, 3)
    with suppress(DatabaseError):  # the database may be what failed; the lease then ends this run
        run.save()


# --- Stage --------------------------------------------------------------------------------------------------------


def _stage(opened: Opened, kept: Kept, run: SyncRun, progress: Progress) -> None:
    run.generated_at, run.bytes_total, run.bytes_read = opened.generated_at, opened.bytes_total, 0
    _enter(SyncRun.Phase.READING, run, progress)
    rejected: list[RejectedLine] = []
    retold: list[str] = []
    load = staging.Loader(kept).load
    lines = opened.records()
    for first in lines:  # each turn takes up to CHUNK lines, or those before a pause
        load(_accepted(chain([first], islice(lines, CHUNK - 1)), run, rejected, retold))
        RejectedLine.objects.bulk_create(rejected, batch_size=1000)
        rejected.clear()
        staging.load_retold(retold)
        retold.clear()
        _note(opened, run)
        _beat(run)
        progress(run)
    _note(opened, run)


def _enter(phase: SyncRun.Phase, run: SyncRun, progress: Progress) -> None:
    run.phase = phase
    _beat(run)
    progress(run)


def _note(opened: Opened, run: SyncRun) -> None:
    run.bytes_read, run.lines = opened.bytes_read, opened.lines


def _accepted(
    lines: Iterator[records.Record | records.RejectedRecord | records.Retold | None],
    run: SyncRun,
    rejected: list[RejectedLine],
    retold: list[str],
) -> Iterator[records.Record]:
    for line in lines:
        if isinstance(line, tuple):
            yield line
        elif line is None:
            return
        elif isinstance(line, records.Retold):
            retold.append(line.holder)
        else:
            run.rejected += 1
            if run.rejected <= REJECTED_KEPT:
                rejected.append(_put_aside(run, line))


def _put_aside(run: SyncRun, line: records.RejectedRecord) -> RejectedLine:
    """The line as it is kept; of a patient nothing is, whatever else is wrong with it."""
    is_patient = names_patient(f"{line.text} {line.reason}".replace("|", " "))
    reason, text = (OF_PATIENT, "") if is_patient else (line.reason, line.text)
    return RejectedLine(run=run, number=line.number, reason=cut(reason, 300), text=cut(text, TEXT_KEPT))


def _beat_fetching(run: SyncRun, progress: Progress, done: int = 0, total: int = 0) -> None:
    if total:
        run.bytes_read, run.bytes_total = done, total
    _beat(run)
    progress(run)


def _beat(run: SyncRun) -> None:
    run.seen_at = timezone.now()
    alive = SyncRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(
        seen_at=run.seen_at,
        phase=run.phase,
        generated_at=run.generated_at,
        bytes_total=run.bytes_total,
        bytes_read=run.bytes_read,
        lines=run.lines,
        rejected=run.rejected,
    )
    if not alive:
        raise Interrupted("Interrompue : restée trop longtemps sans signe de vie.")


# --- Compare and apply --------------------------------------------------------------------------------------------


def _compare(run: SyncRun, kept: Kept, whole: bool) -> Comparison:
    """The comparison, made in the transaction that holds the source's lock."""
    _beat(run)
    staging.allow_memory()
    found = Comparison(run.source, kept, whole=whole)
    run.addresses = found.addresses
    return found


def _judge(
    run: SyncRun, found: Comparison, state: SourceState, scope: str, max_withdrawn: float | None, *, asks_date: bool
) -> None:
    """Leaves in `run` why its file is refused, if it is."""
    run.reason = _check_newer(run, state, asks_date) or _check_not_shrunken(run, found, max_withdrawn, state, scope)
    if run.reason:
        run.status = Status.REFUSED


def _apply(run: SyncRun, found: Comparison, scope: str, dry_run: bool) -> None:
    run.appeared, run.changed, run.withdrawn = (found.counts[kind] for kind in ("appeared", "changed", "withdrawn"))
    if dry_run:
        run.status, run.preview = Status.DRY_RUN, _preview(found)
        return
    if found.differs:
        _record_changes(found, run)
        found.apply(run, timezone.now())
    run.status = Status.APPLIED if found.differs else Status.UNCHANGED
    known = {"generated_at": run.generated_at} if run.generated_at else {}
    SourceState.objects.filter(source=run.source).update(scope=scope, lines=run.lines, **known)


def _level_of(source: str) -> datetime | None:
    return SourceState.objects.filter(source=source).values_list("generated_at", flat=True).first()


def _check_still_level(source: Incremental, state: SourceState) -> None:
    """Refuse a list of changes when the picture they were told against is no longer ours: another run may have brought
    a later one, never an older."""
    if state.generated_at is None or source.since is None or state.generated_at < source.since:
        raise UnreadableSource("Notre copie a été remise à zéro pendant la lecture : relancez une lecture complète.")


def _lock(source: str) -> SourceState:
    # SQLite has no row locks; there the transaction itself, begun IMMEDIATE, is the lock.
    SourceState.objects.get_or_create(source=source)
    return SourceState.objects.select_for_update().get(source=source)


def _check_newer(run: SyncRun, state: SourceState, asks_date: bool) -> str:
    """`asks_date`: of a file that someone gives, and who can tell; what is fetched from its address is of now."""
    if asks_date and state.generated_at and not run.generated_at:
        ours = date_format(timezone.localtime(state.generated_at), "d/m/Y H:i")
        return f"Ce fichier ne dit pas sa date, alors que notre copie est du {ours} : donnez la date du fichier."
    if run.generated_at and state.generated_at and run.generated_at < state.generated_at:
        ours, theirs = (
            date_format(timezone.localtime(at), "d/m/Y H:i") for at in (state.generated_at, run.generated_at)
        )
        return f"Fichier plus ancien que notre copie : il date du {theirs}, notre copie du {ours}."
    return ""


def _check_not_shrunken(
    run: SyncRun, found: Comparison, max_withdrawn: float | None, state: SourceState, scope: str
) -> str:
    share = settings.ANNUAIRE_MAX_WITHDRAWN if max_withdrawn is None else max_withdrawn
    if scope != state.scope:
        # We no longer ask for the same people: their absence is of our making. Only the file's length still tells.
        return _shrunken("lignes", state.lines - run.lines, state.lines, share)
    if found.held and not found.addresses and max_withdrawn is None:
        return f"Fichier sans {found.kept.nothing}, alors que notre copie en compte {found.held}."
    return _shrunken(found.kept.nouns, found.counts["withdrawn"], found.held, share)


def _shrunken(nouns: str, missing: int, held: int, share: float) -> str:
    if missing <= share * held:
        return ""
    return (
        f"{missing} {nouns} sur {held} ({number_format(100 * missing / held, 1)} %) disparaîtraient, plus que "
        f"les {number_format(100 * share, 1)} % admis : fichier sans doute incomplet."
    )


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
