"""Which BAL call for a word about their use on a given night. The two moves stand in `Bal.objects`; what surrounds them
is here: reminders, the gestionnaire's turn, and the question put where nobody knows of any use."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from mailboxes.lifecycle import Act, CampaignKind, Party, State, Verb
from mailboxes.models import Bal, Cotitulaire, JournalEntry, Notice
from mailboxes.models.months import months_after
from mailboxes.models.thresholds import chosen


def days_before(days: int) -> str:
    """What the journal says of a reminder, and by what it is known to be given."""
    return f"{days} jours avant"


def due_for_reminder(now: datetime, days: int) -> QuerySet[Bal]:
    """The BAL to remind of, some days before the end, unless this reminder or a later one was given since the alert,
    of the days that are chosen or were."""
    given = [days_before(other) for other in range(1, days + 1)]
    ending = Bal.objects.due_for_depublication(now, ahead=timedelta(days=days))
    over = Bal.objects.due_for_depublication(now).values("pk")
    return ending.filter(~_done(Act.REMIND_IDLE, after__in=given)).exclude(pk__in=over).order_by("pk")


def due_for_escalation(now: datetime) -> QuerySet[Bal]:
    """The BAL alerted of which nobody could be reached; or, near the end, nobody answered. Once per alert."""
    alerted = Bal.objects.watched(now).filter(~_done(Act.ESCALATE_IDLE), state=State.IDLE_ALERTED)
    unreached = Q(~was_told(), state_since__lte=now - chosen.IDLE_UNREACHED_AFTER)
    ending = Bal.objects.due_for_depublication(now, ahead=chosen.IDLE_ESCALATE_BEFORE)
    return alerted.filter(unreached | Q(pk__in=ending.values("pk")))


def was_told() -> Exists:
    """Did a notice reach one of its holders since the BAL came into its state?"""
    delivered = Notice.objects.delivered().filter(party=Party.HOLDERS)
    return Exists(delivered.filter(bal=OuterRef("pk"), created_at__gte=OuterRef("state_since")))


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


# --- The same of one BAL, as dates ------------------------------------------------------------------------------------
class Alert(NamedTuple):
    """The days on which what an alert calls for falls due, without an answer; None: not to come, or done."""

    reminders: dict[int, datetime]  # by days before the end
    escalates_at: datetime | None
    ends_at: datetime | None


def alert_of(bal: Bal) -> Alert:
    """`due_for_reminder`, `due_for_escalation` and `due_for_depublication` of a BAL that is alerted; two queries."""
    told = list(bal.notices.delivered().filter(party=Party.HOLDERS, created_at__gte=bal.state_since))
    done = bal.journal.filter(what__in=[Act.REMIND_IDLE, Act.ESCALATE_IDLE], at__gte=bal.state_since)
    lines = list(done.values_list("what", "after"))
    given = [notice.sent_at for notice in told if notice.stage == Verb.ALERT_IDLE and notice.sent_at]
    # Never, as long as nobody was given the alert.
    end = ends_at(bal, bal.clock_at, min(given)) if given and bal.clock_at else None
    is_escalated = any(what == Act.ESCALATE_IDLE for what, _ in lines)
    turns = [] if told else [bal.state_since + chosen.IDLE_UNREACHED_AFTER]
    turns += [end - chosen.IDLE_ESCALATE_BEFORE] if end else []
    return Alert(
        reminders=_reminders(end, {after for what, after in lines if what == Act.REMIND_IDLE}),
        escalates_at=None if is_escalated else min(turns, default=None),
        ends_at=end,
    )


def ends_of(bals: Iterable[Bal]) -> dict[int, datetime]:
    """`ends_at` of those whose holders were given the alert; one query."""
    given = Notice.objects.delivered().filter(party=Party.HOLDERS, stage=Verb.ALERT_IDLE, bal__in=list(bals))
    told = given.filter(created_at__gte=F("bal__state_since")).values_list("bal").annotate(Min("sent_at")).order_by()
    told_at = dict(told)
    return {bal.pk: ends_at(bal, bal.clock_at, told_at[bal.pk]) for bal in bals if bal.clock_at and bal.pk in told_at}


def ends_at(bal: Bal, clock_at: datetime, told_at: datetime) -> datetime:
    """The moment when a BAL whose holders were told of the alert then is due for depublication."""
    between = bal.operator.end_after_months - bal.operator.alert_after_months
    return max(bal.operator.ends_from(clock_at), months_after(told_at, between))


def _reminders(end: datetime | None, given: set[str]) -> dict[int, datetime]:
    """A reminder makes those of more days before the end idle."""
    if end is None or end <= timezone.now():
        return {}
    left = [days for days in chosen.IDLE_REMINDERS if not given & {days_before(other) for other in range(1, days + 1)}]
    return {days: end - timedelta(days=days) for days in left}


class Question(NamedTuple):
    """The days on which the holders of a BAL of unknown use are asked, and reminded."""

    asks_at: datetime
    reminds_at: datetime | None


def with_question(bals: QuerySet[Bal]) -> QuerySet[Bal]:
    """The BAL with what `question_of` reads."""

    def latest(what: Act) -> Subquery:
        lines = JournalEntry.objects.filter(bal=OuterRef("pk"), what=what)
        return Subquery(lines.order_by("-at").values("at")[:1])

    return bals.annotate(
        is_to_be_asked=Exists(to_ask_about().filter(pk=OuterRef("pk"))),
        use_asked_at=latest(Act.ASK_USE),
        use_reminded_at=latest(Act.REMIND_USE),
    )


def question_of(bal) -> Question | None:
    """`due_for_question` and `due_for_question_reminder` of one BAL read `with_question`; None where none is put."""
    if not bal.is_to_be_asked or not bal.cotitulaires.all():
        return None
    first = bal.state_since + chosen.USE_QUESTION_AFTER
    if bal.use_asked_at is None:
        return Question(first, None)
    is_reminded = bal.use_reminded_at is not None and bal.use_reminded_at >= bal.use_asked_at
    reminds_at = None if is_reminded else bal.use_asked_at + settings.UNIDENTIFIED_REMIND_AFTER
    return Question(max(first, bal.use_asked_at + settings.UNIDENTIFIED_CYCLE), reminds_at)
