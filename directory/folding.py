"""When two spellings are one: without accents, capitals and punctuation, in Python and in either database alike.

The annuaire writes in capitals, not always with accents, and with any apostrophe.
"""

import unicodedata

from django.db import connection
from django.db.models import Func, TextField, Value
from django.db.models.functions import Concat

LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})
# `normalize` before `lower`: under the C locale PostgreSQL lowers ASCII alone, and by then only ASCII is left to lower.
POSTGRESQL = (
    r"trim(regexp_replace(regexp_replace(lower(normalize("
    r"replace(replace(replace(replace({0}, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), NFKD)), "
    r"'[\u0300-\u036f]', '', 'g'), '[^a-z0-9]+', ' ', 'g'))"
)


def fold(text: str) -> str:
    """« N’Diaye, Éric » gives « n diaye eric »."""
    plain = unicodedata.normalize("NFKD", text.translate(LIGATURES))
    letters = (c.lower() if c.isascii() and c.isalnum() else " " for c in plain if not "\u0300" <= c <= "\u036f")
    return " ".join("".join(letters).split())


def folded_in_sql(expression: str) -> str:
    """`expression` must be a column of ours, never a value; SQLite asks `fold` itself (see `teach`)."""
    return POSTGRESQL.format(expression) if connection.vendor == "postgresql" else f"bal_folded({expression})"


class Folded(Func):
    """The same in the ORM."""

    arity = 1
    output_field = TextField()

    def as_sql(self, compiler, connection, function=None, template=None, arg_joiner=None, **context):
        template = template or folded_in_sql("%(expressions)s")
        return super().as_sql(compiler, connection, function, template, arg_joiner, **context)


def name_key(family_name: str, given_name: str) -> str:
    """Homonyms are those whose names fold into the same."""
    return fold(f"{family_name} {given_name}")


def name_key_of(person: str = "") -> Folded:
    """`name_key`, in SQL, of what `person` leads to ("person__")."""
    return Folded(Concat(f"{person}family_name", Value(" "), f"{person}given_name", output_field=TextField()))


def teach(connection, **_) -> None:
    """Called with each new connection: give SQLite the function that PostgreSQL can do without."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("bal_folded", 1, fold, deterministic=True)
