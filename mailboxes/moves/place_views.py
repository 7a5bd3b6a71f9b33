"""Structures that change: each page shows what would go where before it asks why."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst

from directory.models import Entry
from directory.typography import how_many
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Request, Structure
from mailboxes.moves.forms import (
    CloseForm,
    FinessForm,
    IntoForm,
    MergeForm,
    MoveServiceForm,
    ServiceScopeForm,
    UndoForm,
)
from mailboxes.moves.keys import keys_of, shared_keys_of
from mailboxes.moves.models import PlaceMove
from mailboxes.moves.place_rules import check_not_undone, what_remains
from mailboxes.moves.structures import carried_counts, services_of, undo_move
from mailboxes.rules import Refused, check_may, check_standing, may_at
from mailboxes.views.acts import ActionView


class PlaceActView(ActionView):
    """About one structure, among those that one sees."""

    template_name = "mailboxes/moves/place.html"
    act: Act

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.label = self.act.label
        rows = Structure.objects.visible_to(request.user).select_related("parent__parent", "merged_into")
        self.structure = get_object_or_404(rows, pk=kwargs["structure"])

    def check(self, *, by):
        check_may(self.act, structure=self.structure, by=by)
        check_standing(self.structure)

    def perform(self, form, *, by):
        return form.perform(self.structure, by=by)

    def back(self):
        return reverse("structure", args=[self.structure.pk])

    def get_context_data(self, **kwargs):
        return super().get_context_data(structure=self.structure, **kwargs)


class TowardsView(PlaceActView):
    """A move towards another structure, which the page's address names."""

    scope_class: type[IntoForm] = IntoForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        data = request.GET if "into" in request.GET else None
        self.scope = self.scope_class(data, structure=self.structure, user=request.user)
        self.into = self.scope.cleaned_data["into"] if data and self.scope.is_valid() else None

    def get_form(self, form_class=None):
        return super().get_form(form_class) if self.into else None

    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs) if self.into else self.get(request, *args, **kwargs)

    def perform(self, form, *, by):
        return form.perform(by=by)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "structure": self.structure, "into": self.into}

    def get_context_data(self, **kwargs):
        return super().get_context_data(scope=self.scope, into=self.into, **kwargs)


class MergeView(TowardsView):
    act = Act.MERGE_STRUCTURES
    form_class = MergeForm
    submit = "Fusionner"
    done = "Les deux structures n’en font plus qu’une."
    is_dangerous = True

    def get_context_data(self, **kwargs):
        counts = carried_counts(self.structure, self.into) if self.into else []
        return super().get_context_data(counts=counts, **kwargs)


class MoveServiceView(TowardsView):
    act = Act.MOVE_SERVICE
    form_class = MoveServiceForm
    scope_class = ServiceScopeForm
    submit = "Déplacer le service"
    done = "Le service est déplacé."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "service": self.scope.cleaned_data["service"]}

    def get_context_data(self, **kwargs):
        counts = []
        if self.into:
            service = self.scope.cleaned_data["service"]
            bals = dict(services_of(self.structure))[service]
            people = Affiliation.objects.current().filter(
                structure=self.structure,
                person__held__bal__service=service,
                person__held__bal__structure=self.structure,
            )
            counts = [("BAL", bals, 0), ("titulaires et cotitulaires", people.distinct().count(), 0)]
        return super().get_context_data(counts=counts, **kwargs)


class CloseStructureView(PlaceActView):
    act = Act.CLOSE_STRUCTURE
    form_class = CloseForm
    submit = "Fermer la structure"
    done = "La structure est fermée ; ce qu’elle a été reste lisible."
    is_dangerous = True

    def check(self, *, by):
        super().check(by=by)
        for sentence in what_remains(self.structure):
            raise Refused(sentence, "remains")

    def get_context_data(self, **kwargs):
        stays = Affiliation.objects.filter(structure=self.structure)
        self.warning = (
            f"Rattachements qui prennent fin aujourd’hui : {stays.lasting().count()}.{_of_departures(stays)} Rien de "
            f"nouveau n’y sera inscrit ; les habilitations restent, pour relire.{_of_keys(self.structure)}"
        )
        return super().get_context_data(**kwargs)


def _of_departures(stays) -> str:
    planned = stays.current().exclude(left_on=None).count()
    return f" Départs déjà prévus, qui gardent leur jour : {planned}." if planned else ""


def _of_keys(structure: Structure) -> str:
    """What becomes of the software that speaks for it, in a sentence; "" where none does."""
    gone = [f"{key.software} ({key.prefix}…)" for key in keys_of(structure).select_related("software")]
    kept = sorted({str(key.software) for key in shared_keys_of(structure).select_related("software")})
    said = f" Les clés de ses logiciels sont révoquées : {', '.join(gone)}." if gone else ""
    return said + (f" Gardent leur clé, qui ouvre d’autres structures : {', '.join(kept)}." if kept else "")


class FinessView(PlaceActView):
    act = Act.CHANGE_FINESS
    form_class = FinessForm
    submit = "Changer le FINESS"
    done = "Le FINESS est changé ; les listes qui disent encore l’ancien restent comprises."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "instance": self.structure}

    def get_context_data(self, **kwargs):
        number = self.structure.finess_et
        published = Entry.objects.published().filter(structure_id=number or "-").count()
        waiting = Request.objects.awaited().filter(structure=self.structure).count()
        said = []
        if published:
            said.append(
                f"À l’annuaire sous le FINESS {number} : {how_many(published, 'adresse')}, à voir dans les écarts tant "
                "qu’il n’aura pas suivi."
            )
        if waiting:
            said.append(f"Sous l’ancien numéro encore : {how_many(waiting, 'demande')} en cours.")
        self.warning = " ".join(said)
        return super().get_context_data(**kwargs)


def place_moves(request, structure):
    """What became of a structure, and what of it may still be taken back."""
    row = get_object_or_404(Structure.objects.visible_to(request.user), pk=structure)
    moves = PlaceMove.objects.visible_to(request.user).select_related("structure", "into", "by")
    found = moves.filter(structure=row) | moves.filter(into=row)
    can_undo = may_at(Act.UNDO_MOVE, row.pk, by=request.user)
    return render(
        request, "mailboxes/moves/changes.html", {"structure": row, "moves": found.order_by("-pk")[:50],
                                                  "can_undo": can_undo}
    )  # fmt: skip


class UndoMoveView(ActionView):
    template_name = "mailboxes/moves/place.html"
    form_class = UndoForm
    label = Act.UNDO_MOVE.label
    submit = "Revenir à ce qui était"
    done = "Tout est remis comme avant."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        moves = PlaceMove.objects.visible_to(request.user).select_related("structure", "into")
        self.move = get_object_or_404(moves, pk=kwargs["pk"])
        self.warning = f"{capfirst(str(self.move))} : tout est remis comme c’était, si rien n’a suivi."

    def check(self, *, by):
        for one in (self.move.structure, self.move.into):
            if one:
                check_may(Act.UNDO_MOVE, structure=one, by=by)
        check_not_undone(self.move)

    def perform(self, form, *, by):
        return undo_move(self.move, by=by, why=form.cleaned_data["why"])

    def back(self):
        return reverse("place-moves", args=[self.move.structure_id])

    def get_context_data(self, **kwargs):
        return super().get_context_data(structure=self.move.structure, **kwargs)
