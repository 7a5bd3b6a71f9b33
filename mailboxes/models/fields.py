"""Identifiers as model fields: the pattern blocks, whatever the door."""

from functools import partial

from django.core.exceptions import ValidationError
from django.db import models

from directory.identifiers import doubtful, is_mssante, is_patient, malformed

NOTE_LENGTH = 500  # of what a person writes beside an act: its reason, the operator's answer


def length_of(model: type[models.Model], name: str) -> int:
    """The most that this field of the model holds: what forms, serializers and lists ask for it is held to the same."""
    length = getattr(model._meta.get_field(name), "max_length", None)
    assert length is not None, name  # noqa: S101 - a slip of ours
    return length


def identifier_field(name: str, length: int, label: str, **options) -> models.CharField:
    """A text column that holds a `name` of `directory.identifiers.PATTERNS`, or nothing."""
    options = {"blank": True, **options}
    return models.CharField(label, max_length=length, validators=[partial(_validate, name)], **options)


WARNED = {"rpps": "RPPS", "finess_ej": "FINESS", "finess_et": "FINESS", "rpps_rang": "RPPS-rang"}


def doubts(row: models.Model | None) -> list[str]:
    """What may be mistyped in a row's identifiers: said to whoever entered it, never refused."""
    values = ((name, getattr(row, field, None)) for field, name in WARNED.items())
    return [sentence for name, value in values if value and (sentence := doubtful(name, value))]


def _validate(name: str, value: str) -> None:
    if sentence := malformed(name, value):
        raise ValidationError(sentence, "malformed")


def validate_address(value: str) -> None:
    if is_patient(value):
        raise ValidationError(f"« {value} » est l’adresse d’un patient, jamais une BAL de structure.", "patient")
    if not is_mssante(value.lower()):
        raise ValidationError(
            f"« {value} » n’est pas une adresse MSSanté (…@….mssante.fr ou …@interop-mssante.apicrypt.org).",
            "malformed",
        )
