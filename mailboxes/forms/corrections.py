"""An error of the register: what is right, and why."""

from typing import Any

from django import forms

from mailboxes import actions
from mailboxes.actions.corrections import OF_BAL, OF_PERSON, OF_STRUCTURE
from mailboxes.forms.offers import field_of, offer_rows
from mailboxes.forms.people import PersonField, attest
from mailboxes.models import Bal, Operator, Person, Request, Structure
from mailboxes.models.fields import NOTE_LENGTH, AddressFormField

REGISTER, OPERATOR = "register", "operator"


def why_field() -> forms.CharField:
    return forms.CharField(
        label="Motif",
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 2}),
        help_text="Il est gardé au journal, et lu par les personnes prévenues. N’y écrivez rien sur un patient.",
    )


class CorrectBalForm(forms.ModelForm):
    """Who is wrong decides what is done: the register is put right here, the operator is asked."""

    at_fault = forms.ChoiceField(
        label="Qui se trompe ?",
        choices=[
            (REGISTER, "le registre : la BAL est déjà ainsi chez l’opérateur"),
            (OPERATOR, "l’opérateur : qu’il change ce qui suit, le registre suivra sa réponse"),
        ],
        widget=forms.RadioSelect,
        initial=REGISTER,
    )
    principal = PersonField(label="Titulaire ou cotitulaire principal", required=False)
    attested = forms.BooleanField(
        label="Cette personne a une CPS ou une e-CPS, je m’en suis assuré.",
        required=False,
        help_text="À cocher pour une personne qui n’est pas encore connue ici : l’annuaire ne le dit pas.",
    )
    why = why_field()

    class Meta:
        model = Bal
        fields = OF_BAL
        field_classes = {"address": AddressFormField}
        widgets = {"address": forms.EmailInput({"autocomplete": "off"})}

    field_order = ["at_fault", "principal", "attested", "kind", "address", "structure", "operator", "why"]

    def __init__(self, bal: Bal, *, user, initial: dict[str, Any], **kwargs):
        super().__init__(instance=bal, initial={"principal": bal.principal(), **initial}, **kwargs)
        managed = Structure.objects.managed_by(user) | Structure.objects.filter(pk=bal.structure_id)
        offer_rows(self, structure=managed.distinct(), operator=Operator.objects.all())
        field_of(self, "principal", PersonField).offer(user, bal)

    def clean(self):
        attest(self.cleaned_data.get("principal"), self.cleaned_data)
        return self.cleaned_data

    def validate_unique(self):
        """Said by the action, under its lock."""

    def _post_clean(self):
        """The row stays as it is: the action compares it with what is asked."""

    def perform(self, bal: Bal, *, by) -> Bal | Request:
        facts = {name: self.cleaned_data[name] for name in (*OF_BAL, "principal")}
        if self.cleaned_data["at_fault"] == REGISTER:
            return actions.correct_bal(bal, by=by, why=self.cleaned_data["why"], **facts)
        return actions.ask_correction(bal, by=by, why=self.cleaned_data["why"], **facts)


class CorrectPersonForm(forms.ModelForm):
    why = why_field()

    class Meta:
        model = Person
        fields = OF_PERSON

    def __init__(self, person: Person, **kwargs):
        super().__init__(instance=person, **kwargs)

    def validate_unique(self):
        """Said by the action, under its lock."""

    def _post_clean(self):
        """The row stays as it is: the action compares it with what is asked."""

    def perform(self, person: Person, *, by) -> Person:
        facts = {name: self.cleaned_data[name] for name in OF_PERSON}
        return actions.correct_person(person, by=by, why=self.cleaned_data["why"], **facts)


class CorrectStructureForm(forms.ModelForm):
    why = why_field()

    class Meta:
        model = Structure
        fields = OF_STRUCTURE

    def __init__(self, structure: Structure, **kwargs):
        super().__init__(instance=structure, **kwargs)

    def validate_unique(self):
        """Said by the action, under its lock."""

    def _post_clean(self):
        """The row stays as it is: the action compares it with what is asked."""

    def perform(self, structure: Structure, *, by) -> Structure:
        facts = {name: self.cleaned_data[name] for name in OF_STRUCTURE}
        return actions.correct_structure(structure, by=by, why=self.cleaned_data["why"], **facts)
