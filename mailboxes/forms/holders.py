"""Who holds a BAL, and who may use it."""

from django import forms
from django.utils import timezone

from mailboxes import actions
from mailboxes.forms.offers import field_of
from mailboxes.forms.person_field import AttestingForm, DateInput, PersonField
from mailboxes.models import Affiliation, Bal, Delegataire, Person
from mailboxes.models.fields import length_of
from mailboxes.models.movements import leaves

SHOWN = 8
SUGGESTED = "Par exemple, parmi ceux qui ont RPPS et carte, les cotitulaires d’abord"


def successors(bal: Bal) -> list[Person]:
    """Who could be its principal: its cotitulaires who can hold, then people of its structure with RPPS and card."""
    stays = Affiliation.objects.filter(structure=bal.structure_id)
    principal = bal.principal()
    able = Person.objects.able_to_hold().exclude(pk=principal.pk if principal else None)
    able = able.exclude(pk__in=stays.filter(leaves()).values("person"))
    found = list(able.filter(held__bal=bal))
    others = able.filter(pk__in=stays.values("person")).exclude(held__bal=bal)
    return found + list(others[: max(SHOWN - len(found), 0)])


class _PersonOfBalForm(forms.Form):
    person = PersonField(label="Personne")

    def __init__(self, bal: Bal, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        field_of(self, "person", PersonField).offer(user, bal)
        self.fields["person"].widget.attrs["autofocus"] = True  # what the page is for begins there


class _HolderForm(AttestingForm, _PersonOfBalForm):
    field_order = ["person", "attested"]


class AddCotitulaireForm(_HolderForm):
    def perform(self, bal, *, by):
        return actions.add_cotitulaire(bal, self.cleaned_data["person"], by=by)


class NamePrincipalForm(_HolderForm):
    """Whoever could be named is offered: the other cotitulaires first, then people of the structure."""

    def __init__(self, bal: Bal, *args, user, **kwargs):
        super().__init__(bal, *args, user=user, **kwargs)
        field_of(self, "person", PersonField).suggest(successors(bal), SUGGESTED)

    def perform(self, bal, *, by):
        return actions.name_principal(bal, self.cleaned_data["person"], by=by)


class EndingForm(forms.Form):
    """An access that is lent ends on a day, or a box says that it does not: a field left empty decides nothing."""

    ends_on = forms.DateField(label="Jusqu’au", required=False, widget=DateInput())
    is_endless = forms.BooleanField(label="Sans date de fin", required=False)

    def clean(self):
        facts = super().clean() or self.cleaned_data
        is_endless = facts.pop("is_endless", False)
        if self.lends and "ends_on" not in self.errors and bool(facts.get("ends_on")) == is_endless:
            said = "l’un des deux seulement" if facts.get("ends_on") else "l’un des deux"
            self.add_error("ends_on", f"Donnez un jour, ou cochez « Sans date de fin » : {said}.")
        return facts

    @property
    def lends(self) -> bool:
        """A cotitulaire holds until further notice; whom an access is lent to, until a day."""
        return True


class DelegateForm(_PersonOfBalForm, EndingForm):
    can_read = forms.BooleanField(label="Consulter les messages", required=False, initial=True)
    can_send = forms.BooleanField(label="Envoyer des messages", required=False)
    starts_on = forms.DateField(label="Du", required=False, initial=timezone.localdate, widget=DateInput())
    reason = forms.CharField(
        label="Motif de l’accès",
        max_length=length_of(Delegataire, "reason"),
        help_text="Par exemple : secrétariat du Dr Morel.",
    )

    field_order = ["person", "can_read", "can_send", "starts_on", "ends_on", "is_endless", "reason"]

    def perform(self, bal, *, by):
        # An account that is nobody's holds nothing: the rule says so.
        oneself = Person.objects.filter(user=by).first() or Person()
        return actions.delegate(bal, under=oneself, by=by, **self.cleaned_data)


class AskExtensionForm(forms.Form):
    until = forms.DateField(label="Jusqu’au", required=False, widget=DateInput(), help_text="Si vous le savez.")
    note = forms.CharField(label="Pourquoi", required=False, max_length=200)

    def perform(self, delegation: Delegataire, *, by):
        return actions.ask_extension(delegation, by=by, **self.cleaned_data)


class ExtendForm(EndingForm):
    note = forms.CharField(label="Pourquoi", required=False, max_length=200)

    def perform(self, delegation: Delegataire, *, by):
        facts = self.cleaned_data
        return actions.extend_delegation(delegation, facts["ends_on"], by=by, note=facts["note"])
