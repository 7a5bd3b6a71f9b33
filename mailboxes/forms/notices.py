"""How people want to be told, and what the gestionnaire writes down of a notice they gave in person."""

from django import forms
from django.conf import settings
from django.utils import timezone

from mailboxes import actions
from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import offer_choices
from mailboxes.models import Notice, Person
from mailboxes.models.fields import NOTE_LENGTH

WAYS = ["en main propre", "par téléphone", "par courrier postal", "en réunion"]


class PreferencesForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ["channel", "email", "mssante_address"]
        widgets = {"channel": forms.RadioSelect, "mssante_address": forms.EmailInput}
        labels = {
            "channel": "Être prévenu par",
            "email": "Courriel ordinaire",
            "mssante_address": "Adresse MSSanté",
        }
        help_texts = {
            "email": "Il dit seulement qu’une action attend, avec un lien.",
            "mssante_address": "Celle que vous lisez. L’avis qui porte sur cette adresse elle-même part par courriel.",
        }

    def __init__(self, person: Person, **kwargs):
        super().__init__(instance=person, **kwargs)
        if not settings.MSSANTE_MAIL and person.channel != Person.Channel.MSSANTE:
            channels = [choice for choice in Person.Channel.choices if choice[0] != Person.Channel.MSSANTE]
            offer_choices(self, channel=channels)
            del self.fields["mssante_address"]

    def perform(self, person: Person, *, by):
        facts = {"mssante_address": person.mssante_address, **self.cleaned_data}
        return actions.prefer_channel(person, by=by, **facts)


class GiveNoticeForm(forms.Form):
    how = forms.ChoiceField(label="Comment", choices=[(way, way) for way in WAYS], widget=forms.RadioSelect)
    on = forms.DateField(label="Le", widget=DateInput())
    note = forms.CharField(
        label="Précisions",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 2}),
        help_text="Gardées au journal. N’y écrivez rien sur un patient.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate()

    def perform(self, notice: Notice, *, by):
        return actions.give_notice(notice, by=by, **self.cleaned_data)
