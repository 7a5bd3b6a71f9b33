"""What the search tables are asked: the rows that meet a condition, and the words near one that was mistyped."""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from django.db import connection
from django.db.models.expressions import RawSQL

from directory.search_index import OF_PERSON, OF_UNIT, SEARCH, WORD, is_postgresql
from directory.words import swapped

READ = 1_000  # rows looked at, in the order they are stored: whoever meets more must say more


class Term(NamedTuple):
    """A word to be found in one of `scopes`; "name" is the holder's, or the box's own for those without a holder."""

    scopes: Sequence[str]  # keys of SCOPES
    word: str
    is_prefix: bool = False


# All of: any of: all of.
Condition = list[list[list[Term]]]

# scope -> its letter in PostgreSQL's lexemes; the name is SQLite's column.
SCOPES = {"name": "n", "other": "o", "town": "t", "facet": "f"}
WORDS = ("name", "other", "town")


def match(
    condition: Condition, among: Sequence[int] | None = None, limit: int = READ, initials: Iterable[str] = ()
) -> list[tuple[str, int]]:
    """(label, entry) of the first rows that satisfy `condition`, in the order of their labels.

    A word of the label begins with each of `initials`: by the rows, for an index would read a tenth of itself.
    """
    few, many = _apart(_spelt_out(condition)) if is_postgresql() else (condition, [])
    where, values = _satisfying(few)
    source = SEARCH
    if many:
        # OFFSET 0 keeps the two apart: the index finds the rows of the few, and the many are asked of these.
        source = f"(SELECT * FROM {SEARCH} WHERE {where[0]} OFFSET 0) found"
        where, others = _satisfying([_shortest(choices) for choices in many])
        values += others
    for letter in initials:
        where.append("(" + " OR ".join(["label LIKE %s"] * len(BEGINNINGS)) + ")")
        values += [f"{beginning}{letter}%" for beginning in BEGINNINGS]
    if among is not None:
        where.append(f"{_key()} IN ({', '.join(map(str, map(int, among))) or 'NULL'})")
    query = f"SELECT label, {_key()} FROM {source} WHERE {' AND '.join(where)} LIMIT {int(limit)}"
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return sorted(cursor.fetchall())


def matching(condition: Condition) -> RawSQL:
    """Every entry that satisfies `condition`, for a queryset's `pk__in`: many rows never leave the database."""
    where, values = _satisfying(condition)
    return RawSQL(f"SELECT {_key()} FROM {SEARCH} WHERE {' AND '.join(where)}", values)


MANY_CHOICES = 10  # ways of saying one thing; beyond, the index reads the rows of each, which are nearly all of them


def _apart(condition: Condition) -> tuple[Condition, Condition]:
    """What the index is asked, and what has so many ways to be met that the rows found are asked instead."""
    few = [choices for choices in condition if len(choices) <= MANY_CHOICES]
    return (few, [choices for choices in condition if choices not in few]) if few else (condition, [])


def _shortest(choices: list[list[Term]]) -> list[list[Term]]:
    """Without the ways that say more than another one: each row is asked every way that is left."""
    ways = [frozenset((*term.scopes, term.word, term.is_prefix) for term in terms) for terms in choices]
    return [terms for terms, way in zip(choices, ways, strict=True) if not any(other < way for other in ways)]


MANY_WORDS = 60  # beyond, a beginning is left to the index


def _spelt_out(condition: Condition) -> Condition:
    """The words of the annuaire for their beginning: PostgreSQL reads all the rows of a beginning, however rare the
    others asked for are; those of whole words it skips."""
    terms = [term for choices in condition for terms in choices for term in terms]
    beginnings = {term.word for term in terms if term.is_prefix and _is_spelt(term)}
    if not (is_postgresql() and beginnings):
        return condition
    words = _beginning_with(beginnings)
    return [
        [list(whole) for terms in choices for whole in product(*(_instead(term, words) for term in terms))]
        for choices in condition
    ]  # fmt: skip


def _is_spelt(term: Term) -> bool:
    return "facet" not in term.scopes and term.word.isalpha()


