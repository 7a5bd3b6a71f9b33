"""Words of a text template: for a mail, a file, a letter. Plain, so that a page that shows them escapes them.

What Django renders is marked safe for HTML; and it escapes by default, which would write « L&#x27;Hay » into a mail.
"""

from django.template import Context, Engine


def plain_text(template: str, context: dict) -> str:
    words = Engine.get_default().get_template(template).render(Context(context, autoescape=False))
    return str.__str__(words)  # Django's own `str` would keep the mark
