"""The search tables, beside the entries: a row for each published entry, and the vocabulary that typing errors meet.

`level()` makes them equal to the entries, whatever happened before: it compares digests, so that a run interrupted
between the entries and the search is repaired by the next. `match()` reads them.

Why words and not trigrams of whole names: a trigram index over half a million names answers a typing error in 100 to
200 ms, because frequent trigrams stand in a fifth of the rows. The distinct words are a few thousands to a few hundred
thousands: there the trigrams are quick, and the rows are then found by exact words.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from directory.models import Entry
from directory.pictures import public_sources
from directory.words import swapped

ENTRY = Entry._meta.db_table
SEARCH, WORD = "directory_search", "directory_search_word"
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

UNIT = "e.service {} e.structure_name || ' ' || e.trade_name"
OF_PERSON, OF_UNIT = "|/"  # in a label: between the family name and the given ones; between a service and its house
PARTS = "\x02\x03"

# --- PostgreSQL ---------------------------------------------------------------------------------------------------
POSTGRESQL_TABLES = f"""
    CREATE TABLE {SEARCH} (
        entry_id bigint PRIMARY KEY, digest varchar(32) NOT NULL, label text NOT NULL, words tsvector NOT NULL);
    CREATE TABLE {WORD} (word text, is_domain boolean, PRIMARY KEY (word, is_domain));
    CREATE INDEX {WORD}_trigram ON {WORD} USING gin (word gin_trgm_ops) WITH (fastupdate = off)"""
# Without fastupdate: a pending list is read from end to end by each search.
POSTGRESQL_INDEX = f"CREATE INDEX {SEARCH}_words ON {SEARCH} USING gin (words) WITH (fastupdate = off)"


# Folded all at once, for speed; control characters keep the parts apart, for no value holds any: chr(1) between what is
# searched by itself, chr(2) and chr(3) within the label.
POSTGRESQL_FILL = f"""
    INSERT INTO {SEARCH} (entry_id, digest, label, words)
    SELECT id, digest, translate(split_part(text, chr(1), 1), chr(2) || chr(3), '{OF_PERSON}{OF_UNIT}'),
        array_to_tsvector(array_remove(string_to_array(
        'n:' || replace(translate(split_part(text, chr(1), 1), chr(2) || chr(3), '  '), ' ', ' n:') || joined
        || ' o:' || replace(split_part(text, chr(1), 2), ' ', ' o:')
        || ' t:' || replace(split_part(text, chr(1), 3), ' ', ' t:')
        || ' f:d' || replace(split_part(text, chr(1), 4), ' ', '') || facets, ' '), ''))
    FROM (
        SELECT e.id, e.digest,
            regexp_replace(lower(unaccent(
                CASE WHEN e.family_name <> '' THEN e.family_name || chr(2) || e.given_name
                     ELSE {UNIT.format("|| chr(3) ||")} END || chr(1)
                || CASE WHEN e.family_name <> '' THEN {UNIT.format("|| ' ' ||")} ELSE '' END
                || ' ' || split_part(e.address, '@', 1) || ' ' || e.profession || ' ' || e.skill || chr(1)
                || e.address_l6 || chr(1) || e.department)), '[^a-z0-9' || chr(1) || '{PARTS}]+', ' ', 'g') AS text,
            CASE WHEN e.family_name ~ '[^A-Z]' OR e.given_name ~ '[ ''’-]'
                 THEN lower(unaccent(' n:' || regexp_replace(e.family_name, '[^[:alnum:]]', '', 'g')
                     || ' n:' || regexp_replace(e.given_name, '[^[:alnum:]]', '', 'g')))
                 ELSE '' END AS joined,
            ' f:k' || lower(e.kind) || ' f:p' || lower(e.profession_code)
                || ' f:c' || lower(e.postcode) || ' f:m' || e.domain AS facets
        FROM {ENTRY} e
        WHERE e.id IN (SELECT id FROM search_fresh) OFFSET 0  -- else "text" is worked out at each mention
    ) folded"""
POSTGRESQL_WORDS = f"""
    INSERT INTO {WORD} (word, is_domain)
    SELECT DISTINCT CASE WHEN word LIKE 'f:m%' THEN substr(word, 4) ELSE substr(word, 3) END, word LIKE 'f:m%'
    FROM ts_stat('SELECT words FROM {SEARCH} WHERE entry_id IN (SELECT id FROM search_fresh)')
    WHERE word ~ '^[not]:[a-z]{{3,}}$' OR word LIKE 'f:m%'
    ON CONFLICT DO NOTHING"""

# --- SQLite -------------------------------------------------------------------------------------------------------
SQLITE_TABLES = [
    f"""CREATE VIRTUAL TABLE {SEARCH} USING fts5(
        name, other, town, facet, label UNINDEXED, digest UNINDEXED, tokenize = "unicode61 remove_diacritics 2")""",
    # Spaces around each word count as letters: its beginning and its end weigh as much as in pg_trgm.
    f"CREATE VIRTUAL TABLE {WORD} USING fts5(padded, word UNINDEXED, is_domain UNINDEXED, tokenize = 'trigram')",
    f"CREATE VIRTUAL TABLE {SEARCH}_terms USING fts5vocab({SEARCH}, 'col')",
]


def _replaced(expression: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        expression = f"replace({expression}, '{old}', '{new}')"
    return expression


def _spelt(expression: str) -> str:
    """The tokenizer takes accents off, not ligatures apart."""
    return _replaced(expression, ("œ", "oe"), ("Œ", "oe"), ("æ", "ae"), ("Æ", "ae"))


def _joined(column: str) -> str:
    return _replaced(column, (" ", ""), ("-", ""), ("''", ""), ("’", ""), (".", ""), ("_", ""))


HOLDER = "e.family_name || ' ' || e.given_name"
WHERE = UNIT.format("|| ' ' ||")
SQLITE_FILL = f"""
    INSERT INTO {SEARCH} (rowid, name, other, town, facet, label, digest)
    SELECT e.id,
        {_spelt(f"CASE WHEN e.family_name <> '' THEN {HOLDER} ELSE {WHERE} END")}
            || ' ' || {_spelt(_joined("e.family_name"))} || ' ' || {_spelt(_joined("e.given_name"))},
        {_spelt(f"CASE WHEN e.family_name <> '' THEN {WHERE} ELSE '' END")}
            || ' ' || substr(e.address, 1, instr(e.address, '@') - 1) || ' ' || e.profession || ' ' || e.skill,
        {_spelt("e.address_l6")},
        'k' || e.kind || ' p' || e.profession_code || ' c' || e.postcode || ' m' || {_joined("e.domain")}
            || ' d' || {_joined("e.department")},
        CASE WHEN e.family_name <> '' THEN bal_folded(e.family_name) || '{OF_PERSON}' || bal_folded(e.given_name)
             ELSE bal_folded(e.service) || '{OF_UNIT}' || bal_folded(e.structure_name || ' ' || e.trade_name) END,
        e.digest
    FROM {ENTRY} e WHERE e.id IN (SELECT id FROM search_fresh)"""
SQLITE_WORDS = [
    f"""
    INSERT INTO {WORD} (padded, word, is_domain)
    SELECT DISTINCT ' ' || term || ' ', term, 0 FROM {SEARCH}_terms
    WHERE col IN ('name', 'other', 'town') AND length(term) > 2 AND NOT term GLOB '*[0-9]*'
        AND term NOT IN (SELECT word FROM {WORD} WHERE NOT is_domain)""",
    f"""
    INSERT INTO {WORD} (padded, word, is_domain)
    SELECT DISTINCT ' ' || domain || ' ', domain, 1 FROM {ENTRY} WHERE id IN (SELECT id FROM search_fresh)
        AND domain NOT IN (SELECT word FROM {WORD} WHERE is_domain)""",
]

# --- Both ---------------------------------------------------------------------------------------------------------
# The names in braces: the key column of the search, and which entries it shows.
FRESH = f"""
    INSERT INTO search_fresh SELECT e.id FROM {ENTRY} e
    WHERE e.withdrawn_at IS NULL AND ({{shown}}) AND NOT EXISTS (SELECT 1 FROM {SEARCH} s WHERE s.{{key}} = e.id)"""
STALE = f"""
    DELETE FROM {SEARCH} WHERE {{key}} IN (
        SELECT s.{{key}} FROM {SEARCH} s LEFT JOIN {ENTRY} e ON e.id = s.{{key}}
        WHERE e.id IS NULL OR e.digest <> s.digest OR e.withdrawn_at IS NOT NULL OR NOT ({{shown}}))"""


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _shown() -> tuple[str, list[str]]:
    """Which entries the search shows, with the query's values: an address once, as the first public source tells it."""
    choices, values = ["false"], []
    for rank, source in enumerate(public := public_sources()):
        choice = "e.source = %s"
        if rank:
            choice += f""" AND NOT EXISTS (SELECT 1 FROM {ENTRY} b WHERE b.address = e.address
                AND b.withdrawn_at IS NULL AND b.source IN ({", ".join(["%s"] * rank)}))"""
        choices.append(f"({choice})")
        values += [source, *public[:rank]]
    return " OR ".join(choices), values