def _beginning_with(beginnings: set[str]) -> dict[str, list[str]]:
    # Ranges of the primary key, which any collation orders alike within a to z; LIKE needs a locale of its own.
    ranges = " OR ".join(["word BETWEEN %s AND %s"] * len(beginnings))
    values = [bound for beginning in sorted(beginnings) for bound in (beginning, f"{beginning}zzzzzz")]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT word FROM {WORD} WHERE ({ranges}) AND NOT is_domain", values)
        words = [row[0] for row in cursor.fetchall()]
    return {beginning: [word for word in words if word.startswith(beginning)] for beginning in beginnings}


def _instead(term: Term, words: dict[str, list[str]]) -> list[Term]:
    known = words.get(term.word, []) if term.is_prefix and _is_spelt(term) else []
    if not known or len(known) > MANY_WORDS:
        return [term]
    return [Term(term.scopes, word) for word in known]


def _key() -> str:
    return "entry_id" if is_postgresql() else "rowid"


def _satisfying(condition: Condition) -> tuple[list[str], list[str]]:
    """What a row is asked, and the query's values."""
    if not condition:
        return [], []
    if is_postgresql():
        return ["words @@ %s::tsquery"], [_written(condition, _tsquery_term, *OPERATORS[True])]
    return [f"{SEARCH} MATCH %s"], [_written(condition, _fts5_term, *OPERATORS[False])]


BEGINNINGS = ("", "% ", f"%{OF_PERSON}", f"%{OF_UNIT}")  # of the words of a label
OPERATORS = {True: (" & ", " | "), False: (" AND ", " OR ")}


def _written(condition: Condition, write, both: str, either: str) -> str:
    return both.join(
        "(" + either.join("(" + both.join(map(write, terms)) + ")" for terms in choices) + ")" for choices in condition
    )


def _tsquery_term(term: Term) -> str:
    star = ":*" if term.is_prefix else ""
    return "(" + " | ".join(f"'{SCOPES[scope]}:{term.word}'{star}" for scope in term.scopes) + ")"


def _fts5_term(term: Term) -> str:
    word = re.sub(r"[\W_]", "", term.word)  # as `_joined` has it
    return f'{{{" ".join(term.scopes)}}} : "{word}"' + (" *" if term.is_prefix else "")


def near_words(word: str, *, is_domain: bool = False, size: int = 300) -> Iterable[str]:
    """Words of the annuaire that share trigrams with `word`: for the caller to judge."""
    if is_postgresql():
        query = f"""
            SELECT word FROM {WORD} WHERE word %% %s AND is_domain = %s ORDER BY similarity(word, %s) DESC LIMIT %s"""
        values: list = [word, is_domain, word, size]
    else:
        padded = f" {word} "
        trigrams = {padded[i : i + 3] for i in range(len(padded) - 2)}
        query = f"SELECT word FROM {WORD} WHERE {WORD} MATCH %s AND is_domain = %s ORDER BY rank LIMIT %s"
        values = [" OR ".join(f'"{trigram}"' for trigram in sorted(trigrams)), int(is_domain), size]
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found = [row[0] for row in cursor.fetchall()]
        if not is_domain:
            found += _known(cursor, swapped(word))
    return dict.fromkeys(found)


def words_with(part: str, size: int) -> list[str]:
    """Words of the annuaire in which these letters stand, three of them at least."""
    column = "word" if is_postgresql() else "padded"
    query = f"SELECT word FROM {WORD} WHERE {column} LIKE %s AND NOT is_domain LIMIT {int(size)}"
    with connection.cursor() as cursor:
        cursor.execute(query, [f"%{part}%"])
        return [row[0] for row in cursor.fetchall()]


def known_words(words: Iterable[str]) -> set[str]:
    """The words among `words` that stand in the annuaire."""
    with connection.cursor() as cursor:
        return set(_known(cursor, list(words)))


def _known(cursor, words: list[str]) -> list[str]:
    """The words among `words` that stand in the annuaire."""
    if not words:
        return []
    if is_postgresql():
        cursor.execute(f"SELECT word FROM {WORD} WHERE word = ANY(%s) AND NOT is_domain", [words])
    else:
        asked = " OR ".join(f'" {word} "' for word in words)
        cursor.execute(f"SELECT word FROM {WORD} WHERE {WORD} MATCH %s AND NOT is_domain", [asked])
    return [row[0] for row in cursor.fetchall()]
