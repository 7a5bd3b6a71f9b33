"""An engagement written, followed and closed; its progress is counted, never typed."""

from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions import Tally
from mailboxes.actions.journal import shown, write_about
from mailboxes.engagements.rules import (
    check_change_engagement,
    check_close_engagement,
    check_no_such_engagement,
    check_set_engagement,
)
from mailboxes.indicators.progress import TargetProgress, progress_of
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Engagement, Structure

FIELDS = ("programme", "target", "number", "due_on", "note")


@transaction.atomic
def set_engagement(engagement: Engagement, *, by, **facts) -> Engagement:
    """Write a new engagement, or change an open one. A new target or day is reached, and reminded of, anew."""
    if engagement.pk:
        engagement = _locked(engagement)
        check_change_engagement(engagement, by=by)
    else:
        check_set_engagement(engagement.structure, by=by)
    before = _said(engagement) if engagement.pk else ""
    for name, value in facts.items():
        setattr(engagement, name, value)
    if before and before == _said(engagement):
        return engagement
    engagement.reached_on = engagement.reminded_for = None
    rules.check_row(engagement)
    Structure.objects.select_for_update(no_key=True).get(pk=engagement.structure_id)
    check_no_such_engagement(engagement)
    engagement.save()
    _write(engagement, Act.SET_ENGAGEMENT, by=by, before=before, after=_said(engagement))
    return engagement


@transaction.atomic
def close_engagement(engagement: Engagement, *, by, note: str = "") -> Engagement:
    """Close it, kept or given up: what it had come to stays in the journal."""
    engagement = _locked(engagement)
    check_close_engagement(engagement, by=by)
    (progress,) = progress_of([engagement])
    engagement.closed_at = timezone.now()
    engagement.save(update_fields=["closed_at"])
    after = f"{progress.achieved} sur {engagement.number}"
    _write(engagement, Act.CLOSE_ENGAGEMENT, by=by, before=_said(engagement), after=after, note=note)
    return engagement


def follow_engagements(engagements) -> Tally:
    """Note the day on which each target is reached, or no longer is; remind of those whose day comes."""
    today, tally = timezone.localdate(), Tally()
    for progress in progress_of(engagements.open().select_related("structure")):
        tally.done += _follow(progress, today)
    return tally


def _follow(progress: TargetProgress, today: date) -> int:
    row = progress.engagement
    reached_on = (row.reached_on or today) if progress.is_reached else None
    if reached_on != row.reached_on:
        Engagement.objects.filter(pk=row.pk).update(reached_on=reached_on)
    days = (row.due_on - today).days
    due = min((limit for limit in settings.ENGAGEMENT_REMINDERS if days <= limit), default=None)
    if reached_on or due is None or days < 0 or (row.reminded_for is not None and row.reminded_for <= due):
        return 0
    return _remind(row, due, progress)


@transaction.atomic
def _remind(engagement: Engagement, due: int, progress: TargetProgress) -> int:
    """Reminders, once for each threshold, whatever runs twice."""
    rules.check_may(Act.REMIND_ENGAGEMENT, structure=engagement.structure, by=SYSTEM)
    same = Engagement.objects.open().filter(pk=engagement.pk, reminded_for=engagement.reminded_for)
    if not same.update(reminded_for=due):
        return 0
    after = f"{progress.achieved} sur {engagement.number}, il en manque {progress.missing}"
    cycle = f"engagement-{engagement.pk}-{engagement.due_on:%Y%m%d}-{due}"
    _write(engagement, Act.REMIND_ENGAGEMENT, by=SYSTEM, before=_said(engagement), after=after, cycle=cycle,
           managing=engagement)  # fmt: skip
    return 1


def _write(engagement: Engagement, act: Act, *, by, **facts) -> None:
    write_about(act, by=by, about={"structure": engagement.structure}, **facts)


def _said(engagement: Engagement) -> str:
    note = f", {engagement.note}" if engagement.note else ""
    return f"{engagement}, le {shown(engagement.due_on)}{note}"


def _locked(engagement: Engagement) -> Engagement:
    rows = Engagement.objects.select_for_update(of=("self",)).select_related("structure")
    return rows.get(pk=engagement.pk)
