"""Letting software in."""

from django import forms

from mailboxes.forms.offers import ShowingForm, offer_rows
from mailboxes.forms.structure_field import StructureField, StructuresField
from mailboxes.lifecycle import Scope
from mailboxes.models import Structure
from mailboxes.models.fields import length_of
from mailboxes.software.actions import OVERLAP_DAYS, add_webhook, change_webhook, declare_software
from mailboxes.software.models import Event, Software, Webhook
from mailboxes.software.rules import MAX_KEY_DAYS

DAYS = 365


class DaysField(forms.IntegerField):
    def __init__(self, **options):
        super().__init__(label="Durée de la clé (jours)", initial=DAYS, min_value=1, max_value=MAX_KEY_DAYS, **options)


class SoftwareForm(forms.Form):
    name = forms.CharField(
        label="Nom du logiciel", max_length=length_of(Software, "name"), help_text="Par exemple : DPI de l’hôpital."
    )
    structures = StructuresField(
        Structure.objects.none(),
        label="Structures",
        help_text="La clé n’ouvre que celles-ci, et celles qui leur sont rattachées.",
    )
    scopes = forms.MultipleChoiceField(label="Droits", choices=Scope, widget=forms.CheckboxSelectMultiple)
    days = DaysField()

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, structures=Structure.objects.managed_by(user).standing())

    def perform(self, *, by) -> tuple[Software, str]:
        return declare_software(by=by, **self.cleaned_data)


class RotateForm(forms.Form):
    days = DaysField()
    overlap_days = forms.IntegerField(
        label="L’ancienne clé sert encore (jours)",
        initial=OVERLAP_DAYS,
        min_value=0,
        max_value=90,
        help_text="Le temps de donner la nouvelle au logiciel.",
    )


class WebhookForm(forms.Form):
    url = forms.URLField(
        label="Adresse à prévenir", max_length=length_of(Webhook, "url"), assume_scheme="https", help_text="https://…"
    )
    events = forms.MultipleChoiceField(label="Prévenir quand", choices=Event, widget=forms.CheckboxSelectMultiple)


class AddWebhookForm(WebhookForm):
    structure = StructureField(
        Structure.objects.none(), label="Structure", help_text="Et celles qui lui sont rattachées."
    )
    field_order = ["structure", "url", "events"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, structure=Structure.objects.managed_by(user).standing())

    def perform(self, *, by) -> Webhook:
        return add_webhook(by=by, **self.cleaned_data)


class ChangeWebhookForm(ShowingForm, WebhookForm):
    paused = forms.BooleanField(
        label="Suspendre", required=False, help_text="Ce qui arrive entre-temps sera livré à la reprise."
    )

    def perform(self, webhook: Webhook, *, by) -> Webhook:
        return change_webhook(webhook, by=by, **self.typed(*self.fields))
