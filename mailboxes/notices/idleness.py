"""Which BAL call for a word about their use on a given night. The two moves stand in `Bal.objects`; what surrounds them
is here: reminders, the gestionnaire's turn, and the question put where nobody knows of any use."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from mailboxes.lifecycle import Act, CampaignKind, Party, State
from mailboxes.models import Bal, Cotitulaire, JournalEntry, Notice
from mailboxes.models.thresholds import chosen


def days_before(days: int) -> str:
    """What the journal says of a reminder, and by what it is known to be given."""
    return f"{days} jours avant"


def due_for_reminder(now: datetime, days: int) -> QuerySet[Bal]:
    """The BAL to remind of, some days before the end, unless this reminder or a later one was given since the alert."""
    given = [days_before(other) for other in chosen.IDLE_REMINDERS if other <= days]
    ending = Bal.objects.due_for_depublication(now, ahead=timedelta(days=days))
    over = Bal.objects.due_for_depublication(now).values("pk")
    return ending.filter(~_done(Act.REMIND_IDLE, after__in=given)).exclude(pk__in=over).order_by("pk")


def due_for_escalation(now: datetime) -> QuerySet[Bal]:
    """The BAL alerted of which nobody could be reached; or, near the end, nobody answered. Once per alert."""
    alerted = Bal.objects.watched(now).filter(~_done(Act.ESCALATE_IDLE), state=State.IDLE_ALERTED)
    told = Notice.objects.delivered().filter(
        bal=OuterRef("pk"), party=Party.HOLDERS, created_at__gte=OuterRef("state_since")
    )
    unreached = Q(~Exists(told), state_since__lte=now - chosen.IDLE_UNREACHED_AFTER)
    ending = Bal.objects.due_for_depublication(now, ahead=chosen.IDLE_ESCALATE_BEFORE)
    return alerted.filter(unreached | Q(pk__in=ending.values("pk")))


def to_ask_about() -> QuerySet[Bal]:
    """The BAL of unknown use, which is not idle: their holders are asked, and nothing ends by itself.

    A clean-up campaign asks the same question: while it is open, it alone does.
    """
    return Bal.objects.of_unknown_use().exclude(campaign_targets__open_kind=CampaignKind.CLEANUP)


def due_for_question(now: datetime) -> QuerySet[Bal]:
    """The BAL to ask about: held by someone, in the register long enough for a reading to have come, not asked about in
    this cycle."""
    held = Exists(Cotitulaire.objects.filter(bal=OuterRef("pk")))
    since = now - chosen.USE_QUESTION_AFTER
    return to_ask_about().filter(held, ~asked(now), state_since__lte=since)


def due_for_question_reminder(now: datetime) -> QuerySet[Bal]:
    return to_ask_about().filter(
        asked(now, at__lte=now - settings.UNIDENTIFIED_REMIND_AFTER), ~asked(now, what=Act.REMIND_USE)
    )


def asked(now: datetime, **facts) -> Exists:
    """The journal's lines of a question or a reminder within this cycle."""
    facts = {"what": Act.ASK_USE, "at__gt": now - settings.UNIDENTIFIED_CYCLE, **facts}
    return Exists(JournalEntry.objects.filter(bal=OuterRef("pk"), **facts))


def deletion_asked() -> Exists:
    """Were those who hold it asked, since it is depublished, to have it deleted?"""
    return _done(Act.ASK_DELETION)


def to_ask_deletion() -> QuerySet[Bal]:
    """The depublished BAL whose holders were not asked to have them deleted."""
    held = Exists(Cotitulaire.objects.filter(bal=OuterRef("pk")))
    return Bal.objects.filter(held, ~deletion_asked(), state=State.DEPUBLISHED)


def _done(what: Act, **facts) -> Exists:
    """The journal's lines of such acts since the BAL came into its state."""
    return Exists(JournalEntry.objects.filter(bal=OuterRef("pk"), what=what, at__gte=OuterRef("state_since"), **facts))
