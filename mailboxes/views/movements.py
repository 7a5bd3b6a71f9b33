"""Arrivals and departures: the files, their steps, and roles handed over before anybody leaves."""

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render

from directory.typography import quoted
from mailboxes import actions
from mailboxes.findings import OF_MOVEMENTS, kept_of_many, narrow
from mailboxes.forms import EmptyForm, HandOverForm, NoteForm, SettleForm
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Bal, JournalEntry, Movement, Person, Structure, standing_of
from mailboxes.models.checklists import BY_NAME as STEPS
from mailboxes.models.checklists import MovementFile, file_of, files
from mailboxes.rules import (
    allows,
    check_act,
    check_ask_handover,
    check_cancel_departure,
    check_close_movement,
    check_may,
    check_movement_open,
    check_repair_orphan,
    check_settle_step,
    may_at,
)
from mailboxes.views.acts import ActionView
from mailboxes.views.people import PersonActionView
from mailboxes.views.remedies import remedies

ORPHANS = 5
SCOPES = {"ouverts": "ouverts", "clos": "clos"}
POINTS = [(finding.name, finding.title) for finding in OF_MOVEMENTS]


# --- The files --------------------------------------------------------------------------------------------------------
class MovementFilterForm(forms.Form):
    q = forms.CharField(label="Nom", required=False, max_length=100)
    etat = forms.ChoiceField(label="Dossiers", choices=[("", "ouverts"), ("clos", "clos")], required=False)
    kind = forms.ChoiceField(label="Sorte", choices=[("", "toutes"), *Movement.Kind.choices], required=False)
    point = forms.ChoiceField(
        label="Point d’attention", choices=[("", "aucun en particulier"), *POINTS], required=False
    )


class MovementList(Listing):
    name, view, nouns = "movements", "movement-list", ("dossier", "dossiers")
    row, empty = "mailboxes/movements/_row.html", "mailboxes/movements/_none.html"
    inline = ("q", "etat", "kind", "point")
    place_path = "stay__structure"
    columns = (
        Column("who", "Qui", ("stay__person__family_name", "stay__person__given_name")),
        Column("structure", "Structure", ("stay__structure__name",)),
        Column("kind", "Quoi", ("kind",)),
        Column("planned", "Jour prévu", ("planned_on",)),
        Column("steps", "Étapes"),
        Column("opened", "Ouvert le", ("opened_at",), is_usual=False),
    )


def movement_list(request):
    """Open ones by their day, the late first; closed ones from the latest."""
    form = MovementFilterForm(request.GET)
    form.is_valid()
    asked = getattr(form, "cleaned_data", {})
    rows = Movement.objects.visible_to(request.user)
    rows = rows.exclude(closed_at=None).order_by("-closed_at", "-pk") if asked.get("etat") == "clos" else rows.open()
    finding = next((finding for finding in OF_MOVEMENTS if finding.name == asked.get("point")), None)
    rows = finding.movements(rows) if finding and finding.movements else rows
    if asked.get("kind"):
        rows = rows.filter(kind=asked["kind"])
    if asked.get("q"):
        rows = rows.filter(stay__person__in=Person.objects.named(asked["q"]).values("pk"))
    listing = MovementList(request, rows, form=form)
    found = {file.movement.pk: file for file in files(Movement.objects.filter(pk__in=[row.pk for row in listing.page]))}
    for row in listing.page:
        row.file = found[row.pk]
    context = {"listing": listing, "page": listing.page, "finding": finding, "orphans": orphans(request.user)}
    return render(request, "mailboxes/movement_list.html", context)


def orphans(user) -> dict:
    """The orphans, those of today first: a departure must not add to them."""
    seen = Bal.objects.visible_to(user)
    rows = (narrow(seen, "orpheline") | narrow(seen, "sans-principal")).order_by("address").values_list("pk", flat=True)
    structures = Structure.objects.visible_to(user)
    pks, at = kept_of_many(f"orphans-{user.pk}", structures, lambda: list(rows))
    shown = seen.filter(pk__in=pks[: 10 * ORPHANS]).select_related("structure").order_by("address")
    if at:  # what was kept may be mended since
        shown = shown.filter(~Exists(JournalEntry.objects.filter(bal=OuterRef("pk"), at__gte=at)))
    offered = [(bal, may_at(Act.NAME_PRINCIPAL, bal.structure_id, by=user)) for bal in shown[:ORPHANS]]
    return {"count": len(pks), "rows": offered, "counted_at": at}


def find_movement(request, pk) -> Movement:
    rows = Movement.objects.visible_to(request.user).select_related("stay__person", "stay__structure__parent")
    return get_object_or_404(rows.select_related("opened_by"), pk=pk)


def movement(request, movement):
    row = find_movement(request, movement)
    file = file_of(row)
    return render(request, "mailboxes/movement.html", {"file": file, "movement": row, **abilities(file, request.user)})


