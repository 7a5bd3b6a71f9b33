"""French in templates: what a name asks of the words before it."""

from django import template

from directory.typography import of

register = template.Library()
register.filter("of", of)
