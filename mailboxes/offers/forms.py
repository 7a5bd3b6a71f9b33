"""One operator's offer, criterion by criterion."""

from typing import Any

from django import forms

from mailboxes.forms.offers import ShowingForm, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Operator, Structure
from mailboxes.models.fields import length_of
from mailboxes.offers.actions import rate_operator
from mailboxes.offers.models import Criterion, Rating

MARKS = [("", "sans note"), *((number, f"{number} sur {Rating.MOST}") for number in range(Rating.MOST, 0, -1))]


class ChooseStructureForm(forms.Form):
    structure = StructureField(Structure.objects.none(), label="Pour la structure", empty_label=None)

    def __init__(self, *args, structures, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, structure=structures)


class RatingForm(ShowingForm):
    """Two fields for each criterion: a mark, and words."""

    def __init__(self, *args, ratings: dict[str, Rating], **kwargs):
        super().__init__(*args, **kwargs)
        for criterion in Criterion:
            row = ratings.get(criterion)
            self.fields[f"{criterion}_words"] = forms.CharField(
                label=criterion.label,
                required=False,
                max_length=length_of(Rating, "words"),
                initial=row.words if row else "",
            )
            self.fields[f"{criterion}_mark"] = forms.TypedChoiceField(
                label=f"Note : {criterion.label}",
                required=False,
                choices=MARKS,
                coerce=int,
                empty_value=None,
                initial=row.mark if row else "",
            )

    def perform(self, structure: Structure, operator: Operator, *, by) -> int:
        said: dict[str, dict[str, Any]] = {}
        for name, value in self.typed(*self.fields).items():
            criterion, _, fact = name.rpartition("_")
            said.setdefault(criterion, {})[fact] = value
        return rate_operator(structure, operator, said, by=by)
