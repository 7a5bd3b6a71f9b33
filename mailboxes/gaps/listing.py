"""The gaps of some structures, as a list that counts and cuts itself in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from mailboxes.gaps.facts import Gap, with_facts
from mailboxes.gaps.lists import SqlList, literals, rows_of
from mailboxes.gaps.sql import COMMON, JUDGED, KEPT, names
from mailboxes.gaps.table import BY_NAME, SITUATIONS, Situation
from mailboxes.models import Structure
from mailboxes.rules import allows, check_annuaire_fresh

LATELY = timedelta(minutes=30)  # twice as long as they stay kept: a search that is late by one turn still serves


@dataclass(frozen=True)
class Gaps(SqlList[Gap]):
    """The gaps of some structures, each with its facts."""

    situation: str = ""
    status: str = ""
    text: str = ""
    addresses: tuple[str, ...] | None = None
    found_at: datetime | None = None  # of those kept (`lately`); None: they are looked for at each question

    def lately(self) -> Self:
        """The same as they were last looked for and kept; as they are now, where that is long ago in one structure.

        To look for those of 100 000 BAL takes a second, to read them a few milliseconds. What was decided of them since
        holds, and a row that is shown is looked for anew: how many they are is of then.
        """
        ours = Structure.objects.filter(pk__in=self.structures.order_by().values("pk"))
        told = ours.aggregate(at=Min("gap_search__at"), never=Count("pk", filter=Q(gap_search=None)))
        if told["never"] or not told["at"] or told["at"] < timezone.now() - LATELY:
            return self
        return self.narrowed(found_at=told["at"])

    def as_found(self) -> tuple[str, list]:
        """The query of what is kept of them: whatever was decided of them, and however old the annuaire is."""
        query, values = self._ctes(even_stale=True)
        return f"{query} SELECT structure_id, situation, address, bal_id, digest FROM gaps", values

    def keyed(self, keys: Iterable[str]) -> list[Gap]:
        """The gaps of these keys (see `Gap.key`) that are still open, with their facts."""
        keys = set(keys)
        addresses = tuple(sorted({Gap.address_in(key) for key in keys}))
        found = self.narrowed(addresses=addresses)[:] if addresses else []
        return [gap for gap in found if gap.key in keys]

    def keys(self) -> list[str]:
        """The keys of all of them, without their facts."""
        return [gap.key for gap in self._read(0, None)]

    def counts(self) -> dict[tuple[str, str], int]:
        """(situation, status) -> how many, for every situation and status."""
        query, values = self.narrowed(situation="", status="")._query("situation, status, count(*)")
        rows = rows_of(f"{query} GROUP BY situation, status", values)
        return {(situation, status): number for situation, status, number in rows}

    def counted(self, start: int, stop: int) -> tuple[dict[tuple[str, str], int], list[Gap]]:
        """`counts`, and the rows from `start` to `stop`, of one reading: to find the gaps costs far more than to count
        or to sort them."""
        query, values = self.narrowed(situation="", status="")._query("*")
        chosen = {name: said for name, said in (("situation", self.situation), ("status", self.status)) if said}
        where = f"WHERE {' AND '.join(f'{name} = %s' for name in chosen)}" if chosen else ""
        ctes, _, found = query.rpartition(" SELECT * ")
        rows = rows_of(
            f"""{ctes}, found AS (SELECT * {found}),
            page AS (SELECT * FROM found {where} ORDER BY rank, address, structure_id
                     LIMIT {int(stop - start)} OFFSET {int(start)})
            SELECT rank, situation, structure_id, address, bal_id, status, digest, decision_id, 0 FROM page
            UNION ALL
            SELECT 0, situation, NULL, NULL, NULL, status, NULL, NULL, count(*) FROM found GROUP BY situation, status
            ORDER BY 1, 4, 3""",
            [*values, *chosen.values()],
        )
        counts = {(situation, status): number for _, situation, _, _, _, status, _, _, number in rows if number}
        gaps = [Gap(BY_NAME[name], *facts) for _, name, *facts, number in rows if not number]
        return counts, self._complete(gaps)

    def counts_by_structure(self) -> list[tuple[int, str, str, int]]:
        """(structure, situation, status, how many): what `counts` tells, of each structure apart."""
        query, values = self._query("structure_id, situation, status, count(*)")
        return rows_of(f"{query} GROUP BY structure_id, situation, status", values)

    def _complete(self, rows: list[Gap]) -> list[Gap]:
        return with_facts(self._standing(rows) if self.found_at else rows)

    def _standing(self, rows: list[Gap]) -> list[Gap]:
        """The rows that stand now, as they stand."""
        addresses = tuple(sorted({gap.address for gap in rows}))
        now = self.narrowed(found_at=None, addresses=addresses)._read(0, None) if rows else []
        found = {gap.key: gap for gap in now}
        return [found[gap.key] for gap in rows if gap.key in found]

    def _read(self, start: int, stop: int | None) -> list[Gap]:
        query, values = self._query("situation, structure_id, address, bal_id, status, digest, decision_id")
        query += " ORDER BY rank, address, structure_id"
        if stop is not None:
            query += f" LIMIT {int(stop - start)} OFFSET {int(start)}"
        return [Gap(BY_NAME[name], *facts) for name, *facts in rows_of(query, values)]

    def _query(self, columns: str) -> tuple[str, list]:
        query, values = self._ctes()
        conditions, asked = ["rank >= 0"], []
        if self.status:
            conditions.append("status = %s")
            asked.append(self.status)
        for word in self.text.split():
            conditions.append("address LIKE %s ESCAPE '!'")
            asked.append(f"%{_literal(word.lower())}%")
        judged = JUDGED.format(**names())
        values.append(connection.ops.adapt_datefield_value(timezone.localdate()))
        return f"{query}, {judged} SELECT {columns} FROM judged WHERE {' AND '.join(conditions)}", values + asked

    def _ctes(self, *, even_stale: bool = False) -> tuple[str, list]:
        """Up to `gaps`: rank, situation, structure_id, address, bal_id, digest of the fact."""
        tables, values = names(), list[Any]()
        ours, structure_values = self._ours()
        ctes = [f"ours(id) AS ({ours})"]
        values += structure_values
        narrow = {"b_narrow": "", "e_narrow": "", "f_narrow": ""}
        if self.addresses is not None:
            places = ", ".join(["(%s)"] * len(self.addresses))
            ctes.append(f"asked(address) AS (VALUES {places})")
            values += self.addresses
            narrow = {f"{t}_narrow": f"AND {t}.address IN (SELECT address FROM asked)" for t in "bef"}
        fresh = even_stale or allows(check_annuaire_fresh)
        asked = [(rank, s) for rank, s in enumerate(SITUATIONS) if self.situation in ("", s.name)]
        if self.found_at:
            told = [(rank, s) for rank, s in asked if fresh or not s.concludes_absence]
            ranks = " ".join(f"WHEN '{s.name}' THEN {rank}" for rank, s in told) or "WHEN NULL THEN NULL"
            gaps = KEPT.format(**tables, **narrow, ranks=ranks, situations=literals(s.name for _, s in told))
        else:
            ctes.append(COMMON.format(**tables, **narrow))
            gaps = " UNION ALL ".join(self._select(rank, s, tables, fresh) for rank, s in asked)
        return f"WITH {', '.join(ctes)}, gaps AS ({gaps})", values

    @staticmethod
    def _select(rank: int, situation: Situation, tables: dict[str, str], fresh: bool) -> str:
        none = "" if fresh or not situation.concludes_absence else " WHERE 1 = 0"
        return (
            f"SELECT {rank} AS rank, '{situation.name}' AS situation, structure_id, address, bal_id, "
            f"md5(fact) AS digest FROM ({situation.rows.format(**tables)}) found{none}"
        )


def _literal(text: str) -> str:
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text
