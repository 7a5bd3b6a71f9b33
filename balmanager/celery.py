"""The Celery application; what runs when stands in `settings.CELERY_BEAT_SCHEDULE`."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

TRANSPORT_ALIASES["sqlitequeue"] = "balmanager.broker:Transport"

app = Celery("balmanager", task_cls="balmanager.degraded:SeldomWaits")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
