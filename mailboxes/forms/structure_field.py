"""A structure to choose: from a list where there are few, by its name or number where a list would be hundreds long."""

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models.lookups import Exact
from django_filters.fields import ModelChoiceField as FilterModelChoiceField

from directory.folding import Folded, fold
from directory.typography import cut, quoted
from mailboxes.models import Structure

FEW = 40  # structures; hundreds of options cost most of a page's time, and nobody reads them


class StructureInput(forms.Select):
    """A list of choices for as long as they are few, then a field to type in."""

    def render(self, name, value, attrs=None, renderer=None):
        queryset = getattr(self.choices, "queryset", None)
        if queryset is None or queryset.order_by()[FEW : FEW + 1].count() == 0:
            return super().render(name, value, attrs, renderer)
        number = str(value or "")
        chosen = queryset.filter(pk=number).first() if number.isascii() and number.isdecimal() else None
        typed = forms.TextInput({**self.attrs, "placeholder": "Nom, commune ou numéro", "autocomplete": "off"})
        typed.attrs["class"] = "form-control"
        return typed.render(name, str(chosen or number), attrs, renderer)


class StructureField(forms.ModelChoiceField):
    """Takes a primary key, or words that name one structure alone."""

    widget = StructureInput

    def to_python(self, value):
        said = str(value or "").strip()
        if not said or (said.isascii() and said.isdecimal() and len(said) < 9):
            return super().to_python(value)
        offered = self.queryset
        assert offered is not None  # noqa: S101 - a field that is asked was offered its rows
        found = offered.filter(Exact(Folded("name"), fold(said)))
        if not found:
            found = offered.filter(pk__in=Structure.objects.named(said).values("pk"))
        rows = list(found[:2])
        if len(rows) == 1:
            return rows[0]
        what = "Plusieurs structures répondent" if rows else "Aucune structure ne répond"
        raise ValidationError(f"{what} à {quoted(cut(said, 60))} : écrivez son nom entier.")


class _FilterField(StructureField, FilterModelChoiceField):
    pass


class StructureChoice(filters.ModelChoiceFilter):
    field_class = _FilterField
