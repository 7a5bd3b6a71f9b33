"""What is prepared and recorded of one stay: an arrival, a departure on one page, roles asked to be handed over."""

from datetime import date

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from directory.typography import of
from mailboxes import actions
from mailboxes.forms import DepartureForm, NoteForm, OpenMovementForm
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Movement, standing_of
from mailboxes.rules import check_ask_handover, check_cancel_departure, check_depart, check_open_movement
from mailboxes.views.acts import ActionView, ForeseenView
from mailboxes.views.movements import orphans


class StayActionView(ActionView):
    stay: Affiliation

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Affiliation.objects.visible_to(request.user).select_related("person", "structure__parent")
        self.stay = get_object_or_404(rows, pk=self.kwargs["stay"])

    def back(self):
        return self.stay.person.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.stay.person, **kwargs)


class OpenMovementView(StayActionView):
    """With, before a departure, the orphans that there are already, and what this one would add to them."""

    form_class = OpenMovementForm
    template_name = "mailboxes/movement_open.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.kind = Movement.Kind(self.kwargs["kind"])
        self.label = f"Préparer {'une arrivée' if self.kind == Movement.Kind.ARRIVAL else 'un départ'}"
        self.done = "Le dossier est ouvert."

    def get_initial(self):
        known = self.stay.arrived_on if self.kind == Movement.Kind.ARRIVAL else _left_or_seen_to(self.stay)
        return {"planned_on": known or timezone.localdate()}

    def check(self, *, by):
        check_open_movement(self.stay, self.kind, by=by)

    def perform(self, form, *, by):
        return form.perform(self.stay, self.kind, by=by)

    def back(self):
        return self.result.get_absolute_url() if self.result else super().back()

    def get_context_data(self, **kwargs):
        is_departure = self.kind == Movement.Kind.DEPARTURE
        facts = {"orphans": orphans(self.request.user), "standing": standing_of(self.stay)} if is_departure else {}
        return super().get_context_data(**facts, **kwargs)


def _left_or_seen_to(stay: Affiliation) -> date | None:
    """The day of a departure: the recorded one, else that on which the annuaire was seen to show it no more."""
    seen = None if stay.left_on else stay.sightings.open().first()
    return timezone.localdate(seen.seen_at) if seen else stay.left_on


class DepartureView(ForeseenView, StayActionView):
    """A departure on one page: what is decided of each BAL and access, then what follows from it, then one act."""

    form_class = DepartureForm
    template_name = "mailboxes/departure.html"
    label = Act.RECORD_DEPARTURE.label

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.standing = standing_of(self.stay)

    def get_initial(self):
        due = self.stay.movements.departures().first()
        day = due.planned_on if due else _left_or_seen_to(self.stay)
        return {"left_on": day or timezone.localdate()}

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "standing": self.standing, "user": self.request.user}

    def check(self, *, by):
        check_depart(self.stay, by=by)

    def foresee(self, form, *, by):
        now, later = actions.foresee_departure(self.stay, form.departure(), by=by)
        is_recorded = any(line.what == Act.RECORD_DEPARTURE for line in now)
        facts = {"now": now, "later": later, "is_recorded": is_recorded, "left_on": form.cleaned_data["left_on"]}
        return {"is_foreseen": True, **facts}

    def perform(self, form, *, by):
        movement = actions.depart(self.stay, form.departure(), by=by)
        self.stay.refresh_from_db()
        person, day = self.stay.person, form.cleaned_data["left_on"]
        self.done = (
            f"Le départ {of(person)} est enregistré, au {day:%d/%m/%Y}."
            if self.stay.left_on
            else f"Il reste des rôles à transmettre : {person} en reçoit l’avis. Revenez ici ensuite."
        )
        return movement

    def back(self):
        movement = self.result or self.stay.movements.departures().first()
        return movement.get_absolute_url() if movement else super().back()

    def get_context_data(self, **kwargs):
        return super().get_context_data(stay=self.stay, standing=self.standing, today=timezone.localdate(), **kwargs)


class CancelDepartureView(StayActionView):
    form_class = NoteForm
    label = Act.CANCEL_DEPARTURE.label
    done = "Le départ enregistré est annulé."
    warning = "Les accès déjà retirés ne reviennent pas d’eux-mêmes : ceux qui les avaient donnés les redonnent."

    def check(self, *, by):
        check_cancel_departure(self.stay, by=by)

    def perform(self, form, *, by):
        return actions.cancel_departure(self.stay, by=by, **form.cleaned_data)


class AskHandoverView(StayActionView):
    label = Act.ASK_HANDOVER.label
    warning = "La personne reçoit un avis, avec la liste des BAL qui ne dépendent que d’elle."
    done = "L’avis part."

    def check(self, *, by):
        check_ask_handover(standing_of(self.stay), by=by)

    def perform(self, form, *, by):
        return actions.ask_handover(self.stay, by=by)

    def back(self):
        return reverse("person-roles", args=[self.stay.person_id])
