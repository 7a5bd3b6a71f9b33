"""The application's own settings, with short leases."""

from datetime import timedelta

from balmanager.settings import *  # noqa: F403
from balmanager.settings import CELERY_BROKER_TRANSPORT_OPTIONS, REDIS_URL

NOTICE_LEASE = timedelta(seconds=30)
CELERY_IMPORTS = ["tests.faults.hurry"]
if REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] = 60
