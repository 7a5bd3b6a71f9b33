"""The temporary tables of one run, and all that PostgreSQL and SQLite do differently about them.

They belong to the connection: nobody else sees them, nothing of them outlives it, and writing them is no transaction
of the application's.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import count
from typing import cast

from django.db import DatabaseError, connection, transaction

from directory.copying import copying
from directory.kept import Kept
from directory.models import current_in_sql
from directory.records import Record

# "{key}" and "{columns}" are those of what the run brings.
TABLES = {
    # Every accepted line of the source, in its order.
    "sync_incoming": "number integer, digest text, {columns}",
    # The holders a source that tells only what changed tells anew.
    "sync_retold": "holder text",
    # The keys that stand on several lines.
    "sync_several": "{key} text",
    # The lines we do not hold: the rank-th of their key.
    "sync_fresh": "number integer, {key} text, digest text, rank integer",
    # The rows no line claims: held until now, or withdrawn earlier; the rank-th fresh line takes the rank-th place.
    "sync_places": "id bigint, {key} text, held boolean, rank integer",
    # What becomes of each key touched.
    "sync_verdicts": "{key} text, kind text",
}
INDEXES = {
    "sync_incoming": ["number"],
    "sync_several": ["{key}"],
    "sync_retold": ["holder"],
    "sync_fresh": ["number", "{key}"],
    "sync_places": ["{key}"],
    "sync_verdicts": ["{key}"],
}
JOINED = {
    "sync_incoming": "number, {key}, digest",
    "sync_several": "{key}",
    "sync_retold": "holder",
    "sync_fresh": "number, {key}, rank",
    "sync_places": "id, {key}, held, rank",
    "sync_verdicts": "{key}, kind",
}
BATCH = 500  # lines given to COPY at once: small, so that the server works while we read on
SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@contextmanager
def tables(kept: Kept) -> Iterator[None]:
    _drop()
    names = {"key": kept.key, "columns": ", ".join(f"{column} text" for column in kept.columns)}
    with connection.cursor() as cursor:
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TEMP TABLE {table} ({columns.format_map(names)})")
    try:
        with _small_cache():
            yield
    finally:
        with suppress(DatabaseError):  # the connection may be what broke; its tables go with it
            _drop()


@contextmanager
def _small_cache() -> Iterator[None]:
    """SQLite fills its page cache to the brim, and sorts in as much again: a run must stay under 150 MB."""
    if _is_postgresql():
        yield
        return
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA cache_size").fetchone()[0]
        cursor.execute("PRAGMA cache_size = -16000")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA cache_size = {usual}")


def _drop() -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS {'pg_temp' if _is_postgresql() else 'temp'}.{table}")


class Loader:
    """Fills `sync_incoming`, a portion at a time."""

    def __init__(self, kept: Kept):
        self._numbers = count(1)
        self._width = len(kept.columns)
        self.load = self._copy if _is_postgresql() else self._executemany

    def _copy(self, records: Iterable[Record]) -> int:
        loaded, lines, tabs = 0, [], self._width - 1
        with _portion(), copying("COPY sync_incoming FROM STDIN") as copy:
            for record in records:
                text = "\t".join(record)
                digest = digest_of(text)
                if "\\" in text or "\n" in text or "\r" in text or text.count("\t") != tabs:
                    text = "\t".join([value.translate(SPECIAL) for value in record])
                lines.append(f"{next(self._numbers)}\t{digest}\t{text}\n")
                if len(lines) == BATCH:
                    copy.write("".join(lines))
                    loaded += BATCH
                    lines.clear()
            copy.write("".join(lines))
        return loaded + len(lines)

    def _executemany(self, records: Iterable[Record]) -> int:
        rows = ((next(self._numbers), digest_of("\t".join(record)), *record) for record in records)
        places = ", ".join(["%s"] * (self._width + 2))
        with _portion(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO sync_incoming VALUES ({places})", cast(Sequence, rows))
            loaded = cursor.rowcount
        return max(loaded, 0)


@contextmanager
def _portion() -> Iterator[None]:
    """One portion, taken whole or not at all, whatever interrupts it; the connection is left as it was."""
    if _is_postgresql():
        with transaction.atomic():
            yield
        return
    # Not atomic() here: it would take the lock of the whole database, which a temporary table needs not.
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT portion")
        try:
            yield
        except BaseException:
            cursor.execute("ROLLBACK TO portion")
            raise
        finally:
            cursor.execute("RELEASE portion")


def digest_of(text: str) -> str:
    """The digest of a record's values joined by tabs: equal for equal lines, whatever the file's order of columns or
    codes."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def load_retold(holders: Iterable[str]) -> None:
    with _portion(), connection.cursor() as cursor:
        cursor.executemany("INSERT INTO sync_retold VALUES (%s)", [(holder,) for holder in holders])


def add_untold(source: str, kept: Kept) -> None:
    """Complete what changed with all that stands, so that the whole is compared as ever and only then withdraws."""
    settle("sync_retold", kept)
    columns = ", ".join(kept.columns)
    with whole_tables(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO sync_incoming (number, digest, {columns})
            SELECT (SELECT coalesce(max(number), 0) FROM sync_incoming) + row_number() OVER (ORDER BY e.id), digest,
                {columns}
            FROM {kept.table} e
            WHERE e.source = %s AND {current_in_sql("e")}
                AND NOT EXISTS (SELECT 1 FROM sync_retold r WHERE r.holder = e.holder)""",
            [source],
        )


def settle(table: str, kept: Kept) -> None:
    """Index a table that has just been filled, and tell the planner of it."""
    with connection.cursor() as cursor:
        for name in INDEXES[table]:
            column = name.format(key=kept.key)
            cursor.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
        if table == "sync_incoming" and not _is_postgresql():
            # SQLite has nested loops only; PostgreSQL hashes the whole faster than it would sort it.
            cursor.execute(f"CREATE INDEX sync_incoming_key ON sync_incoming ({kept.key})")
        if _is_postgresql():
            # Autovacuum never looks at temporary tables: without this PostgreSQL plans for a handful of rows.
            # The columns of the joins alone: those of the content would take longer than the joins.
            cursor.execute(f"ANALYZE {table} ({JOINED[table].format(key=kept.key)})")


@contextmanager
def whole_tables() -> Iterator[None]:
    """Forbid nested loops on PostgreSQL, for queries that read all of both sides.

    Just after a large load its figures of the table are still those of an empty table, and it would choose them: the
    comparison then takes hours instead of a second.
    """
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
            yield
            cursor.execute("SET LOCAL enable_nestloop = on")
    else:
        yield


def allow_memory() -> None:
    """Let this transaction's hash joins stay in memory."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '192MB'")


def measure(kept: Kept) -> None:
    """Tell PostgreSQL's planner of a first load at once: autovacuum comes a minute later, searches may not wait."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {kept.table}")


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
