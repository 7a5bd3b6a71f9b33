"""What a source says against what we hold, set by set in SQL; reads until `apply()`, which writes only what differs.

A row and a line are the same when their digests are. What is left over on both sides is paired key by key (an address,
a person, a domain), so that an altered line keeps its row, and the order of the lines in the source never matters.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from directory.kept import Kept
from directory.models import Change, SyncRun, current_in_sql
from directory.staging import measure, settle, whole_tables

PAGE = 2000  # keys whose details are in memory at once

# The names in braces are put in by `Comparison`: tables and columns of ours, never a value.
FIND_SEVERAL = """
    INSERT INTO sync_several SELECT {key} FROM sync_incoming GROUP BY {key} HAVING count(*) > 1"""
COUNT = """
    SELECT count(*) FROM sync_incoming WHERE {key} NOT IN (SELECT {key} FROM sync_several)
    UNION ALL SELECT count(*) FROM sync_several"""
FIRST_KEYS = "SELECT DISTINCT {key} FROM sync_incoming ORDER BY {key} LIMIT %s"
KEYS_OF_KIND = "SELECT {key} FROM sync_verdicts WHERE kind = %s ORDER BY {key} LIMIT %s"
DROP_DOUBLES = """
    DELETE FROM sync_incoming WHERE number IN (
        SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY digest ORDER BY number) AS copy
            FROM sync_incoming WHERE {key} IN (SELECT {key} FROM sync_several)) doubles
        WHERE copy > 1)"""
FIND_FRESH = """
    INSERT INTO sync_fresh SELECT i.number, i.{key}, i.digest, 1 FROM sync_incoming i
    WHERE NOT EXISTS (SELECT 1 FROM {table} e WHERE e.{key} = i.{key} AND e.digest = i.digest AND {held})"""
RANK_FRESH = """
    UPDATE sync_fresh SET rank = ranked.rank FROM (
        SELECT number, row_number() OVER (PARTITION BY {key} ORDER BY digest) AS rank
        FROM sync_fresh WHERE {key} IN (SELECT {key} FROM sync_several)) ranked
    WHERE sync_fresh.number = ranked.number"""
FIND_PLACES = """
    INSERT INTO sync_places
    SELECT id, {key}, held, row_number() OVER (PARTITION BY {key} ORDER BY held DESC, ordinal) FROM (
        SELECT e.id, e.{key}, e.ordinal, true AS held FROM {table} e
        WHERE {held} AND (%s OR e.{key} IN (SELECT {key} FROM sync_incoming))
            AND NOT EXISTS (SELECT 1 FROM sync_incoming i WHERE i.{key} = e.{key} AND i.digest = e.digest)
        UNION ALL
        SELECT e.id, e.{key}, e.ordinal, false FROM {table} e
        WHERE e.source = %s AND e.withdrawn_at IS NOT NULL AND e.{key} IN (SELECT {key} FROM sync_fresh)) free"""
JUDGE = """
    INSERT INTO sync_verdicts
    SELECT touched.{key}, CASE WHEN had.{key} IS NULL THEN 'appeared'
                                 WHEN has.{key} IS NULL THEN 'withdrawn' ELSE 'changed' END
    FROM (SELECT {key} FROM sync_fresh UNION SELECT {key} FROM sync_places WHERE held) touched
    LEFT JOIN (SELECT DISTINCT e.{key} FROM {table} e WHERE {held} AND e.{key} IN (
        SELECT {key} FROM sync_fresh UNION SELECT {key} FROM sync_places)) had ON had.{key} = touched.{key}
    LEFT JOIN (SELECT DISTINCT {key} FROM sync_incoming WHERE {key} IN (
        SELECT {key} FROM sync_fresh UNION SELECT {key} FROM sync_places)) has ON has.{key} = touched.{key}"""

PAIRS = """
    SELECT f.{key}, {pairs}
    FROM sync_verdicts v
    JOIN sync_fresh f ON f.{key} = v.{key}
    JOIN sync_places p ON p.{key} = f.{key} AND p.rank = f.rank AND p.held
    JOIN {table} e ON e.id = p.id
    JOIN sync_incoming i ON i.number = f.number
    WHERE v.kind = 'changed' AND v.{key} BETWEEN %s AND %s
    ORDER BY f.{key}, f.rank"""
LINES = """
    SELECT moved.{key}, (SELECT count(*) FROM {table} e WHERE e.{key} = moved.{key} AND {held}), moved.delta
    FROM (SELECT {key}, sum(delta) AS delta FROM (
              SELECT {key}, 1 AS delta FROM sync_fresh WHERE {key} BETWEEN %s AND %s
              UNION ALL
              SELECT {key}, -1 FROM sync_places WHERE held AND {key} BETWEEN %s AND %s) line
          GROUP BY {key} HAVING sum(delta) <> 0) moved
    JOIN sync_verdicts v ON v.{key} = moved.{key} AND v.kind = 'changed'"""

LOAD = """
    INSERT INTO {table} (source, ordinal, first_seen_at, changed_at, digest, {columns})
    SELECT %s, coalesce(ranked.rank, 1), %s, %s, i.digest, {incoming}
    FROM sync_incoming i
    LEFT JOIN (SELECT number, row_number() OVER (PARTITION BY {key} ORDER BY digest) AS rank
               FROM sync_incoming WHERE {key} IN (SELECT {key} FROM sync_several)) ranked
        ON ranked.number = i.number
    ORDER BY i.{key}"""  # the widest indexes are then filled from one end to the other: a fifth of the time
NEXT_PAGE = """
    SELECT {key} FROM sync_verdicts WHERE kind = 'changed' AND {key} > %s ORDER BY {key} LIMIT {page}"""
REWRITE = """
    UPDATE {table} SET digest = i.digest, changed_at = %s, withdrawn_at = NULL,
        {assignments}
    FROM sync_fresh f
    JOIN sync_places p ON p.{key} = f.{key} AND p.rank = f.rank
    JOIN sync_incoming i ON i.number = f.number
    WHERE {table}.id = p.id"""
INSERT = """
    INSERT INTO {table} (source, ordinal, first_seen_at, changed_at, digest, {columns})
    SELECT %s, coalesce(known.ordinal, 0) + f.rank - coalesce(taken.places, 0), %s, %s, i.digest,
        {incoming}
    FROM sync_fresh f
    JOIN sync_incoming i ON i.number = f.number
    LEFT JOIN (SELECT {key}, max(rank) AS places FROM sync_places GROUP BY {key}) taken ON taken.{key} = f.{key}
    LEFT JOIN (SELECT e.{key}, max(e.ordinal) AS ordinal FROM {table} e
               WHERE e.source = %s AND e.{key} IN (SELECT {key} FROM sync_fresh)
               GROUP BY e.{key}) known ON known.{key} = f.{key}
    WHERE f.rank > coalesce(taken.places, 0)"""
WITHDRAW = """
    UPDATE {table} SET withdrawn_at = %s WHERE id IN (
        SELECT p.id FROM sync_places p LEFT JOIN sync_fresh f ON f.{key} = p.{key} AND f.rank = p.rank
        WHERE p.held AND f.number IS NULL)"""
RECORD = """
    INSERT INTO {changes} (run_id, address, kind, details)
    SELECT %s, {key}, kind, '{{}}' FROM sync_verdicts WHERE kind <> 'changed'"""


class Comparison:
    """Reads the staged lines against the rows of `source`; the transaction must hold the source's lock."""

    def __init__(self, source: str, kept: Kept, *, whole: bool):
        self.source, self.kept = source, kept
        self._names = _names(kept)
        self.is_first = not kept.model._default_manager.filter(source=source).exists()
        self.addresses = self._gather()
        self.counts = {"appeared": self.addresses, "changed": 0, "withdrawn": 0}
        if not self.is_first:
            self._find_differences(whole)
            self.counts = self._judge()

    @property
    def differs(self) -> bool:
        return any(self.counts.values())

    @property
    def held(self) -> int:
        """How many keys we held before; meaningful for a source taken as a whole."""
        return self.addresses - self.counts["appeared"] + self.counts["withdrawn"]

    def _gather(self) -> int:
        """Collapse equal lines; how many keys there are."""
        settle("sync_incoming", self.kept)
        self._execute(FIND_SEVERAL)
        settle("sync_several", self.kept)
        self._execute(DROP_DOUBLES)
        single, multiple = self._rows(COUNT)
        return single[0] + multiple[0]

    def _find_differences(self, whole: bool) -> None:
        with whole_tables():
            self._execute(FIND_FRESH, [self.source])
            self._execute(RANK_FRESH)
            settle("sync_fresh", self.kept)
            self._execute(FIND_PLACES, [self.source, whole, self.source])
            settle("sync_places", self.kept)

    def _judge(self) -> dict[str, int]:
        with whole_tables():
            self._execute(JUDGE, [self.source])
        settle("sync_verdicts", self.kept)
        found = dict(self._rows("SELECT kind, count(*) FROM sync_verdicts GROUP BY kind"))
        return {kind: found.get(kind, 0) for kind in Change.Kind.values}

    def changes(self) -> Iterator[tuple[str, dict[str, list]]]:
        """Each key that changed, with what changed in it; to be read before `apply()`."""
        last = ""
        while page := [address for (address,) in self._rows(NEXT_PAGE, [last])]:
            details = self._details(page[0], page[-1])
            yield from ((address, details[address]) for address in page)
            last = page[-1]

    def _details(self, first: str, last: str) -> dict[str, dict[str, list]]:
        details: dict[str, dict[str, list]] = defaultdict(dict)
        for address, pairs in groupby(self._rows(PAIRS, [first, last]), itemgetter(0)):
            for _, *values in pairs:
                _add_differences(details[address], self.kept.content, values)
        for address, before, delta in self._rows(LINES, [self.source, first, last, first, last]):
            details[address]["lines"] = [before, before + int(delta)]
        return details

    def sample(self, kind: str, size: int) -> list[str]:
        """Some keys of that kind, for the preview of a dry run."""
        found = self._rows(FIRST_KEYS, [size]) if self.is_first else self._rows(KEYS_OF_KIND, [kind, size])
        return [address for (address,) in found] if self.counts[kind] else []

    def apply(self, run: SyncRun, now: datetime) -> None:
        """Write what differs, and a row of history for each key unless this is the source's first load."""
        moment = connection.ops.adapt_datetimefield_value(now)
        if self.is_first:
            self._execute(LOAD, [self.source, moment, moment])
            measure(self.kept)
        else:
            self._execute(RECORD, [run.pk])
            self._execute(REWRITE, [moment])
            self._execute(INSERT, [self.source, moment, moment, self.source])
            self._execute(WITHDRAW, [moment])

    def _execute(self, query: str, values: list[Any] | None = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(query.format_map(self._names), values)

    def _rows(self, query: str, values: list[Any] | None = None) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(query.format_map(self._names), values)
            return cursor.fetchall()


def _names(kept: Kept) -> dict[str, Any]:
    """What stands for each name in braces."""
    return {
        "table": kept.table,
        "changes": Change._meta.db_table,
        "key": kept.key,
        "columns": ", ".join(kept.columns),
        "incoming": ", ".join(f"i.{column}" for column in kept.columns),
        "pairs": ", ".join(f"e.{column}, i.{column}" for column in kept.content),
        "assignments": ", ".join(f"{column} = i.{column}" for column in kept.content),
        "held": f"e.source = %s AND {current_in_sql('e')}",
        "page": PAGE,
    }


def _add_differences(details: dict[str, list], columns: list[str], values: list[str]) -> None:
    """`values` alternates what we hold and what comes; several lines of one key are shown side by side."""
    for column, before, after in zip(columns, values[::2], values[1::2], strict=True):
        if before != after:
            known = details.get(column)
            details[column] = [f"{known[0]} ; {before}", f"{known[1]} ; {after}"] if known else [before, after]
