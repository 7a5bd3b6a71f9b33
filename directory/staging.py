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

from directory.models import COLUMNS, Entry
from directory.records import EntryRecord

TABLES = {
    # Every accepted line of the source, in its order.
    "sync_incoming": "number integer, digest text, " + ", ".join(f"{column} text" for column in COLUMNS),
    # The addresses that stand on several lines.
    "sync_several": "address text",
    # The lines we do not hold: the rank-th of their address.
    "sync_fresh": "number integer, address text, digest text, rank integer",
    # The entries no line claims: held until now, or withdrawn earlier; the rank-th fresh line takes the rank-th place.
    "sync_places": "id bigint, address text, held boolean, rank integer",
    # What becomes of each address touched.
    "sync_verdicts": "address text, kind text",
}
INDEXES = {
    "sync_incoming": ["number"],
    "sync_several": ["address"],
    "sync_fresh": ["number", "address"],
    "sync_places": ["address"],
    "sync_verdicts": ["address"],
}
JOINED = {
    "sync_incoming": "number, address, digest",
    "sync_several": "address",
    "sync_fresh": "number, address, rank",
    "sync_places": "id, address, held, rank",
    "sync_verdicts": "address, kind",
}
BATCH = 500  # lines given to COPY at once: small, so that the server works while we read on
SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
TABS = len(COLUMNS) - 1


@contextmanager
def tables() -> Iterator[None]:
    _drop()
    with connection.cursor() as cursor:
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TEMP TABLE {table} ({columns})")
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

    def __init__(self):
        self._numbers = count(1)
        self.load = self._copy if _is_postgresql() else self._executemany

    def _copy(self, records: Iterable[EntryRecord]) -> int:
        loaded, lines = 0, []
        with _portion(), connection.cursor() as cursor, cursor.copy("COPY sync_incoming FROM STDIN") as copy:
            for record in records:
                text = "\t".join(record)
                digest = digest_of(text)
                if "\\" in text or "\n" in text or "\r" in text or text.count("\t") != TABS:
                    text = "\t".join([value.translate(SPECIAL) for value in record])
                lines.append(f"{next(self._numbers)}\t{digest}\t{text}\n")
                if len(lines) == BATCH:
                    copy.write("".join(lines))
                    loaded += BATCH
                    lines.clear()
            copy.write("".join(lines))
        return loaded + len(lines)

    def _executemany(self, records: Iterable[EntryRecord]) -> int:
        rows = ((next(self._numbers), digest_of("\t".join(record)), *record) for record in records)
        places = ", ".join(["%s"] * (len(COLUMNS) + 2))
        with _portion(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO sync_incoming VALUES ({places})", cast(Sequence, rows))
            loaded = cursor.rowcount
        return max(loaded, 0)


@contextmanager
def _portion() -> Iterator[None]:
    """All of a portion or nothing, whatever interrupts it; the connection is left as it was."""
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
    """Of a record's values joined by tabs: equal for equal lines, whatever the file's order of columns or codes."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def settle(table: str) -> None:
    """Index a table that has just been filled, and tell the planner of it."""
    with connection.cursor() as cursor:
        for column in INDEXES[table]:
            cursor.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
        if table == "sync_incoming" and not _is_postgresql():
            # SQLite has nested loops only; PostgreSQL hashes the whole faster than it would sort it.
            cursor.execute("CREATE INDEX sync_incoming_address ON sync_incoming (address)")
        if _is_postgresql():
            # Autovacuum never looks at temporary tables: without this PostgreSQL plans for a handful of rows.
            # The columns of the joins alone: those of the content would take longer than the joins.
            cursor.execute(f"ANALYZE {table} ({JOINED[table]})")


@contextmanager
def whole_tables() -> Iterator[None]:
    """For queries that read all of both sides: on PostgreSQL, no nested loops.

    Just after a large load its figures of `Entry` are still those of an empty table, and it would choose them: the
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
    """Let this transaction's hash joins stay in memory; compiling its queries would cost more than it saves."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '192MB'")
            cursor.execute("SET LOCAL jit = off")


def measure_entries() -> None:
    """Tell PostgreSQL's planner of a first load at once: autovacuum comes a minute later, searches may not wait."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Entry._meta.db_table}")


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
