"""French in templates: what a name asks of the words before it."""

from typing import Any

from django import template
from django.template import defaultfilters
from django.utils.html import format_html
from django.utils.safestring import SafeString

from directory.dates import first_of_month
from directory.statements import BY_NAME
from directory.typography import of, signed, typeset

register = template.Library()
register.filter("of", of)
register.filter("signed", signed)
register.filter("typeset", typeset, is_safe=True)


@register.filter(expects_localtime=True, is_safe=False)
def date(value: Any, shape: str | None = None) -> str:
    """Django's own, in whose French the first of a month is « 1 octobre »."""
    return first_of_month(defaultfilters.date(value, shape))


@register.filter(is_safe=False)
def pluralize(value: Any, endings: str = "s") -> str:
    """Django's own, but in French none is singular: « 0 personne »."""
    return defaultfilters.pluralize(value or 1, endings)


@register.simple_tag
def said(name: str) -> SafeString:
    """A statement of the field's own sheets, with its source."""
    statement = BY_NAME[name]
    return format_html(
        '{} <span class="text-secondary said-source">({})</span>',
        typeset(statement.says),
        typeset(statement.source.value),
    )
