"""A filter by one row, among those that one sees: its choices are asked by a prepared question. Written anew by the ORM
for three fields, they were a quarter of the page of a list."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import django_filters as filters
from django_filters.fields import ModelChoiceField, ModelChoiceIterator


class OfferedRows(ModelChoiceIterator):
    @cached_property
    def rows(self) -> list:
        return self.field.asked()

    def __iter__(self):
        if self.field.asked is None:
            yield from super().__iter__()
            return
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from map(self.choice, self.rows)


class OfferedField(ModelChoiceField):
    iterator: Any = OfferedRows
    asked: Callable[[], list] | None = None  # without: of a document, which is for nobody


class OfferedChoice(filters.ModelChoiceFilter):
    """`rows(user=…)`: what `queryset` gives, prepared."""

    field_class: type[OfferedField] = OfferedField

    def __init__(self, *args: Any, rows: Callable[..., list], **options: Any):
        super().__init__(*args, **options)
        self.rows = rows

    @property
    def field(self) -> OfferedField:
        field = super().field
        if request := self.get_request():
            field.asked = partial(self.rows, user=request.user)
        return field
