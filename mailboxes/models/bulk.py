"""Thousands of rows at once, and what PostgreSQL and SQLite do differently about it.

`bulk_create` costs the process ten times what COPY does, `bulk_update` three hundred times; an import of 100 000 lines
writes half a million rows. Callers are in a transaction, hold the rows, and have checked them.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models

from directory.copying import copying
from directory.prepared import GivenMany

FEW = 50  # rows below which COPY costs more than it spares


def insert(rows: Sequence[models.Model]) -> None:
    """Like `bulk_create`: the rows get their primary keys, no signal is sent."""
    if not rows:
        return
    model = type(rows[0])
    if len(rows) < FEW or connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows)
        return
    fields = model._meta.concrete_fields
    for row, pk in zip(rows, _new_keys(model, len(rows)), strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, connection.alias
    _copy(model._meta.db_table, fields, rows)


def update(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Like `bulk_update`."""
    if not rows or not names:
        return
    model = type(rows[0])
    if len(rows) < FEW or connection.vendor != "postgresql":
        known_by = getattr(model, "KNOWN_BY", ["pk"])
        model._default_manager.bulk_create(rows, update_conflicts=True, unique_fields=known_by, update_fields=names)
        return
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    table, levelled = model._meta.db_table, f"{model._meta.model_name}_levelled"
    columns = ", ".join(f'"{field.column}"' for field in fields)
    sets = ", ".join(f'"{field.column}" = new."{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {levelled} ON COMMIT DROP AS SELECT id, {columns} FROM {table} WHERE false")
        _copy(levelled, [model._meta.pk, *fields], rows)
        cursor.execute(f'UPDATE {table} SET {sets} FROM {levelled} new WHERE "{table}".id = new.id')
        cursor.execute(f"DROP TABLE {levelled}")


def among(name: str, values: Iterable[Any] | GivenMany) -> models.Q:
    """The condition that this column holds one of these values, not None."""
    if isinstance(values, GivenMany):
        return models.Q(**{f"{name}__among": values})
    values = frozenset(values)
    if len(values) < FEW or connection.vendor != "postgresql":
        return models.Q(**{f"{name}__in": values})
    return models.Q(**{f"{name}__among": values})  # a set: Django would look at each item of a list


def _new_keys(model: type[models.Model], count: int) -> list[int]:
    with connection.cursor() as cursor:
        sequence = "pg_get_serial_sequence(%s, 'id')"
        cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [model._meta.db_table, count])
        return [pk for (pk,) in cursor.fetchall()]


def _copy(table: str, fields: Sequence, rows: Sequence[models.Model]) -> None:
    columns = ", ".join(f'"{field.column}"' for field in fields)
    names = [field.attname for field in fields]
    pointers = {field.name: field.attname for field in fields if isinstance(field, models.ForeignKey)}
    turned = [(rank, turn) for rank, field in enumerate(fields) if (turn := _turn(field))]
    with copying(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            held = row.__dict__
            for name, pointed in row._state.fields_cache.items():
                if pointed is not None and name in pointers:  # it may have got its key since it was pointed to
                    held[pointers[name]] = pointed.pk
            values = [held[name] for name in names]
            for rank, turn in turned:
                values[rank] = turn(values[rank])
            copy.write_row(values)


def _turn(field: Any) -> Callable[[Any], Any] | None:
    """What makes of a field's value one that COPY writes, where it is not one already."""
    if isinstance(field, models.JSONField):
        return json.dumps
    if isinstance(field, models.CharField | models.TextField):  # a member of TextChoices would be written by its name
        return lambda value: value if value is None or type(value) is str else str(value)
    return None
