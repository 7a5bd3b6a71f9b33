"""A structure to choose: from a list where there are few, by its name or number where a list would be hundreds long."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.db.models.lookups import Exact

from directory.folding import Folded, as_read, fold
from directory.prepared import prepared
from directory.typography import cut, quoted
from mailboxes.forms.offered import OfferedChoice, OfferedField, OfferedRows
from mailboxes.models import Structure

FEW = 40  # structures; hundreds of options cost most of a page's time, and nobody reads them
ONE_A_LINE = "Une par ligne : nom, commune ou numéro."


def _many_offered(choices) -> QuerySet[Structure] | None:
    """What is offered, where it is too long for a list."""
    offered: QuerySet[Structure] | None = getattr(choices, "queryset", None)
    if offered is None:
        return None
    if isinstance(choices, OfferedRows) and choices.field.asked:
        return offered if len(choices.rows) > FEW else None
    return offered if offered.order_by()[FEW : FEW + 1].exists() else None


def _is_key(said: str) -> bool:
    return said.isascii() and said.isdecimal() and len(said) < 9


class StructureInput(forms.Select):
    """A list of choices for as long as they are few, then a field to type in."""

    def render(self, name, value, attrs=None, renderer=None):
        offered = _many_offered(self.choices)
        if offered is None:
            return super().render(name, value, attrs, renderer)
        number = str(value or "")
        chosen = offered.filter(pk=number).first() if _is_key(number) else None
        typed = forms.TextInput({**self.attrs, "placeholder": "Nom, commune ou numéro", "autocomplete": "off"})
        typed.attrs["class"] = "form-control"
        return typed.render(name, str(chosen or number), attrs, renderer)


class StructureField(forms.ModelChoiceField):
    """Takes a primary key, or words that name one structure alone."""

    widget = StructureInput

    def to_python(self, value):
        said = str(value or "").strip()
        if not said or _is_key(said):
            return super().to_python(value)
        assert self.queryset is not None  # noqa: S101 - a field that is asked was offered its rows
        return structure_named(said, self.queryset)


def structure_named(said: str, offered: QuerySet[Structure]) -> Structure:
    """The one that bears this name, or else that alone answers to these words."""
    found = offered.filter(Exact(Folded("name"), fold(said)))
    if not found:
        found = offered.filter(pk__in=Structure.objects.named(said).values("pk"))
    rows = list(found[:2])
    if len(rows) == 1:
        return rows[0]
    what = "Plusieurs structures répondent" if rows else "Aucune structure ne répond"
    raise ValidationError(f"{what} à {quoted(cut(said, 60))} : écrivez son nom entier.")


class StructuresInput(forms.CheckboxSelectMultiple):
    """Boxes to tick for as long as they are few, then lines to type."""

    @property
    def is_typed(self) -> bool:
        return _many_offered(self.choices) is not None

    @property
    def use_fieldset(self) -> bool:  # type: ignore[override]
        return not self.is_typed

    def id_for_label(self, id_, index=None):
        return id_ if index is None and self.is_typed else super().id_for_label(id_, index)

    def value_from_datadict(self, data, files, name):
        values = super().value_from_datadict(data, files, name) or []
        return [line.strip() for value in values for line in str(value).splitlines() if line.strip()]

    def render(self, name, value, attrs=None, renderer=None):
        offered = _many_offered(self.choices)
        if offered is None:
            return super().render(name, value, attrs, renderer)
        named = offered.in_bulk([number for number in map(str, value or []) if _is_key(number)])
        lines = "\n".join(str(named.get(int(one), one) if _is_key(str(one)) else one) for one in value or [])
        typed = forms.Textarea({"rows": 4, "placeholder": ONE_A_LINE, "class": "form-control", "autocomplete": "off"})
        return typed.render(name, lines, attrs, renderer)


class StructuresField(forms.ModelMultipleChoiceField):
    """Takes primary keys, or lines that each name one structure alone."""

    widget = StructuresInput

    def clean(self, value):
        assert self.queryset is not None  # noqa: S101 - a field that is asked was offered its rows
        keys, wrong = [], []
        for said in map(str, value or []):
            try:
                keys.append(said if _is_key(said) else str(structure_named(said, self.queryset).pk))
            except ValidationError as error:
                wrong.append(error)
        if wrong:
            raise ValidationError(wrong)
        return super().clean(keys)


class _FilterField(OfferedField, StructureField):
    pass


def seen_structures(request) -> QuerySet[Structure]:
    return _seen_by(request.user) if request else Structure.objects.none()


def _seen_by(user) -> QuerySet[Structure]:
    return as_read(Structure.objects.visible_to(user))


@prepared
def _first_seen(user):
    """One more than a list may have."""
    return _seen_by(user)[: FEW + 1]


class StructureChoice(OfferedChoice):
    """Among those that one sees."""

    field_class = _FilterField

    def __init__(self, *args, **options):
        super().__init__(*args, queryset=seen_structures, rows=_first_seen, **options)
