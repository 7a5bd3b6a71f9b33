"""What a structure adds to the notices of one kind."""

from django import forms

from mailboxes import actions
from mailboxes.forms.offers import ShowingForm
from mailboxes.models import Structure
from mailboxes.models.own_words import LONGEST, OwnWords


class WordsForm(ShowingForm):
    text = forms.CharField(
        label="Votre mot",
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 4}),
        help_text=f"{LONGEST} caractères au plus. Vide : rien n’est ajouté.",
    )

    def __init__(self, *args, structure: Structure, kind: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.structure, self.kind = structure, kind
        written = structure.own_words.filter(kind=kind).first()
        self.initial["text"] = written.text if written else ""

    def perform(self, *, by) -> OwnWords:
        said = {**self.initial, **self.typed("text")}
        return actions.write_words(self.structure, self.kind, said["text"], by=by)
