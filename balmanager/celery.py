"""The Celery application. What runs when stands in `mailboxes.jobs` and, for the annuaire, in the settings."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

TRANSPORT_ALIASES["sqlitequeue"] = "balmanager.broker:Transport"

app = Celery("balmanager", task_cls="balmanager.degraded:SeldomWaits")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["mailboxes"], related_name="jobs")
app.autodiscover_tasks(["mailboxes.imports"], related_name="establishment")
