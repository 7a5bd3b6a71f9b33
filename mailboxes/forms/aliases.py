"""A second address of a BAL."""

from django import forms

from mailboxes import actions
from mailboxes.forms.offers import why_field
from mailboxes.models import Alias, Bal
from mailboxes.models.fields import AddressFormField


class AliasForm(forms.Form):
    address = AddressFormField(
        label="Autre adresse", help_text="D’un domaine du même opérateur.", widget=forms.EmailInput()
    )
    why = why_field(required=False)

    def perform(self, bal: Bal, *, by) -> Alias:
        return actions.add_alias(bal, self.cleaned_data["address"], by=by, why=self.cleaned_data["why"])
