"""More space, asked of the operator."""

from django import forms

from directory.typography import grouped
from mailboxes import actions
from mailboxes.models import Bal
from mailboxes.models.fields import NOTE_LENGTH


class MoreSpaceForm(forms.Form):
    quota_mb = forms.IntegerField(label="Espace souhaité (Mo)", min_value=1, max_value=10_000_000)
    note = forms.CharField(
        label="Motif",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="L’opérateur le lira. N’y écrivez rien sur un patient.",
    )

    def __init__(self, *args, bal: Bal, **kwargs):
        super().__init__(*args, **kwargs)
        if bal.quota_mb:
            self.fields["quota_mb"].initial = 2 * bal.quota_mb
            self.fields["quota_mb"].help_text = f"Aujourd’hui : {grouped(bal.quota_mb)} Mo."

    def perform(self, bal, *, by):
        return actions.ask_more_space(bal, self.cleaned_data["quota_mb"], by=by, note=self.cleaned_data["note"])
