"""The file of an arrival or a departure, and roles handed over."""

from django import forms

from mailboxes import actions
from mailboxes.forms.holders import SUGGESTED, successors
from mailboxes.forms.offers import offer_choices
from mailboxes.forms.people import DateInput, PersonField
from mailboxes.models import Affiliation, Bal, Movement, Step
from mailboxes.rules import Refused


class NoteField(forms.CharField):
    def __init__(self, **options):
        options = {"label": "Précision", "required": False, "max_length": 300, **options}
        super().__init__(widget=forms.Textarea({"rows": 2}), **options)


class OpenMovementForm(forms.Form):
    planned_on = forms.DateField(label="Jour prévu", widget=DateInput())

    def perform(self, stay: Affiliation, kind: str, *, by) -> Movement:
        return actions.open_movement(stay, kind, by=by, **self.cleaned_data)


class DepartureForm(forms.Form):
    left_on = forms.DateField(
        label="Jour du départ",
        widget=DateInput(),
        help_text="À partir de ce jour, la personne n’est plus là. Un jour à venir se prévoit.",
    )
    note = NoteField()

    def perform(self, stay: Affiliation, *, by) -> Affiliation:
        return actions.record_departure(stay, by=by, **self.cleaned_data)


class NoteForm(forms.Form):
    note = NoteField()


class SettleForm(forms.Form):
    outcome = forms.ChoiceField(label="Cette étape est", widget=forms.RadioSelect)
    note = NoteField(help_text="Obligatoire si l’étape est sans objet. N’y écrivez rien sur un patient.")

    def __init__(self, line, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offered = [Step.State.DONE] if line.seen is None else []
        offered += [Step.State.NOT_APPLICABLE] if line.task.may_skip else []
        offer_choices(self, outcome=[(state.value, state.label) for state in offered])
        self.fields["outcome"].initial = offered[0] if offered else None

    def perform(self, movement: Movement, name: str, *, by) -> Step:
        return actions.settle_step(movement, name, by=by, **self.cleaned_data)


class HandOverForm(forms.Form):
    """One successor per BAL; a line left empty is left as it is."""

    def __init__(self, bals: list[Bal], *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.bals = bals
        for bal in bals:
            field = PersonField(label=f"Qui répondra de {bal.address}", required=False)
            field.offer(user, bal)
            field.suggest(successors(bal), SUGGESTED)
            self.fields[f"bal_{bal.pk}"] = field

    def lines(self) -> list[tuple]:
        return [(bal, self[f"bal_{bal.pk}"]) for bal in self.bals]

    def perform(self, *, by) -> actions.Tally:
        """One transaction per BAL: what is refused of one stops no other, and is said on its line."""
        tally = actions.Tally()
        for bal in self.bals:
            person = self.cleaned_data.get(f"bal_{bal.pk}")
            if person is None:
                continue
            try:
                actions.hand_over(bal, person, by=by)
                tally.done += 1
            except Refused as refused:
                tally.refused[bal.address] = refused.messages[0]
                self.add_error(f"bal_{bal.pk}", refused.messages[0])
        return tally
