"""How notices leave. The journal is the outbox: an entry not yet told is told, and told again until it is.

The action that writes an entry writes its notices in the same transaction; `tell` sends them afterwards, outside any
transaction, under a lease. A process that dies between the mail server's "accepted" and our mark makes the one case in
which a mail can go twice, and then both carry the same Message-ID.
"""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import NamedTuple

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from directory.clocks import to_come
from directory.typography import cut
from mailboxes.lifecycle import Act, CampaignKind, Party
from mailboxes.models import JournalEntry, Notice, Request, RestingServer
from mailboxes.models.contacts import OF_CONTACTS
from mailboxes.models.journal import LONGEST_WAIT
from mailboxes.notices import links
from mailboxes.notices.mails import mail_of

logger = logging.getLogger(__name__)
OF_ADDRESSES = (Act.ASK_PERSON, Act.REMIND_PERSON)  # a person is asked about their own

JOININGS = (Act.ASK_JOINING, Act.ACCEPT_JOINING, Act.REFUSE_JOINING, Act.EXPIRE_JOINING)
CAMPAIGNS = (Act.ASK_CAMPAIGN, Act.REMIND_CAMPAIGN)
ON_A_WORD = (Act.RECORD_ACCESS, Act.REQUEST_ACCESS)
REST = timedelta(seconds=60)  # during which a mail server that failed is left alone, by every process


@shared_task
def tell(entry_pks: list[int]) -> int:
    """Tell these entries to those who must hear of them; how many are now told."""
    return sum(tell_one(pk) for pk in entry_pks)


def tell_one(pk: int) -> bool:
    held_until = timezone.now() + settings.NOTICE_LEASE
    if not JournalEntry.objects.claim(pk, held_until - settings.NOTICE_LEASE):
        return False
    waiting = Notice.objects.filter(entry=pk, sent_at=None, bounced_at=None, channel__in=Notice.MAILED)
    unsent = list(
        waiting.select_related(
            "bal__structure__parent__parent", "person", "entry__bal", "entry__structure__parent__parent"
        )
    )
    settled, tried = 0, 0
    for notice in unsent:
        if is_resting(notice.channel):
            continue
        now = timezone.now()
        if not JournalEntry.objects.renew(pk, held_until, now):  # we were so slow that another took it over
            return False
        held_until = now + settings.NOTICE_LEASE
        settled += _send(notice)
        tried += 1
    if settled == len(unsent):
        JournalEntry.objects.filter(pk=pk).update(told_at=timezone.now())
    else:
        tries = max(notice.attempts for notice in unsent)
        later = timezone.now() + settings.NOTICE_LEASE * 2 ** min(tries, LONGEST_WAIT)
        JournalEntry.objects.filter(pk=pk, leased_until=held_until).update(leased_until=later if tried else None)
    return settled == len(unsent)


def _send(notice: Notice) -> bool:
    """Send one notice; is it settled then, sent or refused for good?"""
    try:
        _mail(notice).send()
    except (OSError, ValueError) as error:  # ValueError: what is written there is no address
        logger.warning("Avis %s non remis : %s", notice.pk, error)
        Notice.objects.filter(pk=notice.pk).update(attempts=F("attempts") + 1, error=str(error))
        if is_of_server(error):
            let_rest(notice.channel, error)
        return is_refused(error) and record_bounce(notice.pk, str(error))
    _mark_sent(notice)
    return True


@transaction.atomic
def _mark_sent(notice: Notice) -> None:
    """Letter and request together: a request whose letter left is no draft. The request first, as in its cancelling:
    the two wait for each other in one order."""
    now = timezone.now()
    if notice.party == Party.OPERATOR:
        Request.objects.filter(entry=notice.entry_id).mark_sent(now)
    RestingServer.objects.filter(name=notice.channel).delete()  # it answers again
    Notice.objects.filter(pk=notice.pk).update(attempts=F("attempts") + 1, error="", sent_at=now)


def is_resting(channel: str) -> bool:
    """Did the mail server of this channel fail a moment ago, whoever asked it? Each try would wait for it again."""
    return RestingServer.objects.filter(to_come("until", timezone.now(), REST), name=channel).exists()


def let_rest(channel: str, error: Exception) -> None:
    until, said = timezone.now() + REST, cut(f"{type(error).__name__}: {error}", 300)
    RestingServer.objects.update_or_create(name=channel, defaults={"until": until, "error": said})


def is_of_server(error: Exception) -> bool:
    """Is it the server that failed, whatever the message: unreachable, silent, gone, closed to us?"""
    of_message = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError, ValueError)
    return not isinstance(error, of_message)


