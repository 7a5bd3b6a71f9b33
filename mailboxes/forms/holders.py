"""Who holds a BAL, and who may use it."""

from django import forms

from mailboxes import actions
from mailboxes.forms.people import PersonField, attest
from mailboxes.models import Bal, Delegataire, Person


class _PersonOfBalForm(forms.Form):
    person = PersonField(label="Personne")

    def __init__(self, bal: Bal, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].offer(user, bal)  # type: ignore[attr-defined]


class _HolderForm(_PersonOfBalForm):
    attested = forms.BooleanField(
        label="Cette personne a une CPS ou une e-CPS, je m’en suis assuré.",
        required=False,
        help_text="À cocher pour une personne qui n’est pas encore connue ici : l’annuaire ne le dit pas.",
    )

    def clean(self):
        attest(self.cleaned_data.get("person"), self.cleaned_data)
        return self.cleaned_data


class AddCotitulaireForm(_HolderForm):
    def perform(self, bal, *, by):
        return actions.add_cotitulaire(bal, self.cleaned_data["person"], by=by)


class NamePrincipalForm(_HolderForm):
    def perform(self, bal, *, by):
        return actions.name_principal(bal, self.cleaned_data["person"], by=by)


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


class DelegateForm(_PersonOfBalForm):
    can_read = forms.BooleanField(label="Consulter les messages", required=False, initial=True)
    can_send = forms.BooleanField(label="Envoyer des messages", required=False)
    starts_on = forms.DateField(label="Du", required=False, widget=DateInput(), help_text="Vide : dès aujourd’hui.")
    ends_on = forms.DateField(label="Au", required=False, widget=DateInput(), help_text="Vide : sans date de fin.")
    reason = forms.CharField(
        label="Mission", max_length=Delegataire._meta.get_field("reason").max_length, help_text="Pourquoi cet accès."
    )

    def perform(self, bal, *, by):
        # An account that is nobody's holds nothing: the rule says so.
        oneself = Person.objects.filter(user=by).first() or Person()
        return actions.delegate(bal, under=oneself, by=by, **self.cleaned_data)
