"""A question asked all day: the ORM writes its SQL once, and each asking gives its values.

To write a statement costs Django five to twenty times what asking it does. What is asked stays said where it was: the
function decorated by `prepared` gives an ordinary QuerySet, made of the adjectives that every other is made of.
"""

import json
from collections.abc import Callable, Iterable
from copy import copy
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import EmptyResultSet
from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BigIntegerField,
    DateField,
    DateTimeField,
    Expression,
    Field,
    ForeignKey,
    Lookup,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.query import ValuesListIterable
from django.db.transaction import TransactionManagementError
from django.utils.module_loading import import_string

Row = TypeVar("Row")
# Of a value, by the first type that it is of: a moment is a day too.
FIELDS: list[tuple[type, Field]] = [
    (datetime, DateTimeField()),
    (date, DateField()),
    (int, BigIntegerField()),
    (str, TextField()),
]
MOST = 50  # texts of one question that are kept: of a new day, of another threshold


class Given(Expression):
    """The place in a statement where a value goes; of a moment, so long after the one that is given."""

    def __init__(self, name: str, output_field: Field, shift: timedelta = timedelta(0)):
        super().__init__(output_field=output_field)
        self.name = name
        self.shift = shift

    def __add__(self, other: Any) -> Any:
        if isinstance(other, timedelta):
            return Given(self.name, self.output_field, self.shift + other)
        return super().__add__(other)

    def __sub__(self, other: Any) -> Any:
        return self + -other if isinstance(other, timedelta) else super().__sub__(other)

    def as_sql(self, compiler, connection):
        return "%s", [self]

    def sent(self, value: Any, connection: Any) -> Any:
        return self.output_field.get_db_prep_value(value + self.shift if self.shift else value, connection)


class GivenMany(Given):
    """The place where a whole set goes, as one value: for `among`."""

    def __init__(self, name: str):
        super().__init__(name, TextField())

    def sent(self, value, connection):
        return json.dumps([*value]) if connection.vendor == "sqlite" else [*value]


@ForeignKey.register_lookup
@Field.register_lookup
class Among(Lookup):
    """`__in` of thousands, as one parameter: Django and psycopg spend longer on each of a thousand than the database.

    Of SQLite, only where a prepared question leaves a place for them; else see `mailboxes.models.bulk.among`.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        column, params = self.process_lhs(compiler, connection)
        values = self.rhs if isinstance(self.rhs, GivenMany) else list(self.rhs)
        if connection.vendor == "sqlite":
            return f"{column} IN (SELECT value FROM json_each(%s))", [*params, values]  # noqa: S608 - a column
        return f"{column} = ANY(%s)", [*params, values]


class GivenUser(NamedTuple):
    """The place where who asks goes, as `visible_to` reads them."""

    pk: Given
    is_superuser: bool


class Maker(NamedTuple):
    """What wrote a statement, where its rows are not yet the answers: megabytes, of a union of thirty."""

    queryset: Any
    compiler: Any
    converters: dict

    def answers(self, rows: list[tuple], connection: Any) -> list:
        compiler = copy(self.compiler)
        compiler.connection = connection
        compiler.execute_sql = lambda *_, **__: [rows]
        compiler.get_converters = lambda _: self.converters
        return list(self.queryset._iterable_class(_Asked(self.queryset, compiler)))


class WrittenQuestion(NamedTuple):
    sql: str
    params: tuple
    db: str
    width: int | None  # columns of an answer, where a row has others besides: what it is sorted by
    maker: Maker | None
    locks: bool = False

    def read(self, rows: list[tuple], connection: Any) -> list:
        """The rows, as the QuerySet gives them."""
        if self.width:
            rows = [row[: self.width] for row in rows]
        return self.maker.answers(rows, connection) if self.maker else rows


NOTHING_TO_ASK = WrittenQuestion("", (), "", None, None)


class Prepared(Generic[Row]):
    """`question(day, many, address="a@b")`: the SQL is written for what stands by position, and is good as long as
    that is true; what is named is given at each asking, and so never decides of the text.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]], *, is_planned_once: bool = True):
        self.build = build
        self.is_planned_once = is_planned_once
        self.kept: dict[tuple, WrittenQuestion] = {}
        setting_changed.connect(self.forget)  # only tests change one

    def __deepcopy__(self, memo: dict) -> "Prepared[Row]":
        """Itself: whoever holds a question is copied, as the filters of a list at each visit; what is written stays."""
        return self

    def forget(self, **_: Any) -> None:
        self.kept.clear()

    def __call__(self, *shape: Any, **given: Any) -> list[Row]:
        key = (*shape, *[value.is_superuser for value in given.values() if isinstance(value, AbstractUser)])
        written = self.kept.get(key)
        if written is None or self.is_checked(key):
            written = self._keep(key, self._write(shape, given))
        if written is NOTHING_TO_ASK:
            return []
        connection = connections[written.db]
        if written.locks and not connection.in_atomic_block:
            raise TransactionManagementError("What is locked outside of a transaction is free again at once.")
        with _cursor(connection) if self.is_planned_once else connection.cursor() as cursor:
            cursor.execute(written.sql, [_sent(param, given, connection) for param in written.params])
            rows = cursor.fetchall()
        return written.read(rows, connection)

    def is_checked(self, key: tuple) -> bool:
        """True while tests run: what is kept is compared with what would be written now."""
        return False

    def _write(self, shape: tuple, given: dict[str, Any]) -> WrittenQuestion:
        queryset: Any = self.build(*shape, **{name: _hole(name, value) for name, value in given.items()})
        if queryset._prefetch_related_lookups:
            raise TypeError("A prepared question prefetches nothing.")
        compiler = queryset.query.get_compiler(queryset.db)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return NOTHING_TO_ASK
        if frozen := [param for param in params if isinstance(param, date) and not _stands(param, shape)]:
            raise TypeError(f"{self.build.__qualname__}: {frozen} would stay as it is now; give it.")
        converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
        is_plain = queryset._iterable_class is ValuesListIterable and not converters
        maker = None if is_plain else Maker(queryset, compiler, converters)
        width = compiler.col_count if compiler.has_extra_select else None
        return WrittenQuestion(sql, tuple(params), queryset.db, width, maker, queryset.query.select_for_update)

    def _keep(self, key: tuple, written: WrittenQuestion) -> WrittenQuestion:
        earlier = self.kept.get(key, written)
        if (earlier.sql, earlier.params) != (written.sql, written.params):
            raise AssertionError(f"{self.build.__qualname__} is no longer {earlier.sql}: {written.sql}")
        if len(self.kept) >= MOST:
            self.kept.clear()
        if key not in self.kept:  # of another day nothing is asked any more
            self.kept = {one: text for one, text in self.kept.items() if _day_of(one) == _day_of(key)}
        self.kept[key] = written
        return written


