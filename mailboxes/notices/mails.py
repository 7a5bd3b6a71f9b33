"""The mail that announces a notice: a subject of its own for each kind, one button, and who to ask.

What the notice itself says is read behind its link. HTML and text are two layouts of the same `Mail`.
"""

from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from directory.dates import day_of
from directory.plain import plain_text
from mailboxes.lifecycle import Act, Party, Verb
from mailboxes.models import JournalEntry, Notice, Structure
from mailboxes.models.own_words import own_words
from mailboxes.models.roles import managed_structures
from mailboxes.models.thresholds import chosen
from mailboxes.notices.idleness import ends_at
from mailboxes.notices.wordings import Awaits, Wording, kind_of, wording_of

LONGEST_NAME = 60  # characters of a structure's name in a subject


def words_about(entry: JournalEntry, stage: str) -> str:
    """What the structure adds of its own to what a person is told."""
    return own_words.of(structure_of(entry), kind_of(stage))


def structure_of(entry: JournalEntry) -> Structure | None:
    """Whose BAL it is about; or who speaks to a person about themselves: of where they are, a structure that whoever
    did it manages, else the first."""
    if entry.bal:
        return entry.bal.structure
    if entry.structure or not entry.person:
        return entry.structure
    homes = entry.person.homes
    managed = managed_structures(entry.by) if entry.by and len(homes) > 1 else frozenset()
    return next((home for home in homes if home.pk in managed), next(iter(homes), None))


def subject_of(entry: JournalEntry, stage: str, *, to_gestionnaire: bool = False, until: date | None = None) -> str:
    """« [CH Trois Rivières] Une de vos boîtes MSSanté semble inutilisée : répondez avant le 27 décembre 2026 »."""
    wording = wording_of(stage, to_gestionnaire=to_gestionnaire)
    name = " ".join(str(structure_of(entry) or "BAL Manager").split())
    name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    info = "Pour information : " if wording.awaits == Awaits.NOTHING else ""
    said = wording.subject[0].lower() + wording.subject[1:] if info else wording.subject
    until = until or deadline_of(entry, stage)
    ends = f" : répondez avant le {day_of(until)}" if until else ""
    return f"[{name}] {info}{said.rstrip(' ?') if ends else said}{ends}"


def deadline_of(entry: JournalEntry, stage: str) -> date | None:
    """The day after which something happens without an answer; None where nothing does.

    Of a reminder of idleness whoever writes it says the day: it is counted from when the alert was given."""
    act, bal = stage.partition("-")[0], entry.bal
    if act in (Verb.ALERT_IDLE, Act.REMIND_IDLE) and bal and bal.clock_at:
        return _later(ends_at(bal, bal.clock_at, entry.at), entry.at)
    if act == Act.ASK_CONTACT:
        return _later(entry.at + chosen.CONTACT_DELAY, entry.at)
    return _later(entry.at + chosen.JOINING_VALID, entry.at) if act == Act.ASK_JOINING else None


def _later(ends: datetime, now: datetime) -> date | None:
    return timezone.localdate(ends) if ends > now else None


# --- The mail ---------------------------------------------------------------------------------------------------------
class Referent(NamedTuple):
    """Who answers questions: the référent MSSanté, by name and telephone where the structure gave them."""

    name: str
    phone: str
    structure: str

    @property
    def whom(self) -> str:
        """Who is asked, after « demandez »."""
        if not self.name:
            return f"au gestionnaire MSSanté ({self.structure})"
        phone = f", {self.phone}" if self.phone else ""
        return f"à {self.name}, qui suit MSSanté ({self.structure}){phone}"


class Mail(NamedTuple):
    subject: str
    awaits: Awaits
    says: str
    button: str
    link: str
    until: date | None  # of a signed link, the last day it answers
    recipient: str
    contact: Referent | None
    lines: tuple[str, ...] = ()  # under the paragraph
    own_words: str = ""  # what the structure adds
    stop: str = ""  # where one says that one wants no more of these

    @property
    def heading(self) -> str:
        """The subject without the structure that it begins with."""
        return self.subject.partition("] ")[2] or self.subject

    @property
    def text(self) -> str:
        return plain_text("mailboxes/notices/mail.txt", {"mail": self})

    @property
    def html(self) -> str:
        return render_to_string("mailboxes/notices/mail.html", {"mail": self, "site_url": settings.SITE_URL})

    def message(self, address: str, **facts) -> EmailMultiAlternatives:
        message = EmailMultiAlternatives(self.subject, self.text, to=[address], **facts)
        message.attach_alternative(self.html, "text/html")
        return message


def mail_of(notice: Notice, link: str, *, is_signed: bool) -> Mail:
    """`notice` with its entry; what was written before subjects had a kind gets one now."""
    to_gestionnaire = notice.party == Party.GESTIONNAIRES
    wording = wording_of(notice.stage, to_gestionnaire=to_gestionnaire)
    return Mail(
        subject=notice.subject or subject_of(notice.entry, notice.stage, to_gestionnaire=to_gestionnaire),
        awaits=wording.awaits,
        says=wording.says,
        button=wording.button if is_signed or wording.awaits != Awaits.ANSWER else "Ouvrir et répondre",
        link=link,
        until=timezone.localdate(timezone.now() + chosen.ANSWER_LINK_VALID) if is_signed else None,
        recipient=notice.recipient,
        contact=None if to_gestionnaire else contact_in(structure_of(notice.entry)),
        own_words="" if to_gestionnaire else words_about(notice.entry, notice.stage),
    )


def sample_mail(
    wording: Wording, subject: str, structure: Structure, *, own_words: str = "", to_gestionnaire: bool = False
) -> Mail:
    """The mail as it would leave today, to somebody invented: to be looked at."""
    has_link = wording.awaits == Awaits.ANSWER and not to_gestionnaire
    return Mail(
        subject=subject,
        awaits=wording.awaits,
        says=wording.says,
        button=wording.button,
        link=f"{settings.SITE_URL}/…",
        until=timezone.localdate(timezone.now() + chosen.ANSWER_LINK_VALID) if has_link else None,
        recipient="Alice Morel",
        contact=None if to_gestionnaire else contact_in(structure),
        own_words=own_words,
    )


def contact_in(structure: Structure | None) -> Referent | None:
    """The référent of the structure, or of the nearest one above that named one."""
    if structure is None:
        return None
    place: Structure | None = structure
    while place:
        if place.referent:
            return Referent(place.referent, place.referent_phone, str(structure))
        place = place.parent
    return Referent("", "", str(structure))
