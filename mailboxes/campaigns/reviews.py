"""The periodic review of accesses: how often, and the campaign that begins on its day."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.campaigns.actions import launch_campaign
from mailboxes.campaigns.models import Campaign, Recurrence
from mailboxes.campaigns.rules import check_set_recurrence
from mailboxes.lifecycle import Act, CampaignKind
from mailboxes.models import Bal, Structure

LASTS = timedelta(days=30)
NEVER = "seulement quand elle est lancée"


@transaction.atomic
def set_recurrence(structure: Structure, *, by, every: str, next_on: date | None = None) -> Recurrence | None:
    """Fix how often the accesses are gone through; an empty `every` is never."""
    structure = Structure.objects.select_for_update(no_key=True).get(pk=structure.pk)
    check_set_recurrence(structure, next_on, every, by=by)
    former = Recurrence.objects.filter(structure=structure).first()
    row = None
    if every:
        assert next_on  # noqa: S101 - the rule has seen to it
        row = Recurrence(structure=structure, every=every, next_on=next_on, by=by)
        rules.check_row(row, exclude=["structure"])
        row.save(force_insert=former is None)
    elif former:
        former.delete()
    said: dict = {"before": _said(former), "after": _said(row)}
    if said["before"] != said["after"]:
        write_about(Act.SET_RECURRENCE, by=by, about={"structure": structure}, **said)
    return row


def _said(row: Recurrence | None) -> str:
    return f"{row.get_every_display()}, la prochaine le {row.next_on:%d/%m/%Y}" if row else NEVER


@transaction.atomic
def begin_review(recurrence: Recurrence, *, by) -> Campaign | None:
    """Launch the review whose day has come, in the name of who fixed it; None where there is nobody to ask."""
    rows = Recurrence.objects.select_for_update(of=("self",), no_key=True).select_related("structure", "by")
    recurrence, today = rows.get(pk=recurrence.pk), timezone.localdate()
    if recurrence.next_on > today:
        return None  # another process was first
    structure = recurrence.structure
    campaign = Campaign(
        structure=structure,
        kind=CampaignKind.RECERTIFICATION,
        title=f"Revue des accès, {today:%m/%Y}",
        closes_on=today + LASTS,
    )
    bals = Bal.objects.filter(structure__in=Structure.objects.under(structure).values("pk"))
    begun: Campaign | None = None
    try:
        with transaction.atomic():
            begun = launch_campaign(campaign, bals, by=by, author=recurrence.by)
    except rules.Refused as refused:
        if refused.code != "empty":
            raise
        nobody = "Revue périodique : il n’y a personne à interroger."
        write_about(Act.LAUNCH_CAMPAIGN, by=by, about={"structure": structure}, note=nobody)
    recurrence.next_on = recurrence.after(today)
    recurrence.save(update_fields=["next_on"])
    return begun
