"""The gaps with the annuaire: which are shown, and what mends those that are ticked."""

from collections.abc import Callable

from django import forms

from mailboxes import actions
from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import offer_rows
from mailboxes.gaps import REMEDIES, SITUATIONS, STATUSES, Gap, Gaps
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Person, Structure
from mailboxes.models.fields import NOTE_LENGTH
from mailboxes.rules import Refused


class GapFilterForm(forms.Form):
    q = forms.CharField(label="Adresse", required=False)
    situation = forms.ChoiceField(
        label="Écart", required=False, choices=[("", "tous"), *[(s.name, s.title) for s in SITUATIONS]]
    )
    status = forms.ChoiceField(label="Suite", required=False, choices=[("", "peu importe"), *STATUSES.items()])
    structure = forms.ModelChoiceField(
        Structure.objects.none(), label="Structure", required=False, empty_label="toutes"
    )

    def __init__(self, data, *, user):
        super().__init__(data if "status" in data else {"status": "open", **data.dict()})
        self.user = user
        offer_rows(self, structure=Structure.objects.visible_to(user))

    def asked(self) -> Gaps:
        """What is not understood is not applied."""
        self.is_valid()
        facts = self.cleaned_data
        gaps = Gaps.visible_to(self.user)
        if structure := facts.get("structure"):
            gaps = Gaps(Structure.objects.filter(pk=structure.pk))
        return gaps.narrowed(
            situation=facts.get("situation", ""), status=facts.get("status", ""), text=facts.get("q", "")
        )


class RemedyForm(forms.Form):
    """One remedy for the gaps that are ticked; those that are no more, or were never to be seen, are left out."""

    remedy = forms.ChoiceField(
        choices=[(act.value, act.label) for act in REMEDIES],
        widget=forms.HiddenInput,
        error_messages={"required": "Choisissez ce qu’il faut faire des adresses cochées."},
    )
    reason = forms.CharField(
        label="Motif",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Il est gardé. N’y écrivez rien sur un patient.",
    )
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
    FIELDS = {
        Act.ADOPT: {"attested"},
        Act.ASK_OPERATOR: {"reason"},
        Act.IGNORE_GAP: {"reason", "until"},
    }

    def __init__(self, data, *, user):
        super().__init__(data)
        self.gaps: list[Gap] = Gaps.visible_to(user).keyed(data.getlist("gaps"))
        if data.get("remedy") in Act.values:
            for name in {"reason", "until", "attested"} - self.FIELDS.get(Act(data["remedy"]), set()):
                del self.fields[name]

    def clean(self):
        if not self.gaps:
            raise forms.ValidationError("Cochez au moins une adresse. Si vous l’avez fait, cet écart n’existe plus.")
        return super().clean()

    @property
    def act(self) -> Act:
        return Act(self.cleaned_data["remedy"])

    def perform(self, *, by) -> actions.Tally:
        tally = actions.Tally()
        for gap in self.gaps:
            try:
                self._mend(gap, by=by)
                tally.done += 1
            except Refused as refused:
                tally.refused[gap.address] = refused.messages[0]
        return tally

    def _mend(self, gap: Gap, *, by) -> None:
        facts = {name: value for name, value in self.cleaned_data.items() if name != "remedy"}
        if self.act == Act.ASK_PERSON:
            for person in askable(gap):
                actions.ask_person(person, by=by)
        else:
            mend: dict[Act, Callable] = {
                Act.ADOPT: actions.adopt,
                Act.ACCEPT_ANNUAIRE: actions.accept_annuaire,
                Act.ASK_OPERATOR: actions.ask_operator,
                Act.IGNORE_GAP: actions.ignore_gap,
            }
            mend[self.act](gap, by=by, **facts)


def askable(gap: Gap):
    there = Affiliation.objects.current().filter(structure=gap.structure_id).values("person")
    return Person.objects.filter(rpps__in=gap.rpps, pk__in=there)
