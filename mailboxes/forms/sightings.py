"""Why nothing follows from what was seen."""

from django import forms

from mailboxes import actions
from mailboxes.models import Sighting
from mailboxes.models.fields import length_of


class SightingFilterForm(forms.Form):
    DISMISSED = "ecartees"

    etat = forms.ChoiceField(
        label="Propositions", choices=[("", "à confirmer"), (DISMISSED, "écartées")], required=False
    )


class DismissSightingForm(forms.Form):
    reason = forms.CharField(
        label="Motif",
        max_length=length_of(Sighting, "reason"),
        widget=forms.Textarea({"rows": 3}),
        help_text="Il est gardé. La proposition ne revient que si le fait disparaît, puis se reproduit.",
    )

    def perform(self, sighting: Sighting, *, by) -> Sighting:
        return actions.dismiss_sighting(sighting, by=by, **self.cleaned_data)
