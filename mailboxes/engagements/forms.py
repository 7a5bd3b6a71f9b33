"""What is asked of an engagement."""

from django import forms

from mailboxes.engagements.actions import close_engagement, set_engagement
from mailboxes.forms.holders import DateInput
from mailboxes.forms.movements import NoteField
from mailboxes.forms.offers import ShowingForm, UnwrittenForm, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Engagement, Structure


class EngagementForm(ShowingForm, UnwrittenForm, forms.ModelForm):
    structure = StructureField(
        Structure.objects.none(),
        label="Structure",
        empty_label=None,
        help_text="Les BAL des structures qui lui sont rattachées comptent aussi.",
    )

    class Meta:
        model = Engagement
        fields = ("structure", "programme", "target", "number", "due_on", "note")
        widgets = {"due_on": DateInput(), "note": forms.Textarea({"rows": 2})}
        help_texts = {
            "programme": "Le nom du programme de financement, ou de l’objectif que la structure se donne.",
            "target": "L’avancement se compte par les chiffres des indicateurs : rien n’est à saisir.",
            "note": "Une convention, une pièce à fournir. N’y écrivez rien sur un patient.",
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["structure"]
        else:
            offer_rows(self, structure=Structure.objects.managed_by(user).standing().order_by("name"))

    def perform(self, *, by) -> Engagement:
        """What was typed is given to the action; the row itself is read again there."""
        if self.instance.pk:
            return set_engagement(Engagement(pk=self.instance.pk), by=by, **self.typed(*self.fields))
        facts = dict(self.cleaned_data)
        return set_engagement(Engagement(structure=facts.pop("structure")), by=by, **facts)


class CloseEngagementForm(forms.Form):
    note = NoteField(help_text="Tenu, prolongé, abandonné : pourquoi il est clos.")

    def perform(self, engagement: Engagement, *, by) -> Engagement:
        return close_engagement(engagement, by=by, **self.cleaned_data)
