"""The runs that nobody waits for."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from directory.models import SyncRun
from directory.sources import Source, UnreadableSource, get_source
from directory.sync import sync

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=20)  # a source that its settings give no other
SLICE = 20 * 60  # seconds
MOST_TRIES = 3  # of a file whose processes die: it may be the file
KEPT_FOR = timedelta(days=1)  # a file that no run names: an upload may be on its way
DIED = "Interrompue plusieurs fois : son programme s’est arrêté."


@shared_task
def sync_annuaire(source: str = "extraction") -> None:
    """The daily run; a refused or unreadable file is told by the history of runs, it is no failure of the task."""
    configured = get_source(source)
    if not configured.origin:
        logger.info("No address is configured for the source %s: nothing to do.", source)
        return
    _run(configured)


@shared_task
def sync_if_due(source: str) -> None:
    """Run the day's sync if it is due. It is asked often and done once: a long source goes on by slices, and one that
    failed is tried again.

    Short slices leave the worker to the other jobs, and stay far under the hour after which a task is given again.
    """
    latest = SyncRun.objects.latest_of(source)
    every = settings.DIRECTORY_SOURCES[source].get("EVERY", EVERY)
    if latest and timezone.now() - latest.started_at < every:
        return
    configured = get_source(source, **_sliced(source))
    if configured.origin:
        _run(configured)


@shared_task
def sync_upload(run_pk: int) -> None:
    """Take up a run that waits, of an uploaded file or, where none is named, of its source's address; given twice, it
    runs once."""
    claimed = SyncRun.objects.filter(pk=run_pk, status=SyncRun.Status.WAITING).update(
        status=SyncRun.Status.RUNNING, seen_at=timezone.now()
    )
    if not claimed:
        return
    run = SyncRun.objects.get(pk=run_pk)
    asked: dict = run.upload or {}
    dated = datetime.fromisoformat(asked["dated"]) if asked["dated"] else None
    of_file = {"path": asked["path"], "filename": asked["filename"]}
    source = get_source(run.source, **(of_file if asked["path"] else _sliced(run.source)))
    try:
        _run(source, run=run, dry_run=asked["dry_run"], max_withdrawn=asked["max_withdrawn"], dated=dated)
    finally:  # not reached by a process that is killed: then file and question stay, for `take_up_uploads`
        SyncRun.objects.filter(pk=run_pk).update(upload=None)
        if asked["path"]:
            Path(asked["path"]).unlink(missing_ok=True)


@shared_task
def take_up_uploads() -> None:
    """Uploaded files whose task was lost, or whose process died, are read again; files that nobody reads go."""
    now = timezone.now()
    for run in SyncRun.objects.silent(now).filter(upload__isnull=False):
        waits = SyncRun.objects.filter(pk=run.pk, status=run.status, seen_at=run.seen_at)
        is_there = not run.upload["path"] or Path(run.upload["path"]).exists()
        if run.upload["tries"] < MOST_TRIES and is_there:
            asked = run.upload | {"tries": run.upload["tries"] + 1}
            if waits.update(status=SyncRun.Status.WAITING, seen_at=now, upload=asked):
                sync_upload.delay(run.pk)
        else:
            waits.update(status=SyncRun.Status.FAILED, reason=DIED, finished_at=now, upload=None)
    unread = SyncRun.objects.at_work().filter(upload__isnull=False).values_list("upload", flat=True)
    wanted = {upload["path"] for upload in unread}
    for path in uploads().glob("*"):
        if str(path) not in wanted and path.stat().st_mtime < (now - KEPT_FOR).timestamp():
            path.unlink(missing_ok=True)


def _sliced(source: str) -> dict:
    return {"max_seconds": SLICE} if source == "fhir" else {}


def uploads() -> Path:
    return settings.VAR_DIR / "uploads"


def _run(source: Source, **options) -> None:
    try:
        sync(source, **options)
    except UnreadableSource as error:
        logger.warning("Run of %s: %s", source.name, error)
