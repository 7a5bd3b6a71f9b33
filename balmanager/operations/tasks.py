"""Found by every worker as it starts: its runs are noted from then on."""

from celery import shared_task

from balmanager.operations import alerts, records

records.connect()


@shared_task
def tell_troubles() -> None:
    alerts.tell()
