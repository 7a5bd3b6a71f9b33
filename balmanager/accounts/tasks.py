"""Jobs of the accounts."""

from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from balmanager.accounts.models import AccountEntry


@shared_task(autoretry_for=(OSError, SMTPException), retry_backoff=60, max_retries=6)
def deliver(subject: str, text: str, address: str) -> None:
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address]).send()


@shared_task
def purge_account_log() -> int:
    return AccountEntry.objects.filter(at__lt=timezone.now() - settings.ACCOUNT_LOG_KEPT).delete()[0]
