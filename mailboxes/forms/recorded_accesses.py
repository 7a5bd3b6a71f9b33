"""An access that a gestionnaire records or asks for, on somebody's word."""

from django import forms
from django.utils import timezone

from mailboxes import actions
from mailboxes.forms.holders import EndingForm
from mailboxes.forms.offers import field_of
from mailboxes.forms.person_field import AttestingForm, DateInput, PersonField
from mailboxes.models import Bal, Cotitulaire, Delegataire, Person
from mailboxes.models.fields import length_of

EXISTING, NEW = "existing", "new"
COTITULAIRE, DELEGATAIRE = "cotitulaire", "delegataire"


class RecordAccessForm(AttestingForm, EndingForm):
    existing = forms.ChoiceField(
        label="Cet accès",
        choices=[
            (EXISTING, "existe déjà chez l’opérateur : l’inscrire, sans rien demander"),
            (NEW, "est à demander à l’opérateur"),
        ],
        widget=forms.RadioSelect,
        initial=EXISTING,
    )
    person = PersonField(label="Personne")
    role = forms.ChoiceField(
        label="Rôle",
        choices=[(DELEGATAIRE, "délégataire, sous le professionnel ci-dessous"), (COTITULAIRE, "cotitulaire")],
        widget=forms.RadioSelect,
        initial=DELEGATAIRE,
    )
    under = forms.ModelChoiceField(
        Person.objects.none(),
        label="Sur la parole de",
        help_text="Le titulaire qui en répond : il en est prévenu, et peut le démentir.",
    )
    told_on = forms.DateField(label="Jour où cela vous a été dit", widget=DateInput(), initial=timezone.localdate)
    told_how = forms.CharField(
        label="Comment",
        max_length=length_of(Cotitulaire, "told_how"),
        help_text="Par téléphone, par courriel, en réunion…",
    )
    can_read = forms.BooleanField(label="Consulter les messages", required=False, initial=True)
    can_send = forms.BooleanField(label="Envoyer des messages", required=False)
    reason = forms.CharField(
        label="Motif de l’accès",
        required=False,
        max_length=length_of(Delegataire, "reason"),
        help_text="Pour une délégation. Par exemple : secrétariat du Dr Morel.",
    )

    field_order = [
        "existing", "person", "attested", "role", "under", "told_on", "told_how", "can_read", "can_send", "ends_on",
        "is_endless", "reason",
    ]  # fmt: skip

    def __init__(self, bal: Bal, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        field_of(self, "person", PersonField).offer(user, bal)
        holders = Person.objects.filter(held__bal=bal)
        field_of(self, "under", forms.ModelChoiceField).queryset = holders
        if not bal.is_shared:
            del self.fields["role"]
        if principal := bal.principal():
            self.fields["under"].initial = principal

    @property
    def lends(self) -> bool:
        return self.cleaned_data.get("role", DELEGATAIRE) == DELEGATAIRE

    @property
    def is_asked(self) -> bool:
        """Is the access still to be opened by the operator?"""
        return self.cleaned_data["existing"] != EXISTING

    def perform(self, bal: Bal, *, by) -> Cotitulaire | Delegataire:
        facts = {**self.cleaned_data}
        role = facts.pop("role", DELEGATAIRE)
        facts.pop("attested")
        facts.pop("existing")
        do = actions.request_access if self.is_asked else actions.record_access
        return do(bal, facts.pop("person"), by=by, as_cotitulaire=role == COTITULAIRE, **facts)
