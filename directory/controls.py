"""What comes in that nobody means: characters that nobody sees, numbers that no row has.

Such characters break a workbook, a vCard or a log, or turn a line round to make it read otherwise. They are refused
where a person or a software writes, and taken out of what we hand over, for a list may have brought some in.
"""

import re

from django import forms
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.lookups import In

# Controls but tab and line breaks, marks of direction, surrogates, and what is no character at all.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
SENTENCE = "Un caractère invisible s’y est glissé, sans doute par un copier-coller : effacez et tapez de nouveau."

no_controls = RegexValidator(CONTROLS, SENTENCE, "control", inverse_match=True)


def without_controls(text: str) -> str:
    return CONTROLS.sub("", text)


def watch_forms() -> None:
    """Every text that a form reads, whoever wrote the form: filters, the administration and the log-in too."""
    forms.CharField.default_validators = [no_controls]


@models.IntegerField.register_lookup
class AmongNumbers(In):
    """A number beyond what a column holds is one that no row has; SQLite would overflow, an error of ours."""

    def get_prep_lookup(self):
        values = super().get_prep_lookup()
        if not isinstance(values, list):
            return values  # a query
        return [value for value in values if not isinstance(value, int) or -(2**63) <= value < 2**63]
