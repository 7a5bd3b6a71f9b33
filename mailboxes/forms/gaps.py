"""The gaps with the annuaire: which are shown, and what mends those that are ticked."""

from django import forms

from mailboxes.forms.offers import offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.gaps import SITUATIONS, STATUSES, Gap, Gaps
from mailboxes.models import Affiliation, Person, Structure


class GapFilterForm(forms.Form):
    q = forms.CharField(label="Adresse", required=False)
    situation = forms.ChoiceField(
        label="Écart", required=False, choices=[("", "tous"), *[(s.name, s.title) for s in SITUATIONS]]
    )
    status = forms.ChoiceField(label="Suite", required=False, choices=[("", "peu importe"), *STATUSES.items()])
    structure = StructureField(Structure.objects.none(), label="Structure", required=False, empty_label="toutes")

    def __init__(self, data, *, user):
        super().__init__(data if "status" in data else {"status": "open", **data.dict()})
        self.user = user
        offer_rows(self, structure=Structure.objects.visible_to(user))

    def asked(self) -> Gaps:
        """What is not understood is not applied."""
        self.is_valid()
        facts = self.cleaned_data
        gaps = Gaps.visible_to(self.user)
        if structure := facts.get("structure"):
            gaps = Gaps(Structure.objects.filter(pk=structure.pk))
        return gaps.narrowed(
            situation=facts.get("situation", ""), status=facts.get("status", ""), text=facts.get("q", "")
        )


def askable(gap: Gap):
    there = Affiliation.objects.current().filter(structure=gap.structure_id).values("person")
    return Person.objects.filter(rpps__in=gap.rpps, pk__in=there)
