"""The filters of a list as its page shows them, and what they hold, in words."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.forms import BaseForm, BoundField, ModelChoiceField
from django.utils.safestring import SafeString

from directory.dates import day_of

KEPT_AT_MOST = 2000  # fields written; far more than there are
WRITTEN: dict[tuple[str, ...], SafeString] = {}


class ShownFilter:
    """A field of the filters. One that nobody filled in, whose choices are everybody's, is the same at every visit, and
    most are: it is written once. Thirty of them were a third of the page of a list."""

    def __init__(self, field: BoundField):
        self.field = field
        self.name, self.label, self.id_for_label = field.name, field.label, field.id_for_label

    def control(self) -> SafeString:
        return self._written("control", self.field.as_widget)

    def group(self) -> SafeString:
        """With its label, help and errors."""
        return self._written("group", self.field.as_field_group)

    def _written(self, what: str, write: Callable[[], SafeString]) -> SafeString:
        if settings.DEBUG or not self._is_same_for_all():
            return write()
        key = (what, *self._all_that_tells())
        written = WRITTEN.get(key)
        if written is None:
            if len(WRITTEN) >= KEPT_AT_MOST:
                WRITTEN.clear()
            written = WRITTEN[key] = write()
        return written

    def _is_same_for_all(self) -> bool:
        is_of_rows = isinstance(self.field.field, ModelChoiceField)
        return not is_of_rows and self.field.value() in (None, "", []) and not self.field.errors

    def _all_that_tells(self) -> tuple[str, ...]:
        """Whatever the field is written from."""
        field = self.field.field
        facts = (self.field.html_name, self.field.auto_id, self.field.label, self.field.help_text, field.required)
        widget = (type(field.widget), field.widget.attrs, list(getattr(field, "choices", ())))
        return (*map(str, facts), *map(repr, widget))


def worded(form: BaseForm, name: str, value: Any) -> str:
    """A filter's value, as one reads it."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return day_of(value)
    if isinstance(value, Model):
        return str(value)
    choices = dict(_flat(getattr(form.fields[name], "choices", ())))
    return str(choices.get(value, value))


def _flat(choices) -> Iterator[tuple]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label
