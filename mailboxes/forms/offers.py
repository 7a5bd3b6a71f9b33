"""What forms share: what a field offers to who asks, the reason, and a row that the action alone writes."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.db.models import QuerySet

from directory.folding import as_read
from mailboxes.models.fields import NOTE_LENGTH

CHOOSE = "Choisir…"

Kind = TypeVar("Kind", bound=forms.Field)


def field_of(form: forms.BaseForm, name: str, kind: type[Kind]) -> Kind:
    """The field of that name, with the type that the form's own dictionary does not tell."""
    field = form.fields[name]
    if not isinstance(field, kind):
        raise TypeError(f"{name} is no {kind.__name__}")
    return field


def offer_rows(form: forms.BaseForm, **rows: QuerySet) -> None:
    for name, found in rows.items():
        field_of(form, name, forms.ModelChoiceField).queryset = as_read(found)


def offer_choices(form: forms.BaseForm, **choices: Iterable[tuple[str, str]]) -> None:
    for name, offered in choices.items():
        field_of(form, name, forms.ChoiceField).choices = list(offered)


def name_the_empty_choice(form: forms.BaseForm, label: str, *names: str) -> None:
    for name in names:
        field_of(form, name, forms.ModelChoiceField).empty_label = label


def why_field(*, is_told: bool = False, **kwargs) -> forms.CharField:
    """`is_told`: those concerned hear of the act, with this reason."""
    readers = ", et lu par les personnes prévenues" if is_told else ""
    return forms.CharField(
        label="Motif",
        **kwargs,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 2}),
        help_text=f"Il est gardé au journal{readers}. N’y écrivez rien sur un patient.",
    )


class ShowingForm(forms.Form):
    """A form over what is written: each field is sent with what it showed, so that a window left open gives back
    nothing that another has changed since."""

    proposed: Iterable[str] = ()  # the fields that begin with something else than what is written

    def __getitem__(self, name):
        self.fields[name].show_hidden_initial = name not in self.proposed
        return super().__getitem__(name)

    def typed(self, *names: str) -> dict[str, Any]:
        """What was typed in these fields; all of it, where what they showed was not sent."""
        return {
            name: self.cleaned_data[name]
            for name in names
            if self[name].html_initial_name not in self.data or name in self.changed_data
        }

    def whole(self, *names: str) -> dict[str, Any]:
        """What is written, and over it what was typed in these fields."""
        return {**self.initial, **self.typed(*names)}

    def replaced(self) -> list[str]:
        """The fields typed here that another window had changed meanwhile, to something else."""
        return [str(self[name].label) for name in self.changed_data if self._was_changed(self[name])]

    def _was_changed(self, bound: forms.BoundField) -> bool:
        hidden = bound.field.hidden_widget()
        hidden.is_localized = bound.field.localize
        shown = hidden.value_from_datadict(self.data, self.files, bound.html_initial_name)
        now = hidden.format_value(bound.field.prepare_value(bound.initial))
        return (
            shown is not None
            and _as_sent(shown) != _as_sent(now)
            and bound.field.has_changed(bound.initial, bound.data)
        )


def _as_sent(value: Any) -> Any:
    """Browsers send each end of line as two characters, whatever the row holds."""
    return "\n".join((value or "").splitlines()) if isinstance(value, str | None) else value


class UnwrittenForm:
    """A ModelForm that states no rule and leaves its row as it is: the action writes it, under its lock."""

    def validate_unique(self):
        """Said by the action."""

    def _post_clean(self):
        """The action compares the row with what is asked, and says what it refuses."""
