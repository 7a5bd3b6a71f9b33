"""Jobs of the accounts."""

from smtplib import SMTPException

from allauth.usersessions.models import UserSession
from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.utils import timezone

from balmanager.accounts.models import AccountEntry, Invitation


@shared_task(autoretry_for=(OSError, SMTPException), retry_backoff=60, max_retries=6)
def deliver(subject: str, text: str, address: str) -> None:
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address]).send()


@shared_task
def purge_account_log() -> int:
    """Also what is of it and stands elsewhere: invitations, and where from the sessions were that are over."""
    since = timezone.now() - settings.ACCOUNT_LOG_KEPT
    UserSession.objects.exclude(session_key__in=Session.objects.values("pk")).delete()
    Invitation.objects.filter(expires_at__lt=since).delete()
    return AccountEntry.objects.filter(at__lt=since).delete()[0]
