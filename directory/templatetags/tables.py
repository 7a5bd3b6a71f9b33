"""Tables in templates: what their heads have in common."""

from typing import Any, NamedTuple

from django import template

register = template.Library()
NUMBER = "#"  # begins the label of a column of numbers


class HeadColumn(NamedTuple):
    label: str
    is_number: bool


@register.inclusion_tag("_head.html")
def head(*labels: Any, acts: bool = False) -> dict:
    """`{% head "Adresse" "#Coût par an" acts=True %}`: `acts` adds a last column, of links and buttons."""
    said = map(str, labels)
    return {"acts": acts, "columns": [HeadColumn(one.removeprefix(NUMBER), one.startswith(NUMBER)) for one in said]}