def level() -> int:
    """Make the search tables equal to the current entries; how many rows were written."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE search_fresh (id bigint PRIMARY KEY)")
        try:
            return (_level_postgresql if is_postgresql() else _level_sqlite)(cursor)
        finally:
            cursor.execute("DROP TABLE search_fresh")


def _level_postgresql(cursor) -> int:
    cursor.execute("SET LOCAL work_mem = '192MB'")
    cursor.execute("SET LOCAL maintenance_work_mem = '192MB'")
    cursor.execute(f"LOCK TABLE {SEARCH} IN SHARE ROW EXCLUSIVE MODE")  # one at a time; readers go on
    shown, values = _shown()
    cursor.execute(STALE.format(key="entry_id", shown=shown), values)
    cursor.execute(FRESH.format(key="entry_id", shown=shown), values)
    fresh = cursor.rowcount
    cursor.execute("ANALYZE search_fresh")
    cursor.execute(f"SELECT NOT EXISTS (SELECT 1 FROM {SEARCH})")
    if is_first := cursor.fetchone()[0]:
        cursor.execute(f"DROP INDEX {SEARCH}_words")  # filled first and indexed afterwards: several times faster
    cursor.execute(POSTGRESQL_FILL)
    if is_first:
        cursor.execute(POSTGRESQL_INDEX)
        cursor.execute(f"ANALYZE {SEARCH}")
    if fresh:
        cursor.execute(POSTGRESQL_WORDS)
    return fresh


def _level_sqlite(cursor) -> int:
    shown, values = _shown()
    cursor.execute(STALE.format(key="rowid", shown=shown), values)
    cursor.execute(FRESH.format(key="rowid", shown=shown), values)
    fresh = cursor.rowcount
    if fresh:
        for statement in [SQLITE_FILL, *SQLITE_WORDS]:
            cursor.execute(statement)
    return fresh


# --- Reading ------------------------------------------------------------------------------------------------------


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
    """Those of `words` that stand in the annuaire."""
    with connection.cursor() as cursor:
        return set(_known(cursor, list(words)))


def _known(cursor, words: list[str]) -> list[str]:
    """Those of `words` that stand in the annuaire."""
    if not words:
        return []
    if is_postgresql():
        cursor.execute(f"SELECT word FROM {WORD} WHERE word = ANY(%s) AND NOT is_domain", [words])
    else:
        asked = " OR ".join(f'" {word} "' for word in words)
        cursor.execute(f"SELECT word FROM {WORD} WHERE {WORD} MATCH %s AND NOT is_domain", [asked])
    return [row[0] for row in cursor.fetchall()]
