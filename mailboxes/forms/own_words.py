"""What a structure adds to the notices of one kind."""

from django import forms

from directory.typography import of
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
    )

    def __init__(self, *args, structure: Structure, kind: str, above: OwnWords | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.without = f"celui {of(above.structure)} est repris" if above else "rien n’est ajouté"
        self.fields["text"].help_text = f"{LONGEST} caractères au plus. Vide : {self.without}."
        self.structure, self.kind = structure, kind
        written = structure.own_words.filter(kind=kind).first()
        self.initial["text"] = written.text if written else ""

    def perform(self, *, by) -> OwnWords:
        return actions.write_words(self.structure, self.kind, self.whole("text")["text"], by=by)
