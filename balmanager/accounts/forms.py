"""What the pages of an account ask for."""

from typing import ClassVar

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
)
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import validate_password

from balmanager.accounts.models import Invitation, User
from balmanager.accounts.passwords import CommonWordsValidator
from mailboxes.forms import PersonField
from mailboxes.forms.offers import field_of, offer_choices, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Membership, Structure

ADMINISTRATOR = Invitation.Role.ADMINISTRATOR


class SaidOnce(forms.Form):
    """A form of allauth whose labels say what is asked: no grey word says it again in the field."""

    labels: ClassVar[dict[str, str]] = {}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


AGAIN = "Le même, encore une fois"


class LogInForm(SaidOnce, LoginForm):
    pass


class ForgottenPasswordForm(SaidOnce, ResetPasswordForm):
    labels: ClassVar = {"email": "Adresse e-mail du compte"}


class NewPasswordForm(SaidOnce, ResetPasswordKeyForm):
    labels: ClassVar = {"password2": AGAIN}


class OtherPasswordForm(SaidOnce, ChangePasswordForm):
    labels: ClassVar = {"password2": AGAIN}


class PasswordAgainForm(SaidOnce, ReauthenticateForm):
    labels: ClassVar = {"password": "Mot de passe actuel"}


class CodeForm(SaidOnce, AuthenticateForm):
    pass


class CodeAgainForm(SaidOnce, CodeReauthenticateForm):
    pass


class FirstCodeForm(SaidOnce, ActivateTOTPForm):
    labels: ClassVar = {"code": "Code affiché par l’application"}


class AccountAddressForm(forms.Form):
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


class OfferForm(forms.Form):
    """A role: of one structure and those below it, or of the whole platform."""

    role = forms.ChoiceField(label="Rôle", choices=Invitation.Role)
    structure = StructureField(
        Structure.objects.none(),
        label="Structure",
        required=False,
        help_text="Le rôle vaut aussi pour les structures qui lui sont rattachées.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        if user.is_superuser:
            offer_rows(self, structure=Structure.objects.all())
        else:
            offer_rows(self, structure=Structure.objects.managed_by(user))
            offer_choices(self, role=Membership.Role.choices)
            self.fields["structure"].required = True

    def clean(self):
        super().clean()
        facts = self.cleaned_data
        if facts.get("role") == ADMINISTRATOR:
            facts["structure"] = None
        elif "structure" in facts and facts["structure"] is None:
            self.add_error("structure", "Ce rôle se donne pour une structure.")
        return facts


class InviteForm(OfferForm):
    address = forms.EmailField(label="Adresse e-mail", max_length=254)
    field_order = ("address", "role", "structure")


class OpenAccountForm(forms.Form):
    first_name = forms.CharField(label="Prénom", max_length=150)
    last_name = forms.CharField(label="Nom", max_length=150)
    password = forms.CharField(
        label="Mot de passe",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=f"Douze signes au moins. {CommonWordsValidator().get_help_text()}",
    )
    again = forms.CharField(label=AGAIN, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def __init__(self, *args, address, **kwargs):
        super().__init__(*args, **kwargs)
        self.address = address

    def clean(self):
        super().clean()
        facts = self.cleaned_data
        password = facts.get("password")
        if password and password != facts.get("again"):
            self.add_error("again", "Les deux mots de passe diffèrent.")
        names = {name: facts.get(name, "") for name in ("first_name", "last_name")}
        try:
            validate_password(password or "", User(username=self.address, email=self.address, **names))
        except forms.ValidationError as error:
            self.add_error("password", error)
        return facts


class TieForm(forms.Form):
    person = PersonField(label="Personne")

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        field_of(self, "person", PersonField).offer(user)
