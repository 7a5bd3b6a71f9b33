"""The search tables, beside the entries: a row for each published entry, and the vocabulary that typing errors meet.

`level()` makes them equal to the entries, whatever happened before: it compares digests, so that a run interrupted
between the entries and the search is repaired by the next. `search_rows` reads them.

Why words and not trigrams of whole names: a trigram index over half a million names answers a typing error in 100 to
200 ms, because frequent trigrams stand in a fifth of the rows. The distinct words are a few thousands to a few hundred
thousands: there the trigrams are quick, and the rows are then found by exact words.
"""

from django.db import connection, transaction

from directory.models import Entry, current_in_sql
from directory.pictures import public_sources

ENTRY = Entry._meta.db_table
SEARCH, WORD = "directory_search", "directory_search_word"
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

POSTGRESQL_FIRST = f"""
    SELECT NOT EXISTS (SELECT 1 FROM {SEARCH}), pg_has_role(relowner, 'USAGE')
    FROM pg_class WHERE oid = '{SEARCH}'::regclass"""

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
    WHERE {current_in_sql("e")} AND ({{shown}}) AND NOT EXISTS (SELECT 1 FROM {SEARCH} s WHERE s.{{key}} = e.id)"""
STALE = f"""
    DELETE FROM {SEARCH} WHERE {{key}} IN (
        SELECT s.{{key}} FROM {SEARCH} s LEFT JOIN {ENTRY} e ON e.id = s.{{key}}
        WHERE e.id IS NULL OR e.digest <> s.digest OR NOT {current_in_sql("e")} OR NOT ({{shown}}))"""


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _shown() -> tuple[str, list[str]]:
    """Which entries the search shows, with the query's values: an address once, as the first public source tells it."""
    choices, values = ["false"], []
    for rank, source in enumerate(public := public_sources()):
        choice = "e.source = %s"
        if rank:
            choice += f""" AND NOT EXISTS (SELECT 1 FROM {ENTRY} b WHERE b.address = e.address
                AND {current_in_sql("b")} AND b.source IN ({", ".join(["%s"] * rank)}))"""
        choices.append(f"({choice})")
        values += [source, *public[:rank]]
    return " OR ".join(choices), values


def level() -> int:
    """Make the search tables equal to the current entries; how many rows were written."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE search_fresh (id bigint PRIMARY KEY)")
        fresh = (_level_postgresql if is_postgresql() else _level_sqlite)(cursor)
        cursor.execute("DROP TABLE search_fresh")
        return fresh


def _level_postgresql(cursor) -> int:
    cursor.execute("SET LOCAL work_mem = '192MB'")
    cursor.execute("SET LOCAL maintenance_work_mem = '192MB'")
    cursor.execute(f"LOCK TABLE {SEARCH} IN SHARE ROW EXCLUSIVE MODE")  # one at a time; readers go on
    shown, values = _shown()
    cursor.execute(STALE.format(key="entry_id", shown=shown), values)
    cursor.execute(FRESH.format(key="entry_id", shown=shown), values)
    fresh = cursor.rowcount
    cursor.execute("ANALYZE search_fresh")
    cursor.execute(POSTGRESQL_FIRST)
    is_first, is_ours = cursor.fetchone()
    # Filled first and indexed afterwards: several times faster; but the index goes only at its owner's word, and the
    # role that serves may be another.
    if is_first and is_ours:
        cursor.execute(f"DROP INDEX {SEARCH}_words")
    cursor.execute(POSTGRESQL_FILL)
    if is_first and is_ours:
        cursor.execute(POSTGRESQL_INDEX)
    if is_first:
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
