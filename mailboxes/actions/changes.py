"""Fields of a row changed, and how the journal tells each: its label, what it was, what it is."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError
from django.db.models import Field, Model

from mailboxes import rules
from mailboxes.actions.journal import shown


@contextmanager
def refused_where_taken(column: str, refused: rules.Refused) -> Iterator[None]:
    """What is written within takes a value of this column that was free a moment ago: whoever is second by less is told
    so, and the transaction of their act is undone."""
    try:
        yield
    except IntegrityError as error:
        if column not in str(error):
            raise
        raise refused from error


def differing(row: Model, facts: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """What these facts say otherwise than the row."""
    if unknown := facts.keys() - set(known):
        raise TypeError(f"not to be changed here: {', '.join(sorted(unknown))}")
    return {name: value for name, value in facts.items() if getattr(row, name) != value}


def set_fields(row: Model, changed: dict[str, Any]) -> dict[str, Any]:
    """Set, check and save them; what they were, by name."""
    befores = {name: getattr(row, name) for name in changed}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        rules.check_row(row)
        row.save(update_fields=list(changed))
    return befores


def told(row: Model, name: str, before: Any) -> dict[str, Any]:
    """`before` and `after` of the journal's line about one field."""
    field = row._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101 - no relation of others is changed
    before, after = (said(field, value) for value in (before, getattr(row, name)))
    return {"before": f"{field.verbose_name} : {before}", "after": f"{field.verbose_name} : {after}"}


def said(field: Field, value: Any) -> str:
    """A value in words: that of a choice is its label."""
    return str((field.choices and dict(field.flatchoices).get(value)) or shown(value))
