"""Identifiers as model fields: the pattern blocks, whatever the door."""

from collections.abc import Callable
from functools import partial

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from directory.identifiers import doubtful, is_mssante, malformed
from directory.readers.address import is_of_patient, read_address
from directory.readers.identifiers import READERS
from directory.readers.texts import Read
from directory.typography import quoted

NOTE_LENGTH = 500  # of what a person writes beside an act: its reason, the operator's answer


def length_of(model: type[models.Model], name: str) -> int:
    """The most that this field of the model holds: what forms, serializers and lists ask for it is held to the same."""
    length = getattr(model._meta.get_field(name), "max_length", None)
    assert length is not None, name  # noqa: S101 - a slip of ours
    return length


def identifier_field(name: str, length: int, label: str, **options) -> models.CharField:
    """A text column that holds a `name` of `directory.identifiers.PATTERNS`, or nothing."""
    options = {"blank": True, **options}
    field = IdentifierField(label, max_length=length, validators=[partial(_validate, name)], **options)
    field.read = READERS[name]
    return field


class IdentifierField(models.CharField):
    """A number that a form takes as people have it: with spaces, its label, or as a spreadsheet left it."""

    read: Callable[[str], Read]

    def deconstruct(self):
        """A text column, for migrations."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options

    def formfield(self, **options):
        field = super().formfield(**{"form_class": IdentifierFormField, **options})
        if isinstance(field, IdentifierFormField):
            field.read = self.read
        return field


class IdentifierFormField(forms.CharField):
    read: Callable[[str], Read]

    def widget_attrs(self, widget):
        """The browser would cut what is typed with spaces."""
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}

    def clean(self, value):
        return super().clean((self.read(value).value if value else "") or value)


WARNED = {"rpps": "RPPS", "finess_ej": "FINESS", "finess_et": "FINESS", "rpps_rang": "RPPS-rang"}


def doubts(row: models.Model | None) -> list[str]:
    """What may be mistyped in a row's identifiers: said to whoever entered it, never refused."""
    values = ((name, getattr(row, field, None)) for field, name in WARNED.items())
    return [sentence for name, value in values if value and (sentence := doubtful(name, value))]


def _validate(name: str, value: str) -> None:
    if sentence := malformed(name, value):
        raise ValidationError(sentence, "malformed")


class AddressFormField(forms.CharField):
    """An address is typed as it was copied: with a name, a scheme, a punctuation mark."""

    def clean(self, value):
        return super().clean((read_address(value).value if value else "") or value)


def validate_address(value: str) -> None:
    if is_of_patient(value):
        raise ValidationError("C’est l’adresse d’un patient, jamais une BAL de structure.", "patient")
    if not is_mssante(value.lower()):
        raise ValidationError(
            f"{quoted(value)} n’est pas une adresse MSSanté (…@….mssante.fr ou …@interop-mssante.apicrypt.org).",
            "malformed",
        )
