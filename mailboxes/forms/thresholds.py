"""One threshold, chosen anew or given back."""

from django import forms

from mailboxes import actions
from mailboxes.forms.offers import ShowingForm, why_field
from mailboxes.models.thresholds import Choice, Threshold, chosen


class ThresholdForm(ShowingForm):
    proposed = ("why",)
    value = forms.CharField(required=False, max_length=60)
    why = why_field()

    def __init__(self, *args, threshold: Threshold, **kwargs):
        super().__init__(*args, **kwargs)
        self.threshold = threshold
        self.now = now = threshold.plain(getattr(chosen, threshold.name))
        field = self.fields["value"]
        self.fields["why"].help_text = "Il reste ici, à côté de ce qui valait avant."
        field.label = f"{threshold.label} ({threshold.unit})"
        field.initial = ", ".join(map(str, now)) if isinstance(now, list) else str(now)
        several = " Plusieurs nombres se séparent par des virgules." if threshold.many else ""
        field.help_text = (
            f"{threshold.sentence} De {threshold.low} à {threshold.high}.{several} Vide : comme à l’installation, "
            f"{threshold.said(threshold.default)}."
        )

    def clean_value(self) -> int | list[int] | None:
        said = self.cleaned_data["value"].replace(";", ",").strip()
        parts = [part.strip() for part in said.split(",") if part.strip()] if self.threshold.many else [said]
        if not said:
            return None
        if not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
            raise forms.ValidationError("Écrivez en chiffres, sans unité ni décimale.")
        numbers = [int(part) for part in parts]
        return numbers if self.threshold.many else numbers[0]

    def perform(self, *, by) -> Choice:
        value = self.typed("value").get("value", self.now)
        return actions.choose_threshold(self.threshold, value, by=by, why=self.cleaned_data["why"])
