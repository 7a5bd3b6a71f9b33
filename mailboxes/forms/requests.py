"""What is asked of operators: answered, worded, and the guided depublication."""

from django import forms

from mailboxes import actions
from mailboxes.forms.offers import CHOOSE, ShowingForm, name_the_empty_choice, offer_choices, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.models import Bal, Operator, Request, RequestLayout, Structure
from mailboxes.models.fields import NOTE_LENGTH, length_of
from mailboxes.requests.letters import words_of
from mailboxes.requests.wayout import auto_reply_for, candidates

SAID = {
    Act.RECORD_REFUSAL: ("Raison donnée par l’opérateur", "Le demandeur la lira."),
    Act.RECORD_DONE: ("Réponse de l’opérateur", "Par exemple : confirmé par courriel le 12 mars."),
    Act.CANCEL_REQUEST: ("Motif", "Si la demande est déjà partie, l’opérateur le lira."),
    Act.MARK_SENT: ("Comment", "Par exemple : saisie sur le portail, dossier n° 1234."),
}


class RequestStepForm(forms.Form):
    answer = forms.CharField(required=False, max_length=NOTE_LENGTH, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args, act: Act, **kwargs):
        super().__init__(*args, **kwargs)
        self.act = act
        label, help_text = SAID.get(act, ("Note", "Elle est gardée au journal."))
        self.fields["answer"].label, self.fields["answer"].help_text = label, help_text

    def perform(self, request: Request, *, by):
        return actions.step(request, self.act, by=by, **self.cleaned_data)


class LayoutForm(ShowingForm, forms.ModelForm):
    class Meta:
        model = RequestLayout
        fields = ["structure", "operator", "kind", "subject", "body", "columns", "separator"]
        labels = {"structure": "Structure"}
        field_classes = {"structure": StructureField}
        widgets = {"body": forms.Textarea({"rows": 12}), "columns": forms.Textarea({"rows": 8})}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, structure=Structure.objects.managed_by(user), operator=Operator.objects.all())
        name_the_empty_choice(self, CHOOSE, "structure", "operator")
        offer_choices(self, kind=[("", "toutes les demandes"), *RequestKind.choices])
        if not self.instance.pk and not self.is_bound:
            asked = self.initial.get("kind")  # by the address: anything
            subject, body = words_of(asked if asked in RequestKind.values else RequestKind.CHANGE)
            self.initial = {"subject": subject, "body": body, **self.initial}

    def perform(self, *, by):
        facts = self.typed(*self.fields) if self.instance.pk else self.cleaned_data
        return actions.write_layout(RequestLayout(pk=self.instance.pk), by=by, **facts)


NONE, OTHER = "", "other"


class DepublishForm(forms.Form):
    """The guided depublication: first where correspondents are led; then what the operator reads, and the automatic
    reply."""

    choice = forms.ChoiceField(
        label="Quelle BAL active vos correspondants doivent-ils utiliser à la place ?",
        required=False,
        widget=forms.RadioSelect,
    )
    other = forms.CharField(
        label="Une autre adresse MSSanté",
        required=False,
        max_length=length_of(Bal, "replaced_by"),
        widget=forms.EmailInput({"autocomplete": "off"}),
        help_text="Si elle n’est pas dans la liste : du registre, ou de l’annuaire.",
    )
    note = forms.CharField(
        label="Motif",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 2}),
        help_text="L’opérateur et les titulaires le lisent. N’y écrivez rien sur un patient.",
    )
    auto_reply = forms.CharField(
        label="Texte de la réponse automatique",
        required=False,
        max_length=length_of(Bal, "auto_reply"),
        widget=forms.Textarea({"rows": 5}),
        help_text="Elle est demandée à l’opérateur. Vide : pas de réponse automatique.",
    )

    def __init__(self, data=None, *, bal: Bal, is_previewed: bool, **kwargs):
        super().__init__(data, **kwargs)
        self.bal, self.is_previewed = bal, is_previewed
        offered = candidates(bal)
        offer_choices(self, choice=[*offered, (OTHER, "une autre adresse"), (NONE, "aucune")])
        self.fields["choice"].initial = offered[0][0] if len(offered) == 1 else NONE
        if not (is_previewed and bal.operator.can_auto_reply):
            del self.fields["auto_reply"]

    @property
    def replaced_by(self) -> str:
        choice = self.cleaned_data.get("choice", "")
        return (self.cleaned_data.get("other", "") if choice == OTHER else choice).strip().lower()

    def clean(self):
        if self.cleaned_data.get("choice") == OTHER and not self.cleaned_data.get("other"):
            self.add_error("other", "Écrivez cette adresse, ou choisissez « aucune ».")
        return super().clean()

    def propose(self) -> None:
        """Fill in the automatic reply for the BAL just chosen."""
        if "auto_reply" in self.fields and "auto_reply" not in self.data:
            text = self.cleaned_data["auto_reply"] = auto_reply_for(self.replaced_by)
            self.data = dict(self.data.items(), auto_reply=text)

    def perform(self, bal: Bal, *, by):
        return actions.request_depublication(
            bal,
            by=by,
            replaced_by=self.replaced_by,
            auto_reply=self.cleaned_data.get("auto_reply", ""),
            note=self.cleaned_data["note"],
        )