def is_refused(error: Exception) -> bool:
    """Was it refused for good because of the recipient? 5.7.x refuses the sender, which whoever runs the server
    mends. Exchange looks for the recipient, of whom there is one, once it has the mail: 5.1.x, 5.2.x."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 and b"5.7." not in reason for code, reason in error.recipients.values())
    if isinstance(error, SMTPDataError):
        return isinstance(error.smtp_error, bytes) and error.smtp_error.startswith((b"5.1.", b"5.2."))
    return isinstance(error, ValueError)


def record_bounce(pk: int, reason: str) -> bool:
    """A mail server refused this notice for good: it is not sent again, and counts as not given. Once."""
    refused = {"bounced_at": timezone.now(), "error": cut(reason, 1000)}
    return bool(Notice.objects.filter(pk=pk, bounced_at=None, channel__in=Notice.MAILED).update(**refused))


def _mail(notice: Notice) -> EmailMessage:
    """The mail: the operator needs the request itself; a person gets a pointer only, for an ordinary mail is read
    by others."""
    facts = {"headers": {"Message-ID": links.message_id(notice)}, **_way(notice)}
    if notice.party == Party.OPERATOR:
        return EmailMessage(notice.subject, notice.text, to=[notice.address], **facts)
    mail = mail_of(notice, f"{settings.SITE_URL}{path_of(notice)}", is_signed=is_signed(notice))
    return mail.message(notice.address, **facts)


def _way(notice: Notice) -> dict:
    """The sender and the mail server for this notice; Django's own settings for ordinary mail."""
    if notice.channel != Notice.Channel.MSSANTE:
        return {}
    options: dict = settings.MSSANTE_MAIL
    return {"from_email": settings.MSSANTE_FROM_EMAIL, "connection": get_connection(**options)}


def path_of(notice: Notice) -> str:
    """The address to which the reader is led: to what they may answer at once, by a link signed as it is sent; or
    behind the log-in."""
    if link := is_signed(notice) and _link_of(notice):
        return reverse(link.page, args=[links.sign_notice(notice, link.salt)])
    if notice.act in CAMPAIGNS:
        return reverse("my-campaigns")
    if notice.act == Act.ESCALATE_REQUEST:  # where the answer is written down
        return Request.objects.get(lines=notice.entry_id).get_absolute_url()
    if notice.act in ON_A_WORD and notice.bal and notice.person and notice.bal.is_held_by(notice.person):
        return notice.bal.get_absolute_url()  # where the word that is cited is denied
    if notice.party == Party.DELEGATAIRE:  # they may see the BAL no longer
        return reverse("my-bals")
    if notice.bal:
        return notice.bal.get_absolute_url()
    if notice.act in JOININGS:
        return reverse("joining-list") if notice.party == Party.GESTIONNAIRES else reverse("my-bals")
    if notice.stage in OF_ADDRESSES or notice.act == Act.CANCEL_MOVEMENT:
        return reverse("my-bals")
    if notice.act == Act.PREFER_CHANNEL:
        return reverse("my-preferences")
    if notice.act == Act.REMIND_ENGAGEMENT:
        return reverse("engagement-list")
    if notice.stage == Act.ASK_HANDOVER:
        return reverse("person-roles", args=[notice.entry.person_id])
    return reverse("person", args=[notice.entry.person_id])


def is_signed(notice: Notice) -> bool:
    """Is its link enough to answer, without logging in? Not where somebody else gave that address of late: the one who
    gave it might answer."""
    if notice.stage in OF_CONTACTS:
        return True
    return notice.person is not None and _link_of(notice) is not None and notice.person.is_trusted_at(notice.address)


class _Link(NamedTuple):
    page: str
    salt: str


def _link_of(notice: Notice) -> _Link | None:
    """The signed link by which such a notice may be answered; most have none."""
    if notice.is_answerable:
        return _Link("notice-link", links.NOTICE)
    if is_answered_in_campaign(notice):
        return _Link("campaign-link", links.NOTICE)
    if notice.stage in OF_ADDRESSES:
        return _Link("claims-link", links.CLAIMS)
    if notice.stage in OF_CONTACTS:
        return _Link("contact-link", links.CONTACT)
    if notice.act == Act.ASK_JOINING and notice.person_id:
        return _Link("joining-link", links.JOINING)
    return None


def is_answered_in_campaign(notice: Notice) -> bool:
    """The stage carries the kind; rights are never withdrawn without logging in."""
    return notice.act in CAMPAIGNS and notice.stage == f"{notice.act}-{CampaignKind.CLEANUP}"
