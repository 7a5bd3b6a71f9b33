"""One verb for many BAL."""

from django import forms

from mailboxes import actions
from mailboxes.forms.offers import offer_rows
from mailboxes.lifecycle import CORRECTING, EXPOSED, Verb
from mailboxes.models import Bal
from mailboxes.models.fields import NOTE_LENGTH

# Deletion is asked one BAL at a time: each needs its own attestation; and each error has its own reason.
BULK_VERBS = [verb for verb in EXPOSED if verb != Verb.REQUEST_DELETION and verb not in CORRECTING]


class BulkForm(forms.Form):
    bals = forms.ModelMultipleChoiceField(
        Bal.objects.none(),
        label="BAL",
        widget=forms.MultipleHiddenInput,
        error_messages={"required": "Cochez au moins une BAL.", "invalid_choice": "La BAL n° %(value)s n’existe pas."},
    )
    verb = forms.ChoiceField(
        choices=[(verb.value, verb.label) for verb in BULK_VERBS],
        widget=forms.HiddenInput,
        error_messages={"required": "Choisissez ce qu’il faut faire des BAL cochées."},
    )
    note = forms.CharField(
        label="Motif",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Il est gardé au journal de chaque BAL.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, bals=Bal.objects.visible_to(user))

    def perform(self, *, by):
        verb = Verb(self.cleaned_data["verb"])
        return actions.move_each(self.cleaned_data["bals"], verb, by=by, note=self.cleaned_data["note"])
