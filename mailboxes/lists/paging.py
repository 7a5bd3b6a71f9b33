"""Pages of long lists whose last page costs no more than the first."""

from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


class KeyPaginator(Paginator):
    """Picks the primary keys of a page by index order, from whichever end is nearer, then loads those rows alone.

    `object_list` is what is counted and ordered (totally: its last key is the primary key); `rows` is what is loaded,
    with all its annotations and prefetches, which would otherwise be worked out for every row that is skipped.
    """

    object_list: QuerySet

    def __init__(self, object_list: QuerySet, per_page, *, rows: QuerySet | None = None, **options):
        super().__init__(object_list, per_page, **options)
        self.rows = object_list.model._default_manager.all() if rows is None else rows

    @cached_property
    def count(self):
        return self.object_list.order_by().count()

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        stop = min(start + self.per_page, self.count)
        pks = self._keys(start, stop)
        found = self.rows.in_bulk(pks)
        return Page([found[pk] for pk in pks if pk in found], number, self)

    def _keys(self, start: int, stop: int) -> list:
        keys = self.object_list.values_list("pk", flat=True)
        if start <= self.count // 2:
            return list(keys[start:stop])
        return list(keys.reverse()[self.count - stop : self.count - start])[::-1]
