"""Who hears of what. The journal is the outbox: an entry not yet told is told, and told again until it is.

The action that writes an entry writes its notices in the same transaction; `tell` sends them afterwards, outside any
transaction, under a lease. A process that dies between the mail server's "accepted" and our mark makes the one case in
which a mail can go twice, and then both carry the same Message-ID.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from mailboxes import links
from mailboxes.lifecycle import Party
from mailboxes.models import Bal, JournalEntry, Membership, Notice, Operator, Person, Request, Structure

logger = logging.getLogger(__name__)


def notices_for(
    entry: JournalEntry, bal: Bal, *, stage: str, cycle: str, parties: Iterable[Party], accounts: dict | None = None
) -> list[Notice]:
    """The notices that `entry` calls for, unsaved: one per holder, one for the operator, one per gestionnaire.

    `accounts`: the gestionnaires by structure, as `gestionnaires_of` finds them for a night's worth of BAL at once.
    """
    notices = []
    about = {"bal": bal, "entry": entry}
    if Party.HOLDERS in parties:
        text = render_to_string(f"mailboxes/notices/{template_of(stage)}.txt", about)
        notices += [
            _to_person(entry, holder.person, text, stage=stage, cycle=cycle) for holder in bal.cotitulaires.all()
        ]
    if Party.OPERATOR in parties:
        notices.append(notice_to_operator(entry, bal.operator, stage=stage, cycle=cycle))
    if Party.GESTIONNAIRES in parties:
        text = render_to_string(f"mailboxes/notices/{template_of(stage)}_gestionnaire.txt", about)
        managing = (accounts or {}).get(bal.structure_id, [])
        notices += [_to_account(entry, account, text, stage=stage, cycle=cycle) for account in managing]
    return notices


def gestionnaires_of(bals: Iterable[Bal]) -> dict[int, list]:
    """The accounts that manage the structures of these BAL, those above included: by structure, in two queries."""
    structures = Structure.objects.filter(pk__in={bal.structure_id for bal in bals})
    chains = {pk: {pk, *filter(None, above)} for pk, *above in structures.values_list("pk", "parent", "parent__parent")}
    managing = Membership.objects.filter(role=Membership.Role.GESTIONNAIRE, user__is_active=True)
    found: dict[int, dict] = defaultdict(dict)
    for row in managing.filter(structure__in=set().union(*chains.values())).select_related("user").order_by("user"):
        for pk, chain in chains.items():
            if row.structure_id in chain:
                found[pk][row.user_id] = row.user
    return {pk: list(accounts.values()) for pk, accounts in found.items()}


def notice_to_operator(entry: JournalEntry, operator: Operator, *, stage: str, cycle: str) -> Notice:
    text = render_to_string(f"mailboxes/notices/{stage}_operator.txt", {"bal": entry.bal, "entry": entry})
    facts = {"party": Party.OPERATOR, "recipient": operator.name, "address": operator.request_email, "text": text}
    return _notice(entry, operator.pk, stage=stage, cycle=cycle, **facts)


def notice_to_person(entry: JournalEntry, person: Person, *, stage: str, cycle: str) -> Notice:
    """About the person himself, or his addresses."""
    text = render_to_string(f"mailboxes/notices/{template_of(stage)}.txt", {"entry": entry})
    return _to_person(entry, person, text, stage=stage, cycle=cycle)


def _to_person(entry: JournalEntry, person: Person, text: str, *, stage: str, cycle: str) -> Notice:
    facts = {"party": Party.HOLDERS, "person": person, "recipient": str(person), "address": person.email, "text": text}
    return _notice(entry, person.pk, stage=stage, cycle=cycle, **facts)


def _to_account(entry: JournalEntry, account, text: str, *, stage: str, cycle: str) -> Notice:
    name = account.get_full_name() or account.get_username()
    facts = {"party": Party.GESTIONNAIRES, "recipient": name, "address": account.email, "text": text}
    return _notice(entry, account.pk, stage=stage, cycle=cycle, **facts)


def _notice(entry: JournalEntry, who: int, *, stage: str, cycle: str, **facts) -> Notice:
    notice = Notice(entry=entry, bal=entry.bal, stage=stage, **facts)
    about = entry.bal_id or (f"person-{entry.person_id}" if entry.person_id else f"structure-{entry.structure_id}")
    notice.key = f"{about}:{stage}:{cycle}:{notice.party}:{who}"
    notice.channel = Notice.Channel.EMAIL if notice.address else Notice.Channel.NONE
    return notice


def template_of(stage: str) -> str:
    """Quota stages carry their threshold (`warn_quota-90`) and share one text."""
    return stage.partition("-")[0]


@shared_task
def tell(entry_pks: list[int]) -> int:
    """Tell these entries to those who must hear of them; how many are now told."""
    return sum(tell_one(pk) for pk in entry_pks)


def tell_one(pk: int) -> bool:
    if not JournalEntry.objects.claim(pk, timezone.now()):
        return False
    waiting = Notice.objects.filter(entry=pk, sent_at=None, channel=Notice.Channel.EMAIL)
    unsent = list(waiting.select_related("bal", "person", "entry__bal"))
    sent = [_send(notice) for notice in unsent]
    if all(sent):
        JournalEntry.objects.filter(pk=pk).update(told_at=timezone.now())
    return all(sent)


def _send(notice: Notice) -> bool:
    try:
        _mail(notice).send()
    except (SMTPException, OSError) as error:
        logger.warning("Avis %s non remis : %s", notice.pk, error)
        Notice.objects.filter(pk=notice.pk).update(attempts=F("attempts") + 1, error=str(error))
        return False
    Notice.objects.filter(pk=notice.pk).update(attempts=F("attempts") + 1, error="", sent_at=timezone.now())
    if notice.party == Party.OPERATOR:
        Request.objects.filter(entry=notice.entry_id).mark_sent(timezone.now())
    return True


def _mail(notice: Notice) -> EmailMessage:
    """The operator needs the request itself; a person gets a pointer only, for an ordinary mail is read by others."""
    headers = {"Message-ID": f"<{notice.key.replace(':', '.')}@{settings.MESSAGE_ID_DOMAIN}>"}
    if notice.party == Party.OPERATOR:
        subject, body = f"[BAL Manager] {notice.entry.subject}", notice.text
    else:
        link = f"{settings.SITE_URL}{path_of(notice)}"
        subject = "Une action vous attend dans BAL Manager"
        body = render_to_string("mailboxes/notices/mail.txt", {"notice": notice, "link": link})
    return EmailMessage(subject, body, to=[notice.address], headers=headers)


def path_of(notice: Notice) -> str:
    """Where the reader is led: the BAL, behind the log-in; or his own addresses, by a link signed as it is sent."""
    if notice.bal:
        return notice.bal.get_absolute_url()
    return reverse("claims-link", args=[links.sign(notice.person)])
