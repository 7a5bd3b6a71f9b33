"""The runs that nobody waits for."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from celery import shared_task
from django.utils import timezone

from directory.models import SyncRun
from directory.sources import Source, UnreadableSource, get_source
from directory.sync import sync

logger = logging.getLogger(__name__)

ONCE_IN = timedelta(hours=20)
SLICE = 20 * 60  # seconds


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
    if latest and timezone.now() - latest.started_at < ONCE_IN:
        return
    options = {"max_seconds": SLICE} if source == "fhir" else {}
    configured = get_source(source, **options)
    if configured.origin:
        _run(configured)


@shared_task
def sync_upload(
    run_pk: int,
    path: str,
    filename: str,
    dry_run: bool = False,
    max_withdrawn: float | None = None,
    dated: str | None = None,
) -> None:
    """Take up a run that waits for its uploaded file; given twice, it runs once."""
    claimed = SyncRun.objects.filter(pk=run_pk, status=SyncRun.Status.WAITING).update(status=SyncRun.Status.RUNNING)
    if not claimed:
        return
    run = SyncRun.objects.get(pk=run_pk)
    try:
        _run(
            get_source(run.source, path=path, filename=filename),
            run=run,
            dry_run=dry_run,
            max_withdrawn=max_withdrawn,
            dated=datetime.fromisoformat(dated) if dated else None,
        )
    finally:
        Path(path).unlink(missing_ok=True)


def _run(source: Source, **options) -> None:
    try:
        sync(source, **options)
    except UnreadableSource as error:
        logger.warning("Run of %s: %s", source.name, error)
