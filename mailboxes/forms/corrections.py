"""An error of the register: what is right, and why."""

from typing import Any

from django import forms

from mailboxes import actions
from mailboxes.actions.corrections import OF_BAL, OF_PERSON
from mailboxes.forms.offers import ShowingForm, UnwrittenForm, field_of, offer_rows, why_field
from mailboxes.forms.person_field import AttestingForm, PersonField
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Bal, Operator, Person, Request, Structure
from mailboxes.models.fields import AddressFormField

REGISTER, OPERATOR = "register", "operator"


class CorrectBalForm(ShowingForm, UnwrittenForm, AttestingForm, forms.ModelForm):
    """Who is wrong decides what is done: the register is put right here, the operator is asked."""

    at_fault = forms.ChoiceField(
        label="Qui se trompe ?",
        choices=[
            (REGISTER, "le registre : la BAL est déjà ainsi chez l’opérateur"),
            (OPERATOR, "l’opérateur : qu’il change ce qui suit ; à sa réponse, vous corrigerez la fiche"),
        ],
        widget=forms.RadioSelect,
        initial=REGISTER,
    )
    principal = PersonField(label="Titulaire ou cotitulaire principal", required=False)
    attested_of = "principal"
    keeps_former = forms.BooleanField(
        label="Si l’adresse change : l’opérateur garde l’ancienne comme alias.",
        required=False,
        help_text="Après un changement de nom, par exemple : ce qui est envoyé à l’ancienne adresse arrive encore.",
    )
    why = why_field(is_told=True)

    class Meta:
        model = Bal
        fields = OF_BAL
        field_classes = {"address": AddressFormField, "structure": StructureField}
        widgets = {"address": forms.EmailInput({"autocomplete": "off"})}

    field_order = [
        "at_fault",
        "principal",
        "attested",
        "kind",
        "address",
        "keeps_former",
        "structure",
        "operator",
        "why",
    ]

    def __init__(self, bal: Bal, *, user, initial: dict[str, Any], **kwargs):
        super().__init__(instance=bal, initial={"principal": bal.principal(), **initial}, **kwargs)
        self.proposed = initial
        managed = Structure.objects.managed_by(user).standing() | Structure.objects.filter(pk=bal.structure_id)
        offer_rows(self, structure=managed.distinct(), operator=Operator.objects.all())
        field_of(self, "principal", PersonField).offer(user, bal)

    def perform(self, bal: Bal, *, by) -> Bal | Request:
        said = {name: self.cleaned_data[name] for name in ("keeps_former", "why")}
        act = actions.correct_bal if self.cleaned_data["at_fault"] == REGISTER else actions.ask_correction
        return act(bal, by=by, **said, **self.typed(*OF_BAL, "principal"))


class CorrectPersonForm(ShowingForm, UnwrittenForm, forms.ModelForm):
    why = why_field(is_told=True)

    class Meta:
        model = Person
        fields = OF_PERSON

    def __init__(self, person: Person, **kwargs):
        super().__init__(instance=person, **kwargs)

    def perform(self, person: Person, *, by) -> Person:
        return actions.correct_person(person, by=by, why=self.cleaned_data["why"], **self.typed(*OF_PERSON))
