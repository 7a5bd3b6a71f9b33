"""The Celery application. What runs when stands in `mailboxes.jobs` and, for the annuaire, in the settings."""

import os

from celery import Celery, signals
from django.db import connections
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

TRANSPORT_ALIASES["sqlitequeue"] = "balmanager.broker:Transport"

app = Celery("balmanager", task_cls="balmanager.degraded:SeldomWaits")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["mailboxes"], related_name="jobs")
app.autodiscover_tasks(["mailboxes.imports"], related_name="establishment")


@signals.setup_logging.connect
def leave_logging(**kwargs):
    """The settings say what is written, and where: Celery, left to it, takes the errors' stream for itself, and what a
    process that sets Django up once more then writes goes nowhere."""


@signals.task_prerun.connect
def ask_connections(task, **kwargs):
    """Has the database closed it since the last task? Django asks so for each request, and knows nothing of tasks: a
    connection once lost would fail them all."""
    if not task.request.is_eager:
        for connection in connections.all(initialized_only=True):
            connection.health_check_done = False  # type: ignore[attr-defined]
