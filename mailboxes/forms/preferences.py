"""Which places of practice are shown."""

from django import forms

from mailboxes.gaps.preferred import SORTS, PracticePlaces


class PlaceFilterForm(forms.Form):
    q = forms.CharField(label="Nom ou adresse", required=False)
    sort = forms.ChoiceField(
        label="Montrer",
        required=False,
        choices=[("", "tous les lieux d’exercice"), *[(s.name, s.title) for s in SORTS]],
    )

    def asked(self, places: PracticePlaces) -> PracticePlaces:
        """What is not understood is not applied."""
        self.is_valid()
        return places.narrowed(sort=self.cleaned_data.get("sort", ""), text=self.cleaned_data.get("q", ""))
