"""Words of a text template: for a mail, a file, a letter. Plain, so that a page that shows them escapes them.

What Django renders is marked safe for HTML, even where the template escapes nothing, as texts must.
"""

from django.template.loader import render_to_string


def plain_text(template: str, context: dict) -> str:
    return str.__str__(render_to_string(template, context))  # Django's own `str` would keep the mark
