"""Who hears of what. The journal is the outbox: an entry not yet told is told, and told again until it is.

The action that writes an entry writes its notices in the same transaction; `tell` sends them afterwards, outside any
transaction, under a lease. A process that dies between the mail server's "accepted" and our mark makes the one case in
which a mail can go twice, and then both carry the same Message-ID.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any, NamedTuple

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from directory.plain import plain_text
from directory.typography import cut
from mailboxes.lifecycle import Act, CampaignKind, Letter, Party
from mailboxes.models import (
    Affiliation,
    Bal,
    JournalEntry,
    Membership,
    Notice,
    Person,
    Request,
    RestingServer,
    Structure,
)
from mailboxes.models.contacts import OF_CONTACTS
from mailboxes.notices import links
from mailboxes.notices.mails import mail_of, structure_of, subject_of, words_about
from mailboxes.requests.letters import Layouts

logger = logging.getLogger(__name__)
OF_ADDRESSES = (Act.ASK_PERSON, Act.REMIND_PERSON)  # a person is asked about their own

JOININGS = (Act.ASK_JOINING, Act.ACCEPT_JOINING, Act.REFUSE_JOINING, Act.EXPIRE_JOINING)
CAMPAIGNS = (Act.ASK_CAMPAIGN, Act.REMIND_CAMPAIGN)
LONGEST_WAIT = 7  # the lease doubles with each failure, so many times at most
REST = timedelta(seconds=60)  # during which a mail server that failed is left alone, by every process


def notices_for(
    entry: JournalEntry,
    bal: Bal,
    *,
    stage: str,
    cycle: str,
    parties: Iterable[Party],
    accounts: dict | None = None,
    holders: Iterable[Person] | None = None,
) -> list[Notice]:
    """The notices that `entry` calls for, unsaved: one per holder, one per gestionnaire.

    The operator's is the letter of a request (`letter_to_operator`), for they hear of nothing else.
    `accounts`: the gestionnaires by structure, as `gestionnaires_of` finds them for a night's worth of BAL at once.
    `holders`: those of then, where others came since.
    """
    notices = []
    if Party.HOLDERS in parties:
        text = _text_to_people(stage, entry=entry, bal=bal)
        held_by = [holder.person for holder in bal.cotitulaires.all()] if holders is None else holders
        notices += [
            _to_person(entry, person, text, stage=stage, cycle=cycle)
            for person in held_by
            if not is_own_act(entry, person)
        ]
    if Party.GESTIONNAIRES in parties:
        text = _text_to_gestionnaires(stage, entry=entry, bal=bal)
        managing = [one for one in (accounts or {}).get(bal.structure_id, []) if one.pk != entry.by_id]
        notices += [_to_account(entry, account, text, stage=stage, cycle=cycle) for account in managing]
    return notices


def gestionnaires_of(bals: Iterable[Bal | Request | Affiliation]) -> dict[int, list]:
    """The accounts that manage the structures of these BAL, those above included: by structure, in two queries."""
    structures = Structure.objects.filter(pk__in={bal.structure_id for bal in bals})
    chains = {pk: {pk, *filter(None, above)} for pk, *above in structures.values_list("pk", "parent", "parent__parent")}
    managing = Membership.objects.managing()
    found: dict[int, dict] = defaultdict(dict)
    for row in managing.filter(structure__in=set().union(*chains.values())).select_related("user").order_by("user"):
        for pk, chain in chains.items():
            if row.structure_id in chain:
                found[pk][row.user_id] = row.user
    return {pk: list(accounts.values()) for pk, accounts in found.items()}


def letter_to_operator(entry: JournalEntry, request: Request, letter: Letter, layouts: Layouts) -> Notice:
    """The letter to the operator: one per request, kind of letter and cycle of reminders, whatever runs twice."""
    written, operator = layouts.write(request, letter), request.operator
    facts = {"party": Party.OPERATOR, "recipient": operator.name, "address": operator.request_email}
    cycle = f"request-{request.pk}-{request.cycle}"
    return _notice(entry, operator.pk, stage=f"{entry.what}-{letter}", cycle=cycle, **facts, **written._asdict())


def notices_of_delay(entry: JournalEntry, request: Request, accounts: dict[int, list]) -> list[Notice]:
    """The notices to those who manage the structure, among `accounts` by structure: the operator does not answer."""
    text = _text_to_gestionnaires(entry.what, request=request)
    cycle = f"request-{request.pk}-{request.cycle}"
    told = accounts.get(request.structure_id, [])
    return [_to_account(entry, account, text, stage=entry.what, cycle=cycle) for account in told]


def is_own_act(entry: JournalEntry, person: Person) -> bool:
    """Did they do it themselves, logged in or by a signed link? Nobody is written about what they just did."""
    return entry.signatory_id == person.pk or (entry.by_id is not None and entry.by_id == person.user_id)


def notice_to_person(
    entry: JournalEntry,
    person: Person,
    *,
    stage: str,
    cycle: str,
    party: Party = Party.HOLDERS,
    until: date | None = None,
) -> Notice:
    """The notice to a person about themselves, their addresses, or an access they have or gave.

    `until`: the last day of an answer, where the caller alone knows it."""
    text = _text_to_people(stage, entry=entry, bal=entry.bal)
    return _to_person(entry, person, text, stage=stage, cycle=cycle, party=party, until=until)


def notices_to_addresses(entry: JournalEntry, person: Person, addresses: dict[str, str], *, stage: str) -> list[Notice]:
    """The notices about the person's contact details, to each of these addresses (with its channel): not to where other
    notices go."""
    text = _text_to_people(stage, entry=entry)
    facts: dict[str, Any] = {"party": Party.HOLDERS, "person": person, "recipient": str(person), "text": text}
    facts |= {"subject": subject_of(entry, stage)}
    return [
        _notice(
            entry, person.pk, stage=stage, cycle=f"entry-{entry.pk}-{number}", channel=channel, address=address, **facts
        )
        for number, (address, channel) in enumerate(addresses.items())
    ]


def notice_to_account(entry: JournalEntry, account, *, stage: str) -> Notice:
    """The notice to one gestionnaire, of what became of what they had asked."""
    text = _text_to_gestionnaires(stage, entry=entry)
    return _to_account(entry, account, text, stage=stage, cycle=f"entry-{entry.pk}")


def notices_to_gestionnaires(
    entry: JournalEntry, managing, *, stage: str, cycle: str, accounts: dict | None = None
) -> list[Notice]:
    """The notices to the gestionnaires of one structure: `managing` has its `structure_id`. `accounts`: as in
    `notices_for`."""
    text = _text_to_gestionnaires(stage, entry=entry)
    told = (gestionnaires_of([managing]) if accounts is None else accounts).get(managing.structure_id, [])
    return [_to_account(entry, account, text, stage=stage, cycle=cycle) for account in told]


def _to_person(
    entry: JournalEntry,
    person: Person,
    text: str,
    *,
    stage: str,
    cycle: str,
    party: Party = Party.HOLDERS,
    until: date | None = None,
) -> Notice:
    channel, address = person.reached_by(entry.bal)
    facts = {"party": party, "person": person, "recipient": str(person), "text": text}
    facts |= {"channel": channel, "address": address, "subject": subject_of(entry, stage, until=until)}
    return _notice(entry, person.pk, stage=stage, cycle=cycle, **facts)


def _to_account(entry: JournalEntry, account, text: str, *, stage: str, cycle: str) -> Notice:
    name = account.get_full_name() or account.get_username()
    subject = subject_of(entry, stage, to_gestionnaire=True)
    facts = {"party": Party.GESTIONNAIRES, "recipient": name, "address": account.email, "text": text}
    facts |= {"subject": subject}
    return _notice(entry, account.pk, stage=stage, cycle=cycle, **facts)


def _notice(entry: JournalEntry, who: int, *, stage: str, cycle: str, **facts) -> Notice:
    notice = Notice(entry=entry, bal=entry.bal, stage=stage, **facts)
    about = entry.bal_id or (f"person-{entry.person_id}" if entry.person_id else f"structure-{entry.structure_id}")
    notice.key = f"{about}:{stage}:{cycle}:{notice.party}:{who}"
    notice.channel = notice.channel or Notice.Channel.EMAIL
    if notice.channel in Notice.MAILED and not notice.address:
        notice.channel = Notice.Channel.NONE
    return notice


def _text_to_people(stage: str, *, entry: JournalEntry, **about) -> str:
    """Ours, then what the structure adds."""
    facts = {"stage": stage, "entry": entry, **about}
    text = plain_text(f"mailboxes/notices/texts/{template_of(stage)}.txt", facts)
    words = words_about(entry, stage)
    return f"{text}\n\n{structure_of(entry)} ajoute : {words}" if words else text


def _text_to_gestionnaires(stage: str, **about) -> str:
    return plain_text(f"mailboxes/notices/texts/{template_of(stage)}_gestionnaire.txt", about)


def template_of(stage: str) -> str:
    """The template of a stage; some stages carry a number (`warn_quota-90`, `remind_idle-30`) and share one text."""
    return stage.partition("-")[0]


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
    return RestingServer.objects.filter(name=channel, until__gt=timezone.now()).exists()


def let_rest(channel: str, error: Exception) -> None:
    until, said = timezone.now() + REST, cut(f"{type(error).__name__}: {error}", 300)
    RestingServer.objects.update_or_create(name=channel, defaults={"until": until, "error": said})


def is_of_server(error: Exception) -> bool:
    """Is it the server that failed, whatever the message: unreachable, silent, gone, closed to us?"""
    of_message = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError, ValueError)
    return not isinstance(error, of_message)


def is_refused(error: Exception) -> bool:
    """Was it refused for good because of the recipient? 5.7.x refuses the sender, which whoever runs the server
    mends."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 and b"5.7." not in reason for code, reason in error.recipients.values())
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
    """Where the reader is led: to what they may answer at once, by a link signed as it is sent; or behind the
    log-in."""
    if link := is_signed(notice) and _link_of(notice):
        return reverse(link.page, args=[links.sign_notice(notice, link.salt)])
    if notice.act in CAMPAIGNS:
        return reverse("my-campaigns")
    if notice.party == Party.DELEGATAIRE:  # they may see the BAL no longer
        return reverse("my-bals")
    if notice.bal:
        return notice.bal.get_absolute_url()
    if notice.act in JOININGS:
        return reverse("joining-list") if notice.party == Party.GESTIONNAIRES else reverse("my-bals")
    if notice.stage in OF_ADDRESSES:
        return reverse("my-bals")
    if notice.act == Act.PREFER_CHANNEL:
        return reverse("my-preferences")
    if notice.act == Act.REMIND_ENGAGEMENT:
        return reverse("engagement-list")
    if notice.party == Party.GESTIONNAIRES and not notice.entry.person_id:
        return reverse("request-list") + "?overdue=oui"
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
    """Where such a notice may be answered by a signed link; most may not."""
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
