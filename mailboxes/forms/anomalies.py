"""What is noted of a BAL: a misuse; and of an APP, what it serves."""

from django import forms

from mailboxes import actions
from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import ShowingForm, name_the_empty_choice, offer_rows
from mailboxes.models import Anomaly, ApplicativeFacts, Bal
from mailboxes.models.fields import NOTE_LENGTH


class NoteAnomalyForm(forms.Form):
    kind = forms.ChoiceField(label="Anomalie", choices=Anomaly.Kind, widget=forms.RadioSelect)
    noted_on = forms.DateField(
        label="Constatée le", required=False, widget=DateInput(), help_text="Vide : aujourd’hui."
    )
    note = forms.CharField(
        label="Ce qui est constaté",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Gardé au journal, et lu par les titulaires. N’y écrivez rien sur un patient, ni aucun mot de passe.",
    )

    def perform(self, bal, *, by):
        return actions.note_anomaly(bal, by=by, **self.cleaned_data)


class ApplicativeForm(ShowingForm, forms.ModelForm):
    replaces = forms.BooleanField(
        label="Le canal enregistré jusqu’ici est fermé : celui-ci le remplace.",
        required=False,
        help_text="Seulement si le canal d’accès change.",
    )

    class Meta:
        model = ApplicativeFacts
        fields = ["software", "certificate_expires_on", "answers", "channel"]
        widgets = {"certificate_expires_on": DateInput()}

    def __init__(self, *args, bal: Bal, **kwargs):
        super().__init__(*args, **{**kwargs, "instance": ApplicativeFacts.objects.filter(bal=bal).first()})
        answering = Bal.objects.in_service().filter(structure=bal.structure_id, kind__in=Bal.SHARED)
        today = Bal.objects.filter(pk=self.instance.answers_id)
        offer_rows(self, answers=(answering | today).order_by("address"))
        name_the_empty_choice(self, "Aucune pour l’instant", "answers")

    def perform(self, bal, *, by):
        replaces = self.cleaned_data["replaces"]
        return actions.describe_applicative(bal, by=by, replaces=replaces, **self.typed(*self.Meta.fields))
