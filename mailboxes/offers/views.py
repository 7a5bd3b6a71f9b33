"""The operators side by side: what their record says, and what one structure wrote of them."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from directory.folding import as_read
from mailboxes.lifecycle import Act
from mailboxes.lists.place import place_of
from mailboxes.models import Operator, Structure
from mailboxes.offers.forms import ChooseStructureForm, RatingForm
from mailboxes.offers.models import Criterion, Rating
from mailboxes.rules import allows, check_may
from mailboxes.views.acts import ActionView
from mailboxes.views.costs import prices_of
from mailboxes.views.frame import sees_structures


def panorama(request):
    """The comparison of one structure: the one asked for, else the first that one sees."""
    if not sees_structures(request.user):
        raise Http404
    structures = as_read(Structure.objects.visible_to(request.user).order_by("name"))
    number = request.GET.get("structure", "")
    structure = structures.filter(pk=number).first() if number.isdecimal() else None
    structure = structure or place_of(request) or _rated_first(structures)
    operators = list(Operator.objects.prefetch_related("prices", "domains"))
    facts = {
        "structure": structure,
        "choice": ChooseStructureForm(initial={"structure": structure}, structures=structures),
        "several": structures.count() > 1,
        "operators": operators,
        "prices": _prices(operators),
        "criteria": _criteria(structure, operators),
        "can_rate": structure and allows(check_may, Act.RATE_OPERATOR, structure=structure, by=request.user),
    }
    return render(request, "mailboxes/offers/panorama.html", facts)


def _rated_first(structures) -> Structure | None:
    return structures.filter(ratings__isnull=False).first() or structures.first()


def _prices(operators: list[Operator]) -> list[tuple[str, list]]:
    """Each kind of BAL, with each operator and its price."""
    labels = [label for label, _ in prices_of(operators[0])] if operators else []
    return [(label, [(each, dict(prices_of(each)).get(label)) for each in operators]) for label in labels]


def _criteria(
    structure: Structure | None, operators: list[Operator]
) -> list[tuple[str, list[tuple[Operator, Rating | None]]]]:
    """Each criterion, with each operator and what was written of it."""
    rows = Rating.objects.filter(structure=structure).select_related("by") if structure else ()
    held = {(row.criterion, row.operator_id): row for row in rows}
    return [
        (one.label, [(operator, held.get((one.value, operator.pk))) for operator in operators]) for one in Criterion
    ]


class RateView(ActionView):
    form_class = RatingForm
    submit = "Enregistrer"
    done = "La comparaison est à jour."
    warning = (
        "Ce sont vos mots et vos notes : les personnes qui suivent votre structure les lisent, l’opérateur et les "
        "autres structures ne les voient pas."
    )

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        seen = Structure.objects.visible_to(request.user)
        self.structure = get_object_or_404(seen, pk=self.kwargs["structure"])
        self.operator = get_object_or_404(Operator, pk=self.kwargs["operator"])
        self.label = f"Noter l’offre : {self.operator}"

    def get_form_kwargs(self):
        rows = Rating.objects.filter(structure=self.structure, operator=self.operator)
        return {**super().get_form_kwargs(), "ratings": {row.criterion: row for row in rows}}

    def check(self, *, by):
        check_may(Act.RATE_OPERATOR, structure=self.structure, by=by)

    def perform(self, form, *, by):
        form.perform(self.structure, self.operator, by=by)

    def back(self):
        return f"{reverse('panorama')}?structure={self.structure.pk}"
