"""Of which structure the indicators are shown, and over how long."""

from typing import cast

from django import forms
from django.db.models import QuerySet

from mailboxes.forms.offers import offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.indicators import Indicators
from mailboxes.models import Structure

PERIODS = {"30": "30 jours", "90": "3 mois", "365": "un an", "1095": "trois ans"}
DEFAULT = "365"


class IndicatorsForm(forms.Form):
    structure = StructureField(
        Structure.objects.none(), label="Structure", required=False, empty_label="toutes celles que je suis"
    )
    period = forms.ChoiceField(label="Période", required=False, choices=PERIODS.items())

    def __init__(self, data, *, seen: QuerySet[Structure], within: Structure | None):
        super().__init__({"period": DEFAULT, **data.dict()})
        self.seen, self.within = seen, within
        offer_rows(self, structure=seen)
        if within:
            cast("forms.ModelChoiceField", self.fields["structure"]).empty_label = f"{within} et ce qui en dépend"

    def asked(self) -> Indicators:
        """What is not understood is not applied."""
        self.is_valid()
        structure = self.cleaned_data.get("structure")
        structures = Structure.objects.filter(pk=structure.pk) if structure else self.seen
        return Indicators(structures, int(self.cleaned_data.get("period") or DEFAULT))

    @property
    def title(self) -> str:
        """Whose figures these are; after `asked`."""
        if structure := self.cleaned_data.get("structure") or self.within:
            return str(structure)
        names = list(self.seen.values_list("name", flat=True)[:2])
        return names[0] if len(names) == 1 else "Toutes les structures suivies"
