"""What the pages of an account ask for."""

from allauth.account.adapter import get_adapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm
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


class AddPasskeyForm(AddWebAuthnForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Nom de la clé"
        self.fields["name"].help_text = "Pour la reconnaître : « téléphone », « clé du bureau »…"
        self.fields["passwordless"].label = "Me connecter avec cette clé seule, sans mot de passe"
        self.fields["passwordless"].help_text = "La clé demande alors un code, une empreinte ou un visage."
