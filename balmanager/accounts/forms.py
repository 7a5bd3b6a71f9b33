"""What the pages of an account ask for."""

from allauth.account.adapter import get_adapter
from django import forms


class AddressForm(forms.Form):
    address = forms.EmailField(label="Nouvelle adresse", max_length=254)
    password = forms.CharField(
        label="Mot de passe actuel",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args, account, **kwargs):
        super().__init__(*args, **kwargs)
        self.account = account
        if not account.has_usable_password():  # it logs in by an identity provider alone
            del self.fields["password"]

    def clean_password(self):
        password = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.account, password):
            raise forms.ValidationError("Ce mot de passe n’est pas le bon.", "password")
        return password
