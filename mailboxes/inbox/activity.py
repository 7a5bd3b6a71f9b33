"""Activité: what was done in the structures one sees, since the visit before or between two days."""

from datetime import datetime, time, timedelta

from django import forms
from django.contrib.auth import get_user_model
from django.shortcuts import render
from django.utils import timezone

from directory.models import SyncRun
from mailboxes.forms.offers import offer_choices, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.inbox.models import Desk, desk_of
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import JournalEntry, Membership, Structure
from mailboxes.models.roles import seen_places, seen_structures
from mailboxes.views.frame import sees_structures
from mailboxes.views.journals import JournalList

AUTOMATE = "automate"
WEEK = timedelta(days=7)


class ActivityForm(forms.Form):
    since = forms.DateField(label="Du", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label="Au", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    structure = StructureField(Structure.objects.none(), label="Structure", required=False, empty_label="Toutes")
    who = forms.ChoiceField(label="Qui", required=False)
    what = forms.ChoiceField(label="Quoi", required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        structures = seen_places(user)
        offer_rows(self, structure=structures.order_by("name"))
        there = Membership.objects.filter(structure__in=structures.values("pk")).values("user")
        accounts = get_user_model().objects.filter(pk__in=there).order_by("first_name", "username")
        people = [(str(account.pk), account.get_full_name() or account.username) for account in accounts]
        offer_choices(
            self,
            who=[("", "Tout le monde"), (AUTOMATE, "L’automate"), *people],
            what=[("", "Tout"), *sorted([*Verb.choices, *Act.choices], key=lambda choice: choice[1])],
        )


class ActivityList(JournalList):
    name, view, nouns = "activity", "activity", ("fait", "faits")
    empty = "mailboxes/inbox/_quiet.html"
    inline = ("since", "until", "structure", "who", "what")
    shows_subject, shows_person, with_notices, keeps_views = True, True, False, True
    shows_place = False  # whose each is, where they are of several structures
    start: datetime
    is_since_visit = False

    @property
    def total(self) -> str:
        day = timezone.localtime(self.start)
        if self.is_since_visit:
            return f"{super().total} depuis votre dernière visite, le {day:%d/%m/%Y à %H:%M}"
        return f"{super().total} depuis le {day:%d/%m/%Y}"


def activity(request):
    if not sees_structures(request.user):
        return render(request, "mailboxes/inbox/activity.html", {"listing": None}, status=404)
    desk, form = desk_of(request.user), ActivityForm(request.GET or None, user=request.user)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    start = _start(desk, asked)
    lines = _lines(request.user, asked).filter(at__gte=start)
    if until := asked.get("until"):
        lines = lines.filter(at__lt=timezone.make_aware(datetime.combine(until + timedelta(days=1), time())))
    # By the index of dates (`journal_since`), which ends where `start` does; by primary key, a structure of few lines
    # would have the whole journal read for them.
    lines = lines.select_related("bal__structure", "person", "structure", "by", "signatory").order_by("-at", "-pk")
    listing = ActivityList(request, lines, form=form, loaded=lines)
    listing.shows_place = not asked.get("structure") and len(seen_structures(request.user)) > 1
    listing.start, listing.is_since_visit = start, not asked.get("since") and desk.before_at is not None
    facts = {
        "listing": listing,
        "page": listing.page,
        "start": start,
        "runs": SyncRun.objects.filter(started_at__gte=start).order_by("-pk")[:5],
    }
    return render(request, "mailboxes/inbox/activity.html", facts)


def _start(desk: Desk, asked: dict) -> datetime:
    if since := asked.get("since"):
        return timezone.make_aware(datetime.combine(since, time()))
    return desk.before_at or timezone.now() - WEEK


def _lines(user, asked: dict):
    structures = seen_places(user)
    if asked.get("structure"):
        structures = structures.filter(pk__in=Structure.objects.under(asked["structure"]).values("pk"))
    lines = JournalEntry.objects.of_structures(structures.values("pk"))
    who = asked.get("who")
    if who == AUTOMATE:
        lines = lines.filter(by=None, signatory=None)
    elif who:
        lines = lines.filter(by=who)
    return lines.filter(what=asked["what"]) if asked.get("what") else lines
