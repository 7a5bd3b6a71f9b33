"""Writes down each run of a scheduled job, from the signals that Celery gives its workers."""

import logging
import time
from collections import defaultdict
from functools import cache

from celery import current_app, signals
from celery.schedules import BaseSchedule, maybe_schedule
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from balmanager.logs import without_people
from balmanager.operations.models import Failure, Job
from directory.typography import cut

logger = logging.getLogger(__name__)

_started: dict[str, float] = {}  # runs of this process, by the identity of their task


@cache
def scheduled() -> dict[str, dict]:
    """The jobs of the beat, by name: those of the settings, and those that the modules of tasks add."""
    current_app.loader.import_default_modules()
    return current_app.conf.beat_schedule


@cache
def schedules() -> dict[str, BaseSchedule]:
    return {name: maybe_schedule(entry["schedule"]) for name, entry in scheduled().items()}


@cache
def _names() -> dict[str, dict[str, str]]:
    """The jobs of each task, by their arguments as they are written: some tasks are given lists, which name nothing."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for name, entry in scheduled().items():
        names[entry["task"]][repr(tuple(entry.get("args", ())))] = name
    return names


def connect() -> None:
    signals.task_prerun.connect(note_start)
    signals.task_postrun.connect(note_end)


def name_of(task, args) -> str | None:
    """The job that this run is of; None for a task that somebody's act asked for, or that runs in that act."""
    return None if task.request.is_eager else _names().get(task.name, {}).get(repr(tuple(args or ())))


def note_start(task_id=None, task=None, args=None, **kwargs) -> None:
    if name := name_of(task, args):
        _started[task_id] = time.monotonic()
        note(start, name)


def note_end(task_id=None, task=None, args=None, retval=None, state=None, **kwargs) -> None:
    if name := name_of(task, args):
        seconds = time.monotonic() - _started.pop(task_id, time.monotonic())
        note(end, name, seconds, None if state == "SUCCESS" else retval, retval)


def note(write, *facts) -> None:
    """A job that was done is done, whether or not it could be noted."""
    try:
        write(*facts)
    except DatabaseError:
        logger.exception("The run of a job could not be noted")


def start(name: str) -> None:
    Job.objects.update_or_create(name=name, defaults={"started_at": timezone.now()})


def end(name: str, seconds: float, error: object, result: object) -> None:
    now = timezone.now()
    facts = {"ended_at": now, "seconds": seconds, "runs": F("runs") + 1}
    if error is None:
        facts |= {"succeeded_at": now, "done": getattr(result, "done", None), "refused": count_refused(result)}
    else:
        facts |= {"failures": F("failures") + 1}
    Job.objects.filter(name=name).update(**facts)
    if error is not None:
        text = cut(without_people(f"{type(error).__name__}: {error}"), 300)
        Failure.objects.create(job_id=name, at=now, error=text)
        kept = Failure.objects.filter(job=name).values("pk")[: Failure.KEPT]
        Failure.objects.filter(job=name).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


def count_refused(result: object) -> int | None:
    refused = getattr(result, "refused", None)
    return None if refused is None else len(refused)
