"""Having software told of changes."""

from django import forms

from mailboxes import actions
from mailboxes.models import Structure, Webhook
from mailboxes.models.webhooks import Event


class WebhookForm(forms.Form):
    url = forms.URLField(label="Adresse à prévenir", max_length=500, assume_scheme="https", help_text="https://…")
    events = forms.MultipleChoiceField(label="Prévenir quand", choices=Event, widget=forms.CheckboxSelectMultiple)


class AddWebhookForm(WebhookForm):
    structure = forms.ModelChoiceField(
        Structure.objects.none(), label="Structure", help_text="Et celles qui lui sont rattachées."
    )
    field_order = ["structure", "url", "events"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["structure"].queryset = Structure.objects.managed_by(user)  # type: ignore[attr-defined]

    def perform(self, *, by) -> Webhook:
        return actions.add_webhook(by=by, **self.cleaned_data)


class ChangeWebhookForm(WebhookForm):
    paused = forms.BooleanField(
        label="Suspendre", required=False, help_text="Ce qui arrive entre-temps sera livré à la reprise."
    )
