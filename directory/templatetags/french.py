"""French in templates: what a name asks of the words before it."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from directory.statements import BY_NAME
from directory.typography import of, signed, typeset

register = template.Library()
register.filter("of", of)
register.filter("signed", signed)
register.filter("typeset", typeset, is_safe=True)


@register.simple_tag
def said(name: str) -> SafeString:
    """A statement of the field's own sheets, with its source."""
    statement = BY_NAME[name]
    return format_html(
        '{} <span class="text-secondary said-source">({})</span>',
        typeset(statement.says),
        typeset(statement.source.value),
    )
