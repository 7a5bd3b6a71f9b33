"""The jobs (`table`), run by Celery, by hand and in tests."""

import logging
from datetime import datetime

from celery import Task, current_app, shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from mailboxes.actions import Tally
from mailboxes.jobs.table import JOBS, ScheduledJob, Sweep
from mailboxes.models.thresholds import chosen

__all__ = ["JOBS", "TASKS", "ScheduledJob", "Sweep", "run"]

logger = logging.getLogger(__name__)
# A database that is away at the minute of a daily job would cost the day: tried for an hour, or until it comes again.
AGAIN = (OperationalError, InterfaceError)
PATIENCE = {"retry_backoff": 60, "retry_backoff_max": 1800, "retry_jitter": False, "max_retries": 6}


def run(name: str, now: datetime | None = None) -> Tally:
    """Do what is due at `now` (the present by default) for one job."""
    chosen.refresh_if_old()
    tally = Tally()
    for sweep in JOBS[name].sweeps:
        tally += sweep.act(sweep.due(now or timezone.now()))
    logger.info("%s : %s faits, %s refusés", name, tally.done, len(tally.refused))
    for what, reason in tally.refused.items():
        logger.warning("%s : %s : %s", name, what, reason)
    return tally


def _task_of(name: str) -> Task:
    @shared_task(name=f"{__name__}.{name}", autoretry_for=AGAIN, **PATIENCE)
    def task() -> Tally:
        return run(name)

    return task


TASKS: dict[str, Task] = {name: _task_of(name) for name in JOBS}
# The beat reads its schedule once the tasks are imported.
current_app.conf.beat_schedule.update(
    {name: {"task": task.name, "schedule": JOBS[name].when} for name, task in TASKS.items()}
)
