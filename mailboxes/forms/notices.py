"""How people want to be told, and what the gestionnaire writes down of a notice they gave in person."""

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.utils import timezone

from mailboxes import actions
from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import ShowingForm, offer_choices
from mailboxes.models import Notice, Person
from mailboxes.models.fields import NOTE_LENGTH

WAYS = ["en main propre", "par téléphone", "par courrier postal", "en réunion"]


class PreferencesForm(ShowingForm, forms.ModelForm):
    class Meta:
        model = Person
        fields = ["channel", "email", "mssante_address"]
        widgets = {"channel": forms.RadioSelect, "mssante_address": forms.EmailInput}
        labels = {
            "channel": "Recevoir les avis par",
            "email": "Courriel ordinaire",
            "mssante_address": "Adresse MSSanté",
        }
        help_texts = {
            "email": "Il dit en une phrase de quoi il s’agit, sans adresse ni contenu de BAL, avec un lien.",
            "mssante_address": "Celle que vous lisez. L’avis qui porte sur cette adresse elle-même part par courriel.",
        }

    def __init__(self, person: Person, **kwargs):
        super().__init__(instance=person, **kwargs)
        if not settings.MSSANTE_MAIL and person.channel != Person.Channel.MSSANTE:
            channels = [choice for choice in Person.Channel.choices if choice[0] != Person.Channel.MSSANTE]
            offer_choices(self, channel=channels)
            del self.fields["mssante_address"]

    def perform(self, person: Person, *, by):
        return actions.ask_contact(person, by=by, **self.contact())

    def contact(self) -> dict[str, str]:
        return self.whole(*(name for name in self.Meta.fields if name in self.fields))


class MyPreferencesForm(PreferencesForm):
    """One's own are changed at once: whoever finds the session open must know the password too."""

    proposed = ("password",)
    password = forms.CharField(
        label="Mot de passe actuel", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, person: Person, **kwargs):
        super().__init__(person, **kwargs)
        if not (person.user and person.user.has_usable_password()):  # they log in by an identity provider alone
            del self.fields["password"]

    def clean_password(self):
        password = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.instance.user, password):
            raise forms.ValidationError("Ce mot de passe n’est pas le bon.", "password")
        return password

    def perform(self, person: Person, *, by):
        return actions.prefer_channel(person, by=by, **self.contact())


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