def prepared(build: Callable[..., QuerySet[Any, Row]]) -> Prepared[Row]:
    return Prepared(build)


def written_once(build: Callable[..., QuerySet[Any, Row]]) -> Prepared[Row]:
    """`prepared`, but for PostgreSQL, which plans it for its values each time: what reads much of a table, by limits
    that these values set."""
    return Prepared(build, is_planned_once=False)


def add_row(model: type[Model], **values: Any) -> None:
    """A row of which nothing is asked afterwards: written as it is said, without default, signal or key read back."""
    connection = connections[DEFAULT_DB_ALIAS]
    sql, fields = _insertion(model, tuple(values))
    params = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    with _cursor(connection) as cursor:
        cursor.execute(sql, params)


@cache
def _insertion(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    columns, places = ", ".join(f'"{field.column}"' for field in fields), ", ".join(["%s"] * len(fields))
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places})', fields  # noqa: S608 - our own names


@cache
def _binding_cursor() -> type:
    """Psycopg's cursor, imported by name: it loads 11 MB that SQLite has no use for."""
    return import_string("directory.binding.BindingCursor")


def _cursor(connection: Any) -> Any:
    """PostgreSQL too prepares what it is asked often (`prepare_threshold` of the settings): it then plans it no more.
    It can where it gets the values apart from the text; Django's own cursors write them into it.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    raw = connection.connection
    usual, raw.cursor_factory = raw.cursor_factory, _binding_cursor()
    try:
        return connection.cursor()
    finally:
        raw.cursor_factory = usual


class _Asked:
    """What Django's iterables ask of a QuerySet, and of its query."""

    _known_related_objects: dict = {}

    def __init__(self, queryset: Any, compiler: Any):
        self.db, self.model, self.compiler, self.query = queryset.db, queryset.model, compiler, self

    def get_compiler(self, using: str) -> Any:
        return self.compiler


def _day_of(shape: tuple) -> date | None:
    return next((one for one in shape if type(one) is date), None)


def _stands(param: date, shape: tuple) -> bool:
    """Is it true as long as the shape is? A day may be counted from the one that stands by position."""
    return param in shape or (type(param) is date and _day_of(shape) is not None)


def _hole(name: str, value: Any) -> Any:
    if isinstance(value, AbstractUser):
        return GivenUser(Given(name, BigIntegerField()), value.is_superuser)
    for type_, field in FIELDS:
        if isinstance(value, type_):
            return Given(name, field)
    if isinstance(value, Iterable):
        return GivenMany(name)
    raise TypeError(f"{name} cannot be given: {value!r}")


def _sent(param: Any, given: dict[str, Any], connection: Any) -> Any:
    if not isinstance(param, Given):
        return param
    value = given[param.name]
    return param.sent(value.pk if isinstance(value, AbstractUser) else value, connection)
