"""What the annuaire no longer shows: each with the act that answers it, or the reason why none does."""

from typing import NamedTuple

from django.db.models import Q
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from mailboxes.findings import OF_SIGHTINGS
from mailboxes.forms.sightings import DismissSightingForm, SightingFilterForm
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Movement, Sighting, Structure
from mailboxes.rules import allows, check_dismiss_sighting, check_may
from mailboxes.views.acts import ActionView

# What every list of sightings shows, by `mailboxes/sightings/_seen.html`.
SEEN = (
    Column("who", "Qui, ou quelle BAL"),
    Column("kind", "Ce qui est vu", ("kind",)),
    Column("seen", "Depuis le", ("seen_at",)),
)


class SightingList(Listing):
    name, view, nouns = "sightings", "sighting-list", ("proposition", "propositions")
    row, empty = "mailboxes/sightings/_row.html", "mailboxes/sightings/_none.html"
    inline = ("etat",)
    columns = (*SEEN, Column("todo", "À faire, ou motif"))

    @classmethod
    def within(cls, rows, place):
        if place is None:
            return rows
        below = Structure.objects.under(place).values("pk")
        return rows.filter(Q(stay__structure__in=below) | Q(bal__structure__in=below))


def sighting_list(request):
    """Open ones, the latest first; those set aside with their reasons."""
    form = SightingFilterForm(request.GET)
    form.is_valid()
    is_open = form.cleaned_data.get("etat") != SightingFilterForm.DISMISSED
    finding = next((finding for finding in OF_SIGHTINGS if finding.name == request.GET.get("point")), None)
    seen = Sighting.objects.visible_to(request.user)
    rows = seen.open() if is_open else seen.exclude(dismissed_at=None)
    rows = finding.sightings(rows) if finding and finding.sightings and is_open else rows
    rows = rows.select_related("stay__person", "stay__structure__parent", "bal__structure__parent", "dismissed_by")
    listing = SightingList(request, rows, form=form, loaded=rows)
    for row in listing.page:
        row.offer = offer_of(row, request.user)
    return render(request, "mailboxes/sighting_list.html", {"listing": listing, "finding": finding})


class SightingOffer(NamedTuple):
    """What may be done of it; `remedy` is the address of the act that answers it, for who may do that."""

    remedy: str = ""
    label: str = ""
    can_dismiss: bool = False


def offer_of(sighting: Sighting, user) -> SightingOffer:
    if sighting.dismissed_at:
        return SightingOffer()
    can_dismiss = allows(check_dismiss_sighting, sighting, by=user)
    stay = sighting.stay
    if stay is None:
        may = allows(check_may, Act.DESCRIBE, structure=sighting.structure, by=user)
        url = reverse("bal-edit", args=[sighting.bal_id]) if may else ""
        return SightingOffer(url, "Noter la liste rouge", can_dismiss)
    # That no file is open is known: the stay would not be among these.
    may = allows(check_may, Act.OPEN_MOVEMENT, structure=sighting.structure, person=stay.person, by=user)
    url = reverse("movement-open", args=[stay.pk, Movement.Kind.DEPARTURE]) if may else ""
    return SightingOffer(url, "Préparer le départ", can_dismiss)


class DismissSightingView(ActionView):
    form_class = DismissSightingForm
    label = Act.DISMISS_SIGHTING.label
    done = "C’est noté : la proposition est écartée."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Sighting.objects.visible_to(request.user).select_related("stay__person", "stay__structure", "bal")
        self.sighting = get_object_or_404(rows, pk=self.kwargs["pk"])
        self.warning = f"{self.sighting.subject} : {self.sighting.get_kind_display()}."

    def check(self, *, by):
        check_dismiss_sighting(self.sighting, by=by)

    def perform(self, form, *, by):
        return form.perform(self.sighting, by=by)

    def back(self):
        return reverse("sighting-list")
