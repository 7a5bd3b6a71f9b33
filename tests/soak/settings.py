"""The application's own settings, and one task more that tells that it was done."""

from balmanager.settings import *  # noqa: F403

CELERY_IMPORTS = ["tests.soak.jobs"]
