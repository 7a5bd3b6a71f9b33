"""When two spellings are one: without accents, capitals and punctuation, in Python and in either database alike.

The annuaire writes in capitals, not always with accents, and with any apostrophe.
"""

import re
import unicodedata
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, Func, Lookup, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

MARKS, SIGNS = re.compile("[\u0300-\u036f]+"), re.compile("[^a-z0-9]+")
LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})
# `normalize` before `lower`: under the C locale PostgreSQL lowers ASCII alone, and by then only ASCII is left to lower.
POSTGRESQL = (
    r"trim(regexp_replace(regexp_replace(lower(normalize("
    r"replace(replace(replace(replace({0}, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), NFKD)), "
    r"'[\u0300-\u036f]', '', 'g'), '[^a-z0-9]+', ' ', 'g'))"
)


def fold(text: str) -> str:
    """« N’Diaye, Éric » gives « n diaye eric »."""
    plain = text if text.isascii() else MARKS.sub("", unicodedata.normalize("NFKD", text.translate(LIGATURES)))
    return SIGNS.sub(" ", plain.lower()).strip()


def as_in_an_address(text: str) -> str:
    """Small letters without accents, their points and hyphens kept: « Rééducation.Sud » is looked for so."""
    return unicodedata.normalize("NFKD", text.translate(LIGATURES)).encode("ascii", "ignore").decode().lower()


def in_address(column: str, text: str, lookup: str = "contains") -> Q:
    """An address that holds the text as it is typed, or without its accents: few addresses have any, but some do.

    `lookup`: "icontains" for a column that may hold capitals, which no index serves.
    """
    written = sorted({text.lower(), as_in_an_address(text)} - {""})
    return reduce(or_, (Q(**{f"{column}__{lookup}": one}) for one in written), Q())


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


OF_ASCII = {
    "postgresql": ("ILIKE", "char_length", "octet_length({})"),
    "sqlite": ("LIKE", "length", "length(CAST({} AS BLOB))"),
}


@Field.register_lookup
class Holds(Lookup):
    """`name__holds="etab"`: what is asked, folded, stands somewhere in the text, folded. Signs alone find nothing."""

    lookup_name = "holds"

    def get_prep_lookup(self):
        return fold(str(self.rhs))

    def as_sql(self, compiler, connection):
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        folded, pattern = f"{folded_in_sql(column)} LIKE %s", f"%{self.rhs}%"
        if " " in self.rhs:
            return folded, [*params, pattern]
        # To fold costs ten LIKE and more: of one word, it is done of what has other letters than ASCII.
        like, size, bytes_of = OF_ASCII[connection.vendor]
        others = f"{size}({column}) <> {bytes_of.format(column)} AND {folded}"
        return f"({column} {like} %s OR {others})", [*params, pattern, *params, *params, *params, pattern]


class AsRead(Folded):
    """Folded where it has other letters than ASCII: to ask Python of each row would cost a list its speed."""

    def as_sqlite(self, compiler, connection, **context):
        column, params = compiler.compile(self.source_expressions[0])
        bare = f"length({column}) = length(CAST({column} AS BLOB))"
        return f"CASE WHEN {bare} THEN lower({column}) ELSE bal_folded({column}) END", (
            *params,
            *params,
            *params,
            *params,
        )


OF_WORDS = {"name", "family_name", "given_name", "last_name", "first_name", "title", "service", "profession", "town"}


def as_read(rows: QuerySet) -> QuerySet:
    """The same rows, their names in the order in which one looks for them: SQLite sorts by code points, and has É after
    Z. PostgreSQL sorts by its collation, which its indexes serve: nothing is changed there."""
    if connection.vendor != "sqlite":
        return rows
    order = rows.query.order_by or (rows.model._meta.ordering if rows.query.default_ordering else ())
    return rows.order_by(*map(_as_read, order)) if order else rows


def _as_read(one: Any) -> Any:
    if not isinstance(one, str) or one.removeprefix("-").rpartition("__")[2] not in OF_WORDS:
        return one
    name = AsRead(one.removeprefix("-"))
    return name.desc() if one.startswith("-") else name.asc()


# What stands before a name, apart or not: « O’Reilly », « N’Guessan », « Ben Salah », « Le Goff », « Saint-Amand ».
BEFORE_A_NAME = ("o", "d", "l", "n", "m", "al", "el", "ben", "bou", "abd", "ait", "le", "la", "de", "du", "mac", "mc",
                 "van", "von", "saint", "sainte")  # fmt: skip
SHORTEST_NAME = 3  # letters


def spellings(word: str) -> list[str]:
    """The ways in which a folded word of a name may be written: « oreilly » is found as « o reilly » too."""
    parts = [(first, word.removeprefix(first)) for first in BEFORE_A_NAME if word.startswith(first)]
    apart = [word, *(f"{first} {rest}" for first, rest in parts if len(rest) >= SHORTEST_NAME)]
    return [*apart, *(one.replace("ch", "c h") for one in apart if "ch" in one)]  # « Le Floc’h »


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
