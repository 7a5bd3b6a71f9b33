"""Lists that count, cut and narrow themselves in SQL."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from mailboxes.models import Structure
from mailboxes.models.roles import seen_places

Found = TypeVar("Found")
BATCH = 500  # rows whose facts are in memory at once


@dataclass(frozen=True)
class SqlList(Generic[Found]):
    """What a query of ours finds within some structures: counted, cut and narrowed in SQL, and fit for a Paginator.

    Its heir says which query (`_query`), which rows from where to where (`_read`), and what is shown of them
    (`_complete`, in as many queries for a page as for one).
    """

    structures: QuerySet[Structure]

    @classmethod
    def visible_to(cls, user) -> Self:
        return cls(seen_places(user))

    def narrowed(self, **facts) -> Self:
        return replace(self, **facts)

    def count(self) -> int:
        query, values = self._query("count(*)")
        return rows_of(query, values)[0][0]

    def __len__(self):
        return self.count()

    def __getitem__(self, cut: slice) -> list[Found]:
        return self._complete(self._read(cut.start or 0, cut.stop))

    def __iter__(self) -> Iterator[Found]:
        """All rows; the facts of a batch are read at a time, and let go with it."""
        left = self._read(0, None)[::-1]
        while left:
            batch = left[: -BATCH - 1 : -1]
            del left[-BATCH:]
            yield from self._complete(batch)

    def _ours(self) -> tuple[str, list]:
        """The SQL that reads the numbers of these structures, and its values."""
        try:
            query, values = self.structures.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:  # of who sees none
            return "SELECT 0 WHERE 1 = 0", []
        return query, list(values)

    def _query(self, columns: str) -> tuple[str, list]:
        raise NotImplementedError

    def _read(self, start: int, stop: int | None) -> list[Any]:
        raise NotImplementedError

    def _complete(self, rows: list[Any]) -> list[Found]:
        raise NotImplementedError


def rows_of(query: str, values: list) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def literals(names: Iterable[str]) -> str:
    """Names of our own, in SQL; no name, no row."""
    return ", ".join(f"'{name}'" for name in sorted(names)) or "NULL"
