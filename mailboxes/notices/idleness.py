"""Which BAL call for a word about their use on a given night. The two moves stand in `Bal.objects`; what surrounds them
is here: reminders, the gestionnaire's turn, and the question put where nobody knows of any use."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from mailboxes.lifecycle import Act, CampaignKind, Party, State
from mailboxes.models import Bal, Cotitulaire, JournalEntry, Notice


def days_before(days: int) -> str:
    """What the journal says of a reminder, and by what it is known to be given."""
    return f"{days} jours avant"


def due_for_reminder(now: datetime, days: int) -> QuerySet[Bal]:
    """So many days before the end, unless this reminder or a later one was given since the alert."""
    given = [days_before(other) for other in settings.IDLE_REMINDERS if other <= days]
    ending = Bal.objects.due_for_depublication(now + timedelta(days=days))
    over = Bal.objects.due_for_depublication(now).values("pk")
    return ending.filter(~_done(Act.REMIND_IDLE, after__in=given)).exclude(pk__in=over).order_by("pk")


def due_for_escalation(now: datetime) -> QuerySet[Bal]:
    """Alerted, and nobody could be reached; or near the end, and nobody answered. Once per alert."""
    alerted = Bal.objects.filter(~_done(Act.ESCALATE_IDLE), state=State.IDLE_ALERTED)
    told = Notice.objects.delivered().filter(
        bal=OuterRef("pk"), party=Party.HOLDERS, created_at__gte=OuterRef("state_since")
    )
    unreached = Q(~Exists(told), state_since__lte=now - settings.IDLE_UNREACHED_AFTER)
    ending = Bal.objects.due_for_depublication(now + settings.IDLE_ESCALATE_BEFORE)
    return alerted.filter(unreached | Q(pk__in=ending.values("pk")))


def unknown_use() -> QuerySet[Bal]:
    """Nobody tells when they last served. Unknown is not idle: they are asked about, and nothing ends by itself.

    A clean-up campaign puts the same question: while it is open, they are asked by it alone.
    """
    unknown = Bal.objects.filter(state=State.ACTIVE, clock_at=None).exclude(kind=Bal.Kind.APPLICATIVE)
    return unknown.exclude(campaign_targets__open_kind=CampaignKind.CLEANUP)


def due_for_question(now: datetime) -> QuerySet[Bal]:
    """Held by someone, in the register long enough for a reading to have come, and not asked about in this cycle."""
    held = Exists(Cotitulaire.objects.filter(bal=OuterRef("pk")))
    since = now - settings.USE_QUESTION_AFTER
    return unknown_use().filter(held, ~asked(now), state_since__lte=since)


def due_for_question_reminder(now: datetime) -> QuerySet[Bal]:
    return unknown_use().filter(
        asked(now, at__lte=now - settings.UNIDENTIFIED_REMIND_AFTER), ~asked(now, what=Act.REMIND_USE)
    )


def asked(now: datetime, **facts) -> Exists:
    """Asked, or reminded, within this cycle of questions."""
    facts = {"what": Act.ASK_USE, "at__gt": now - settings.UNIDENTIFIED_CYCLE, **facts}
    return Exists(JournalEntry.objects.filter(bal=OuterRef("pk"), **facts))


def _done(what: Act, **facts) -> Exists:
    """Since the BAL came into its state."""
    return Exists(JournalEntry.objects.filter(bal=OuterRef("pk"), what=what, at__gte=OuterRef("state_since"), **facts))
