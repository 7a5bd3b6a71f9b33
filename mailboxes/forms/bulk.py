"""What is asked besides, when one thing is done to many rows: a note, an answer, a reason."""

from django import forms

from mailboxes.forms.holders import DateInput
from mailboxes.lifecycle import CORRECTING, EXPOSED, Act, Verb
from mailboxes.models.fields import NOTE_LENGTH

# Deletion is asked one BAL at a time: each needs its own attestation; and each error has its own reason.
BULK_VERBS = [verb for verb in EXPOSED if verb != Verb.REQUEST_DELETION and verb not in CORRECTING]
# An answer of the operator that was recorded by mistake for many at once is taken back for them at once.
BACKS = [Verb.RETRACT_OPENING, Verb.RETRACT_DELETION]


def _text(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=NOTE_LENGTH, widget=forms.Textarea({"rows": 3}), help_text=help_text
    )


class FactsForm(forms.Form):
    """The heirs' fields that `act` has no use for are left out."""

    asked_by: dict[str, set[str]] = {}  # field -> the acts that ask it; all, where it is not named

    def __init__(self, *args, act: str, **kwargs):
        super().__init__(*args, **kwargs)
        for name, acts in self.asked_by.items():
            if act not in acts:
                del self.fields[name]


class BulkNoteForm(FactsForm):
    quota_mb = forms.IntegerField(
        label="Espace souhaité pour chacune (Mo)",
        min_value=1,
        max_value=10_000_000,
        help_text="Une BAL qui en a déjà autant est laissée telle quelle.",
    )
    note = _text("Motif", "Il est gardé au journal de chaque BAL.")
    asked_by = {"quota_mb": {Act.ASK_OPERATOR}, "note": {*BULK_VERBS, *BACKS, Act.ASK_OPERATOR}}

    def __init__(self, *args, act: str, **kwargs):
        super().__init__(*args, act=act, **kwargs)
        if act in BACKS:
            self.fields["note"].required = True
            self.fields["note"].error_messages["required"] = "Dites pourquoi : les titulaires le liront."


class AnswerForm(FactsForm):
    answer = _text("Note", "Elle est gardée au journal de chaque demande.")


class GapFactsForm(FactsForm):
    reason = _text("Motif", "Il est gardé. N’y écrivez rien sur un patient.")
    until = forms.DateField(
        label="Jusqu’au",
        required=False,
        widget=DateInput(),
        help_text="L’écart revient ce jour-là, et plus tôt si les faits changent. Vide : sans date.",
    )
    attested = forms.BooleanField(
        label="Les titulaires qui ne sont pas encore au registre ont une CPS ou une e-CPS.",
        required=False,
        help_text="L’annuaire ne le dit pas. Sans cela une BAL nominative ne peut pas leur être inscrite.",
    )
    asked_by = {
        "reason": {Act.ASK_OPERATOR, Act.IGNORE_GAP},
        "until": {Act.IGNORE_GAP},
        "attested": {Act.ADOPT},
    }
