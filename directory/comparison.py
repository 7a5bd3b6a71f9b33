"""What a source says against what we hold, set by set in SQL; reads until `apply()`, which writes only what differs.

An entry and a line are the same when their digests are. What is left over on both sides is paired address by address,
so that an altered line keeps its entry, and the order of the lines in the source never matters.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from directory.models import COLUMNS, Change, Entry, SyncRun
from directory.staging import measure_entries, settle, whole_tables

ENTRY = Entry._meta.db_table
PAGE = 2000  # addresses whose details are in memory at once
HELD = "e.source = %s AND e.withdrawn_at IS NULL"
CONTENT = [column for column in COLUMNS if column != "address"]

DROP_DOUBLES = """
    DELETE FROM sync_incoming WHERE number IN (
        SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY digest ORDER BY number) AS copy
            FROM sync_incoming WHERE address IN (SELECT address FROM sync_several)) doubles
        WHERE copy > 1)"""
FIND_FRESH = f"""
    INSERT INTO sync_fresh SELECT i.number, i.address, i.digest, 1 FROM sync_incoming i
    WHERE NOT EXISTS (SELECT 1 FROM {ENTRY} e WHERE e.address = i.address AND e.digest = i.digest AND {HELD})"""
RANK_FRESH = """
    UPDATE sync_fresh SET rank = ranked.rank FROM (
        SELECT number, row_number() OVER (PARTITION BY address ORDER BY digest) AS rank
        FROM sync_fresh WHERE address IN (SELECT address FROM sync_several)) ranked
    WHERE sync_fresh.number = ranked.number"""
FIND_PLACES = f"""
    INSERT INTO sync_places
    SELECT id, address, held, row_number() OVER (PARTITION BY address ORDER BY held DESC, ordinal) FROM (
        SELECT e.id, e.address, e.ordinal, true AS held FROM {ENTRY} e
        WHERE {HELD} AND (%s OR e.address IN (SELECT address FROM sync_incoming))
            AND NOT EXISTS (SELECT 1 FROM sync_incoming i WHERE i.address = e.address AND i.digest = e.digest)
        UNION ALL
        SELECT e.id, e.address, e.ordinal, false FROM {ENTRY} e
        WHERE e.source = %s AND e.withdrawn_at IS NOT NULL AND e.address IN (SELECT address FROM sync_fresh)) free"""
JUDGE = f"""
    INSERT INTO sync_verdicts
    SELECT touched.address, CASE WHEN had.address IS NULL THEN 'appeared'
                                 WHEN has.address IS NULL THEN 'withdrawn' ELSE 'changed' END
    FROM (SELECT address FROM sync_fresh UNION SELECT address FROM sync_places WHERE held) touched
    LEFT JOIN (SELECT DISTINCT e.address FROM {ENTRY} e WHERE {HELD} AND e.address IN (
        SELECT address FROM sync_fresh UNION SELECT address FROM sync_places)) had ON had.address = touched.address
    LEFT JOIN (SELECT DISTINCT address FROM sync_incoming WHERE address IN (
        SELECT address FROM sync_fresh UNION SELECT address FROM sync_places)) has ON has.address = touched.address"""

PAIRS = f"""
    SELECT f.address, {", ".join(f"e.{c}, i.{c}" for c in CONTENT)}
    FROM sync_verdicts v
    JOIN sync_fresh f ON f.address = v.address
    JOIN sync_places p ON p.address = f.address AND p.rank = f.rank AND p.held
    JOIN {ENTRY} e ON e.id = p.id
    JOIN sync_incoming i ON i.number = f.number
    WHERE v.kind = 'changed' AND v.address BETWEEN %s AND %s
    ORDER BY f.address, f.rank"""
LINES = f"""
    SELECT moved.address, (SELECT count(*) FROM {ENTRY} e WHERE e.address = moved.address AND {HELD}), moved.delta
    FROM (SELECT address, sum(delta) AS delta FROM (
              SELECT address, 1 AS delta FROM sync_fresh WHERE address BETWEEN %s AND %s
              UNION ALL
              SELECT address, -1 FROM sync_places WHERE held AND address BETWEEN %s AND %s) line
          GROUP BY address HAVING sum(delta) <> 0) moved
    JOIN sync_verdicts v ON v.address = moved.address AND v.kind = 'changed'"""

LOAD = f"""
    INSERT INTO {ENTRY} (source, ordinal, first_seen_at, changed_at, digest, {", ".join(COLUMNS)})
    SELECT %s, coalesce(ranked.rank, 1), %s, %s, i.digest, {", ".join(f"i.{c}" for c in COLUMNS)}
    FROM sync_incoming i
    LEFT JOIN (SELECT number, row_number() OVER (PARTITION BY address ORDER BY digest) AS rank
               FROM sync_incoming WHERE address IN (SELECT address FROM sync_several)) ranked
        ON ranked.number = i.number"""
NEXT_PAGE = f"""
    SELECT address FROM sync_verdicts WHERE kind = 'changed' AND address > %s ORDER BY address LIMIT {PAGE}"""
REWRITE = f"""
    UPDATE {ENTRY} SET digest = i.digest, changed_at = %s, withdrawn_at = NULL,
        {", ".join(f"{c} = i.{c}" for c in CONTENT)}
    FROM sync_fresh f
    JOIN sync_places p ON p.address = f.address AND p.rank = f.rank
    JOIN sync_incoming i ON i.number = f.number
    WHERE {ENTRY}.id = p.id"""
INSERT = f"""
    INSERT INTO {ENTRY} (source, ordinal, first_seen_at, changed_at, digest, {", ".join(COLUMNS)})
    SELECT %s, coalesce(known.ordinal, 0) + f.rank - coalesce(taken.places, 0), %s, %s, i.digest,
        {", ".join(f"i.{c}" for c in COLUMNS)}
    FROM sync_fresh f
    JOIN sync_incoming i ON i.number = f.number
    LEFT JOIN (SELECT address, max(rank) AS places FROM sync_places GROUP BY address) taken ON taken.address = f.address
    LEFT JOIN (SELECT e.address, max(e.ordinal) AS ordinal FROM {ENTRY} e
               WHERE e.source = %s AND e.address IN (SELECT address FROM sync_fresh)
               GROUP BY e.address) known ON known.address = f.address
    WHERE f.rank > coalesce(taken.places, 0)"""
WITHDRAW = f"""
    UPDATE {ENTRY} SET withdrawn_at = %s WHERE id IN (
        SELECT p.id FROM sync_places p LEFT JOIN sync_fresh f ON f.address = p.address AND f.rank = p.rank
        WHERE p.held AND f.number IS NULL)"""
RECORD = f"""
    INSERT INTO {Change._meta.db_table} (run_id, address, kind, details)
    SELECT %s, address, kind, '{{}}' FROM sync_verdicts WHERE kind <> 'changed'"""


class Comparison:
    """Reads the staged lines against the entries of `source`; the transaction must hold the source's lock."""

    def __init__(self, source: str, *, whole: bool):
        self.source = source
        self.is_first = not Entry.objects.filter(source=source).exists()
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
        """How many addresses we held before; meaningful for a source taken as a whole."""
        return self.addresses - self.counts["appeared"] + self.counts["withdrawn"]

    def _gather(self) -> int:
        """Collapse equal lines; how many addresses there are."""
        settle("sync_incoming")
        _execute("INSERT INTO sync_several SELECT address FROM sync_incoming GROUP BY address HAVING count(*) > 1")
        settle("sync_several")
        _execute(DROP_DOUBLES)
        several = "(SELECT address FROM sync_several)"
        single, multiple = _rows(
            f"SELECT count(*) FROM sync_incoming WHERE address NOT IN {several} "
            "UNION ALL SELECT count(*) FROM sync_several"
        )
        return single[0] + multiple[0]

    def _find_differences(self, whole: bool) -> None:
        with whole_tables():
            _execute(FIND_FRESH, [self.source])
            _execute(RANK_FRESH)
            settle("sync_fresh")
            _execute(FIND_PLACES, [self.source, whole, self.source])
            settle("sync_places")

    def _judge(self) -> dict[str, int]:
        with whole_tables():
            _execute(JUDGE, [self.source])
        settle("sync_verdicts")
        found = dict(_rows("SELECT kind, count(*) FROM sync_verdicts GROUP BY kind"))
        return {kind: found.get(kind, 0) for kind in Change.Kind.values}

    def changes(self) -> Iterator[tuple[str, dict[str, list]]]:
        """Each address that changed, with what changed in it; to be read before `apply()`."""
        last = ""
        while page := [address for (address,) in _rows(NEXT_PAGE, [last])]:
            details = self._details(page[0], page[-1])
            yield from ((address, details[address]) for address in page)
            last = page[-1]

    def _details(self, first: str, last: str) -> dict[str, dict[str, list]]:
        details: dict[str, dict[str, list]] = defaultdict(dict)
        for address, pairs in groupby(_rows(PAIRS, [first, last]), itemgetter(0)):
            for _, *values in pairs:
                _add_differences(details[address], values)
        for address, before, delta in _rows(LINES, [self.source, first, last, first, last]):
            details[address]["lines"] = [before, before + int(delta)]
        return details

    def sample(self, kind: str, size: int) -> list[str]:
        """Some addresses of that kind, for the preview of a dry run."""
        if self.is_first:
            found = _rows("SELECT DISTINCT address FROM sync_incoming ORDER BY address LIMIT %s", [size])
        else:
            query = "SELECT address FROM sync_verdicts WHERE kind = %s ORDER BY address LIMIT %s"
            found = _rows(query, [kind, size])
        return [address for (address,) in found] if self.counts[kind] else []

    def apply(self, run: SyncRun, now: datetime) -> None:
        """Write what differs, and a row of history for each address unless this is the source's first load."""
        moment = connection.ops.adapt_datetimefield_value(now)
        if self.is_first:
            _execute(LOAD, [self.source, moment, moment])
            measure_entries()
        else:
            _execute(RECORD, [run.pk])
            _execute(REWRITE, [moment])
            _execute(INSERT, [self.source, moment, moment, self.source])
            _execute(WITHDRAW, [moment])


def _add_differences(details: dict[str, list], values: list[str]) -> None:
    """`values` alternates what we hold and what comes; several lines of one address are shown side by side."""
    for column, before, after in zip(CONTENT, values[::2], values[1::2], strict=True):
        if before != after:
            known = details.get(column)
            details[column] = [f"{known[0]} ; {before}", f"{known[1]} ; {after}"] if known else [before, after]


def _execute(query: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, values)


def _rows(query: str, values: list[Any] | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()
