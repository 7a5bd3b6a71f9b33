"""How the domain says no."""

from collections.abc import Iterable
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.text import capfirst

NAMED = 3  # BAL that a refusal names


class Refused(ValidationError):
    """The domain says no, in words fit for the user; `code` is stable."""


class NotAllowed(Refused):
    """The domain says no because of who asks."""


def allows(check, *args, **kwargs) -> bool:
    return not refusal_of(check, *args, **kwargs)


def refusal_of(check, *args, **kwargs) -> str:
    """Why the rule refuses; empty where it does not."""
    try:
        check(*args, **kwargs)
    except Refused as refused:
        return refused.messages[0]
    return ""


def check_row(row, exclude=None) -> None:
    """What is about one row alone is stated by its fields and constraints; this says it in the domain's voice."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        raise Refused(_sentences(row, error), "invalid") from error


def check_values(row: Model, *, only: Iterable[str] = ()) -> None:
    """The part of `check_row` that asks the database nothing: the values of its own columns, or of `only` those."""
    try:
        row.clean_fields(exclude=_all_but(type(row), frozenset(only)))
    except ValidationError as error:
        raise Refused(_sentences(row, error), "invalid") from error


@lru_cache
def _all_but(model: type[Model], only: frozenset[str]) -> frozenset[str]:
    """Asked for each line of a list."""
    fields = model._meta.concrete_fields
    return frozenset(one.name for one in fields if (one.name not in only if only else one.is_relation))


def _sentences(row, error: ValidationError) -> str:
    labels = {field.name: field.verbose_name for field in row._meta.get_fields() if hasattr(field, "verbose_name")}
    return " ".join(
        _sentence(one) if name not in labels else f"{capfirst(str(labels[name]))} : {_sentence(one)}"
        for name, errors in error.error_dict.items()
        for one in errors
    )


def _sentence(error: ValidationError) -> str:
    """Django's own word for what exists already names the model in the machine’s way."""
    return "cette valeur est déjà prise, et ne peut servir deux fois." if error.code == "unique" else error.messages[0]
