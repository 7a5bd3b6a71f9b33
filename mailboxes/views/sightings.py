"""What the annuaire no longer shows: each with the act that answers it, or the reason why none does."""

from typing import NamedTuple

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from mailboxes.findings import OF_SIGHTINGS
from mailboxes.forms.sightings import DismissSightingForm
from mailboxes.lifecycle import Act
from mailboxes.models import Movement, Sighting
from mailboxes.rules import allows, check_dismiss_sighting, check_may
from mailboxes.views.acts import ActionView

PER_PAGE = 25
SCOPES = {"ouvertes": "À confirmer", "ecartees": "Écartées"}


class SightingRow(NamedTuple):
    sighting: Sighting
    remedy: str  # the address of the act that answers it, for who may do it
    remedy_label: str
    can_dismiss: bool


def sighting_list(request):
    """Open ones, the latest first; those set aside with their reasons."""
    scope = request.GET.get("etat")
    scope = scope if scope in SCOPES else "ouvertes"
    finding = next((finding for finding in OF_SIGHTINGS if finding.name == request.GET.get("point")), None)
    seen = Sighting.objects.visible_to(request.user)
    rows = seen.open() if scope == "ouvertes" else seen.exclude(dismissed_at=None)
    rows = finding.sightings(rows) if finding and finding.sightings and scope == "ouvertes" else rows
    rows = rows.select_related("stay__person", "stay__structure__parent", "bal__structure__parent", "dismissed_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    facts = {
        "page": page,
        "rows": [row_of(sighting, request.user) for sighting in page],
        "scope": scope,
        "scopes": SCOPES,
        "finding": finding,
    }
    return render(request, "mailboxes/sighting_list.html", facts)


def row_of(sighting: Sighting, user) -> SightingRow:
    if sighting.dismissed_at:
        return SightingRow(sighting, "", "", can_dismiss=False)
    can_dismiss = allows(check_dismiss_sighting, sighting, by=user)
    stay = sighting.stay
    if stay is None:
        may = allows(check_may, Act.DESCRIBE, structure=sighting.structure, by=user)
        url = reverse("bal-edit", args=[sighting.bal_id]) if may else ""
        return SightingRow(sighting, url, "Noter la liste rouge", can_dismiss)
    # That no file is open is known: the stay would not be among these.
    may = allows(check_may, Act.OPEN_MOVEMENT, structure=sighting.structure, person=stay.person, by=user)
    url = reverse("movement-open", args=[stay.pk, Movement.Kind.DEPARTURE]) if may else ""
    return SightingRow(sighting, url, "Préparer le départ", can_dismiss)


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