def abilities(file: MovementFile, user) -> dict:
    row, stay = file.movement, file.movement.stay
    is_departure = row.kind == Movement.Kind.DEPARTURE
    manages = allows(check_may, Act.CANCEL_MOVEMENT, structure=stay.structure, person=stay.person, by=user)
    lines = [line for line in file.lines if line.is_settled or not row.is_cancelled]  # nothing is left to do of it
    return {
        "lines": [(line, may_settle(file, line, user), remedies(file, line, by=user)) for line in lines],
        "can_close": file.is_complete and allows(check_close_movement, row, [], by=user),
        "can_cancel": manages and allows(check_movement_open, row),
        "can_hand_over": bool(file.standing.blocking) and (manages or stay.person.is_actor(user)),
        "can_record": is_departure and manages and not row.closed_at and not stay.left_on,
        "can_cancel_departure": is_departure and row.closed_at and allows(check_cancel_departure, stay, by=user),
        "blocking": file.standing.blocking if is_departure else [],
    }


def may_settle(file: MovementFile, line, user) -> bool:
    outcomes = ("done", "not_applicable")
    return any(allows(check_settle_step, line, outcome, file.movement, by=user) for outcome in outcomes)


class MovementActionView(ActionView):
    movement: Movement

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.movement = find_movement(request, self.kwargs["movement"])

    def back(self):
        return self.movement.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.movement.stay.person, **kwargs)

    def check_may(self, act: Act, *, by):
        stay = self.movement.stay
        check_may(act, structure=stay.structure, person=stay.person, by=by)
        check_movement_open(self.movement)


class MovementStepView(MovementActionView):
    done = "L’étape est réglée."
    form_class: type[forms.BaseForm] = SettleForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        task = STEPS.get((Movement.Kind(self.movement.kind), self.kwargs["step"]))
        if task is None:
            raise Http404
        self.line = file_of(self.movement).line(task.name)
        self.label, self.warning = task.title, task.how

    def check(self, *, by):
        outcome = "not_applicable" if self.line.seen is not None else "done"
        check_settle_step(self.line, outcome, self.movement, by=by)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "line": self.line}

    def perform(self, form, *, by):
        return form.perform(self.movement, self.line.task.name, by=by)


class ReopenStepView(MovementStepView):
    form_class = EmptyForm
    done = "L’étape est de nouveau à faire."

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        del kwargs["line"]
        return kwargs

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.label = Act.REOPEN_STEP.label
        self.warning = f"{quoted(self.line.task.title)} redevient à faire."

    def perform(self, form, *, by):
        return actions.reopen_step(self.movement, self.line.task.name, by=by)


class CloseMovementView(MovementActionView):
    label = Act.CLOSE_MOVEMENT.label
    done = "Le dossier est clos."
    warning = "Le dossier garde chaque étape telle qu’elle est aujourd’hui, et ne change plus."

    def check(self, *, by):
        self.check_may(Act.CLOSE_MOVEMENT, by=by)

    def perform(self, form, *, by):
        return actions.close_movement(self.movement, by=by)


class CancelMovementView(MovementActionView):
    form_class = NoteForm
    label = Act.CANCEL_MOVEMENT.label
    done = "Le dossier est annulé."
    is_dangerous = True
    warning = (
        "L’arrivée ou le départ n’a pas lieu. Un départ déjà enregistré est annulé, sauf au retour de la personne ; "
        "les accès déjà retirés ne reviennent pas d’eux-mêmes. Si des BAL étaient à transmettre, un avis dit que ce "
        "n’est plus nécessaire."
    )

    def check(self, *, by):
        self.check_may(Act.CANCEL_MOVEMENT, by=by)

    def perform(self, form, *, by):
        return actions.cancel_movement(self.movement, by=by, **form.cleaned_data)


# --- Handing over -----------------------------------------------------------------------------------------------------
class RolesView(PersonActionView):
    """All the shared BAL that depend on one person, on one page: a successor for each."""

    form_class = HandOverForm
    template_name = "mailboxes/person_roles.html"
    label = "Transmettre ses BAL"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        bals = Bal.objects.live().visible_to(request.user).filter(kind__in=Bal.SHARED)
        held = bals.filter(cotitulaires__person=self.person, cotitulaires__is_principal=True)
        self.bals = list(held.with_holders().order_by("address"))
        self.mine = [bal for bal in self.bals if self.may_hand_over(bal)]

    def may_hand_over(self, bal: Bal) -> bool:
        by = self.request.user
        return allows(check_act, bal, Act.TRANSFER_PRINCIPAL, by=by) or allows(check_repair_orphan, bal, by=by)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "bals": self.mine, "user": self.request.user}

    def form_valid(self, form):
        tally = form.perform(by=self.request.user)
        if tally.done:
            messages.success(self.request, f"Fait pour {tally.done} BAL.")
        if tally.refused:
            self.setup(self.request, *self.args, **self.kwargs)  # what was handed over is no longer there
            form.bals = [bal for bal in form.bals if bal in self.mine]
            return self.form_invalid(form)
        if form.names_for_others:
            messages.warning(self.request, "Une BAL n’est plus à transmettre : c’est peut-être déjà fait.")
        elif not tally.done:
            messages.warning(self.request, "Vous n’avez désigné personne.")
        return redirect("person-roles", self.person.pk)

    def get_context_data(self, **kwargs):
        stays = self.person.affiliations.current().select_related("person", "structure__parent")
        askable = [stay for stay in stays if allows(check_ask_handover, standing_of(stay), by=self.request.user)]
        others = [bal for bal in self.bals if bal not in self.mine]
        return super().get_context_data(others=others, askable=askable, bals=self.bals, **kwargs)
