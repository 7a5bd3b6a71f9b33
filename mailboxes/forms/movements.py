"""The file of an arrival or a departure, and roles handed over."""

from django import forms

from directory.typography import of
from mailboxes import actions
from mailboxes.forms.holders import SUGGESTED, successors
from mailboxes.forms.offers import offer_choices
from mailboxes.forms.person_field import DateInput, PersonField
from mailboxes.lifecycle import IN_SERVICE
from mailboxes.models import Affiliation, Bal, Delegataire, Movement, Person, Standing, Step
from mailboxes.models.movements import leaves
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
    """A person's departure whole: its day, and what becomes of each BAL and of each access that they lent."""

    left_on = forms.DateField(
        label="Jour du départ",
        widget=DateInput(),
        help_text="À partir de ce jour, la personne n’est plus là. Un jour à venir se prévoit.",
    )
    note = NoteField(label="Motif")

    def __init__(self, standing: Standing, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.standing = standing
        hanging = Bal.objects.with_holders().filter(pk__in=[row.bal_id for row in standing.blocking])
        self.hanging = list(hanging.order_by("address"))
        self.nominatives = [bal for bal in standing.nominatives if bal.state in IN_SERVICE]
        for bal in self.hanging:
            field = PersonField(label="Qui en répondra", required=False)
            field.offer(user, bal)
            field.suggest(successors(bal), SUGGESTED)
            self.fields[f"bal_{bal.pk}"] = field
        found = {row: self._takers_of(row) for row in standing.given if row.is_current}
        self.takers = {row: takers for row, takers in found.items() if takers}
        self.ending = [row for row in standing.given if row not in self.takers]
        for row, takers in self.takers.items():
            choices = [("", "Prend fin"), *((str(one.pk), f"Continue sous {one}, qui me l’a dit") for one in takers)]
            self.fields[f"lent_{row.pk}"] = forms.ChoiceField(label="Cet accès", choices=choices, required=False)
        if self.takers:
            self.fields["told_how"] = forms.CharField(
                label="Comment ils vous l’ont dit",
                required=False,
                max_length=200,
                help_text="De vive voix, par téléphone, par écrit. Chacun l’apprend par un avis, et peut le démentir.",
            )
        for bal in self.nominatives:
            self.fields[f"out_{bal.pk}"] = forms.BooleanField(label="La faire retirer de l’annuaire", required=False)

    def _takers_of(self, row: Delegataire) -> list[Person]:
        """The other cotitulaires of the BAL, who stay."""
        others = Person.objects.filter(held__bal=row.bal_id).exclude(pk=row.under_id)
        leaving = Affiliation.objects.filter(leaves(), structure=row.bal.structure_id)
        return list(others.exclude(pk__in=leaving.values("person")))

    def hanging_lines(self) -> list[tuple]:
        return [(bal, self[f"bal_{bal.pk}"]) for bal in self.hanging]

    def lent_lines(self) -> list[tuple]:
        return [(row, self[f"lent_{row.pk}"]) for row in self.takers]

    def nominative_lines(self) -> list[tuple]:
        return [(bal, self[f"out_{bal.pk}"]) for bal in self.nominatives]

    def departure(self) -> actions.Departure:
        said = self.cleaned_data
        people = {str(one.pk): one for takers in self.takers.values() for one in takers}
        return actions.Departure(
            left_on=said["left_on"],
            note=said["note"],
            successors={bal: said[f"bal_{bal.pk}"] for bal in self.hanging if said.get(f"bal_{bal.pk}")},
            takers={row: people[said[f"lent_{row.pk}"]] for row in self.takers if said.get(f"lent_{row.pk}")},
            told_how=said.get("told_how", ""),
            withdrawn=[bal for bal in self.nominatives if said.get(f"out_{bal.pk}")],
        )


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
            field = PersonField(label=f"Qui répondra {of(bal.address)}", required=False)
            field.offer(user, bal)
            field.suggest(successors(bal), SUGGESTED)
            self.fields[f"bal_{bal.pk}"] = field

    def lines(self) -> list[tuple]:
        return [(bal, self[f"bal_{bal.pk}"]) for bal in self.bals]

    @property
    def names_for_others(self) -> bool:
        """Was somebody named for a BAL that is no longer to be handed over: by another window, or by somebody else?"""
        named = {name for name, value in self.data.items() if name.startswith("bal_") and str(value).strip()}
        return bool(named - self.fields.keys())

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
