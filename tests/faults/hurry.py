"""Imported by the processes under `make faults`: what takes minutes takes seconds, so that a run sees it many times."""

from datetime import timedelta

from celery import current_app

from mailboxes import jobs
from mailboxes.notices import telling
from mailboxes.software import delivery, models

delivery.WAITS = models.WAITS = [timedelta(seconds=2)] * 1000
telling.REST = timedelta(seconds=3)
for name, seconds in {"tell_again": 5, "deliver_webhooks": 3}.items():
    current_app.conf.beat_schedule[name] = {"task": jobs.TASKS[name].name, "schedule": timedelta(seconds=seconds)}
