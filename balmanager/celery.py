"""The Celery application. What runs when stands in `mailboxes.jobs` and, for the annuaire, in the settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

app = Celery("balmanager")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["mailboxes"], related_name="jobs")
