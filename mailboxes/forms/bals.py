"""The BAL itself: entered, described, taken along its life."""

from django import forms

from mailboxes import actions
from mailboxes.actions.register import DESCRIBED
from mailboxes.forms.offers import (
    CHOOSE,
    ShowingForm,
    UnwrittenForm,
    field_of,
    name_the_empty_choice,
    offer_choices,
    offer_rows,
)
from mailboxes.forms.person_field import PersonField
from mailboxes.forms.structure_field import StructureField
from mailboxes.lifecycle import ATTESTATION, Verb
from mailboxes.models import Bal, Operator, Structure
from mailboxes.models.fields import NOTE_LENGTH, AddressFormField, validate_address

NEW, EXISTING = "new", "existing"


class EmptyForm(forms.Form):
    """A form with nothing to type, only to confirm."""


class MoveForm(forms.Form):
    note = forms.CharField(
        label="Motif",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Il est gardé au journal. N’y écrivez rien sur un patient.",
    )

    def perform(self, bal, verb: Verb, *, by):
        return actions.move(bal, verb, by=by, **self.cleaned_data)


class CorrectingMoveForm(MoveForm):
    """What contradicts the register says why."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True
        self.fields["note"].error_messages["required"] = "Dites pourquoi : le journal le garde."


class RequestDeletionForm(MoveForm):
    attested = forms.BooleanField(
        label=f"J’atteste que {ATTESTATION}", required=False, help_text="Ces mots sont gardés au journal."
    )


class RegisterForm(UnwrittenForm, forms.ModelForm):
    existing = forms.ChoiceField(
        label="Cette BAL",
        choices=[(EXISTING, "existe déjà chez l’opérateur"), (NEW, "est à demander à l’opérateur")],
        widget=forms.RadioSelect,
        initial=EXISTING,
    )
    principal = PersonField(
        label="Titulaire ou cotitulaire principal",
        required=False,
        help_text="Tapez un nom ou un numéro RPPS. Laissez vide pour une BAL applicative.",
    )
    note = forms.CharField(label="Motif", required=False, max_length=NOTE_LENGTH, widget=forms.Textarea({"rows": 2}))

    class Meta:
        model = Bal
        fields = ["structure", "operator", "kind", "address", "service", "description", "purpose", "liste_rouge"]
        field_classes = {"address": AddressFormField, "structure": StructureField}
        widgets = {"purpose": forms.Textarea({"rows": 2}), "address": forms.EmailInput({"autocomplete": "off"})}
        labels = {"structure": "Structure", "liste_rouge": "En liste rouge (non publiée à l’annuaire)"}

    field_order = ["existing", "structure", "operator", "kind", "address", "principal", *Meta.fields[4:], "note"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        structures = Structure.objects.managed_by(user).standing()
        offer_rows(self, structure=structures, operator=Operator.objects.all())
        name_the_empty_choice(self, CHOOSE, "structure", "operator")
        offer_choices(self, kind=[("", CHOOSE), *Bal.Kind.choices])
        field_of(self, "principal", PersonField).offer(user)
        if len(structures) == 1:
            self.fields["structure"].initial = structures[0]

    def clean_address(self):
        address = self.cleaned_data["address"].strip().lower()
        validate_address(address)
        return address

    def perform(self, *, by):
        facts = {**self.cleaned_data, "exists": self.cleaned_data["existing"] == EXISTING}
        del facts["existing"]
        return actions.register_bal(by=by, **facts)


class DescribeForm(ShowingForm, forms.ModelForm):
    responsable = PersonField(
        label="Responsable de structure",
        required=False,
        help_text="Décide, avec le cotitulaire principal, de qui a accès. Tapez un nom ou un numéro RPPS.",
    )

    class Meta:
        model = Bal
        fields = [name for name in DESCRIBED if name != "responsable"]
        widgets = {"purpose": forms.Textarea({"rows": 3})}

    def __init__(self, bal: Bal, *, user, initial, **kwargs):
        super().__init__(instance=bal, initial={"responsable": bal.responsable}, **kwargs)
        field_of(self, "responsable", PersonField).offer(user, bal)

    def perform(self, bal, *, by):
        return actions.describe_bal(bal, by=by, **self.typed(*DESCRIBED))
