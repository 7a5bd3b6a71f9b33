"""When two spellings are one: without accents, capitals and punctuation, in Python and in either database alike.

The annuaire writes in capitals, not always with accents, and with any apostrophe.
"""

import unicodedata

from django.db import connection
from django.db.models import Func, TextField

LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})
# `normalize` before `lower`: under the C locale PostgreSQL lowers ASCII alone, and by then only ASCII is left to lower.
POSTGRESQL = (
    r"trim(regexp_replace(regexp_replace(lower(normalize("
    r"replace(replace(replace(replace({0}, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), NFKD)), "
    r"'[\u0300-\u036f]', '', 'g'), '[^a-z0-9]+', ' ', 'g'))"
)


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(LIGATURES))
    letters = (c.lower() if c.isascii() and c.isalnum() else " " for c in plain if not "\u0300" <= c <= "\u036f")
    return " ".join("".join(letters).split())


def folded_in_sql(expression: str) -> str:
    """`expression` must be a column of ours, never a value; SQLite asks `folded` itself (see `teach`)."""
    return POSTGRESQL.format(expression) if connection.vendor == "postgresql" else f"bal_folded({expression})"


class Folded(Func):
    """The same in the ORM."""

    arity = 1
    output_field = TextField()

    def as_sql(self, compiler, connection, **context):  # type: ignore[override]
        return super().as_sql(compiler, connection, template=folded_in_sql("%(expressions)s"), **context)


def teach(connection, **_) -> None:
    """Called with each new connection: give SQLite the function that PostgreSQL can do without."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("bal_folded", 1, folded, deterministic=True)
