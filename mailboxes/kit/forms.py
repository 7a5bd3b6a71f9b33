"""The BAL whose kits are wanted."""

from django import forms

from mailboxes.forms.offers import offer_rows
from mailboxes.models import Bal


class KitsForm(forms.Form):
    """The BAL whose communication kits are taken at once."""

    bals = forms.ModelMultipleChoiceField(
        Bal.objects.none(),
        label="BAL",
        error_messages={"required": "Cochez au moins une BAL.", "invalid_choice": "La BAL n° %(value)s n’existe pas."},
    )

    def __init__(self, *args, user, limit: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.limit = limit
        offer_rows(self, bals=Bal.objects.visible_to(user))

    def clean_bals(self):
        if self.cleaned_data["bals"].count() > self.limit:
            raise forms.ValidationError(f"Pas plus de {self.limit} kits à la fois : cochez moins de BAL.")
        return self.cleaned_data["bals"]
