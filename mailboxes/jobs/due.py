"""The rows that a sweep finds, where more than their own adjective tells: how fresh the annuaire is, which reminder."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from directory.models import SyncRun
from mailboxes.lifecycle import STANDING, RequestKind, State
from mailboxes.models import Bal, Person, Preference, Request
from mailboxes.models.thresholds import chosen
from mailboxes.notices import idleness
from mailboxes.rules import allows, check_annuaire_fresh, check_ranks_known


def absent(state: State) -> QuerySet[Bal]:
    """The BAL in this state that a fresh annuaire no longer shows; a stale one proves nothing."""
    if not allows(check_annuaire_fresh):
        return Bal.objects.none()
    return Bal.objects.filter(state=state).absent()


def shown_as_done() -> QuerySet[Request]:
    """The requests asked before a fresh picture of the annuaire that shows them done."""
    run = SyncRun.objects.latest_public()
    return Request.objects.seen_in_annuaire(run.as_of) if run and not run.is_stale else Request.objects.none()


def askable(people: QuerySet[Person]) -> QuerySet[Person]:
    """The people with addresses to be asked about; with a stale annuaire, nobody."""
    return people if allows(check_annuaire_fresh) else Person.objects.none()


def preferences_shown() -> QuerySet[Request]:
    """The wishes asked of operators and now shown for every place; where no fresh source tells ranks, none is."""
    if not allows(check_ranks_known):
        return Request.objects.none()
    unseen = Preference.objects.filter(request=OuterRef("pk")).exclude(
        pk__in=Preference.objects.observed().values("pk")
    )
    asked = Request.objects.filter(kind=RequestKind.PREFER, stage__in=STANDING, preferences__isnull=False)
    return asked.filter(~Exists(unseen)).distinct()


def days_of(rank: int) -> int | None:
    """How long before the end this reminder goes, the last being of rank 0; None where there are fewer."""
    return dict(enumerate(sorted(chosen.IDLE_REMINDERS))).get(rank)


def to_remind_of(rank: int, now: datetime) -> QuerySet[Bal]:
    days = days_of(rank)
    return Bal.objects.none() if days is None else idleness.due_for_reminder(now, days=days)
