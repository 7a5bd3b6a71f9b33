"""The gaps of some structures, as a list that counts and cuts itself in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from mailboxes.gaps.facts import Gap, with_facts
from mailboxes.gaps.lists import SqlList, rows_of
from mailboxes.gaps.sql import COMMON, JUDGED, names
from mailboxes.gaps.table import BY_NAME, SITUATIONS
from mailboxes.rules import allows, check_annuaire_fresh


@dataclass(frozen=True)
class Gaps(SqlList[Gap]):
    """The gaps of some structures, each with its facts."""

    situation: str = ""
    status: str = ""
    text: str = ""
    addresses: tuple[str, ...] | None = None

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
            SELECT rank, situation, structure_id, address, bal_id, status, md5(fact), decision_id, 0 FROM page
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
        return with_facts(rows)

    def _read(self, start: int, stop: int | None) -> list[Gap]:
        query, values = self._query("situation, structure_id, address, bal_id, status, md5(fact), decision_id")
        query += " ORDER BY rank, address, structure_id"
        if stop is not None:
            query += f" LIMIT {int(stop - start)} OFFSET {int(start)}"
        return [Gap(BY_NAME[name], *facts) for name, *facts in rows_of(query, values)]

    def _query(self, columns: str) -> tuple[str, list]:
        tables, values = names(), list[Any]()
        ours, structure_values = self.structures.order_by().values("pk").query.sql_with_params()
        ctes = [f"ours(id) AS ({ours})"]
        values += structure_values
        narrow = {"b_narrow": "", "e_narrow": ""}
        if self.addresses is not None:
            places = ", ".join(["(%s)"] * len(self.addresses))
            ctes.append(f"asked(address) AS (VALUES {places})")
            values += self.addresses
            narrow = {f"{t}_narrow": f"AND {t}.address IN (SELECT address FROM asked)" for t in "be"}
        ctes.append(COMMON.format(**tables, **narrow))
        ctes.append(f"gaps AS ({' UNION ALL '.join(self._selects(tables))})")
        ctes.append(JUDGED.format(**tables))
        values.append(connection.ops.adapt_datefield_value(timezone.localdate()))
        conditions, asked = ["rank >= 0"], []
        if self.status:
            conditions.append("status = %s")
            asked.append(self.status)
        for word in self.text.split():
            conditions.append("address LIKE %s ESCAPE '!'")
            asked.append(f"%{_literal(word.lower())}%")
        return f"WITH {', '.join(ctes)} SELECT {columns} FROM judged WHERE {' AND '.join(conditions)}", values + asked

    def _selects(self, tables: dict[str, str]) -> list[str]:
        fresh = allows(check_annuaire_fresh)
        chosen = [(rank, s) for rank, s in enumerate(SITUATIONS) if self.situation in ("", s.name)]
        return [
            f"SELECT {rank} AS rank, '{s.name}' AS situation, structure_id, address, bal_id, fact "
            f"FROM ({s.rows.format(**tables)}) found{'' if fresh or not s.concludes_absence else ' WHERE 1 = 0'}"
            for rank, s in chosen
        ]


def _literal(text: str) -> str:
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text
