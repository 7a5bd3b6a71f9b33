"""Months counted back in SQL, as `relativedelta` counts them: one month before 31 March is the last day of February.

And days, for the limits that each row has in days.
"""

from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta
from django.db.models import DateTimeField, Expression, F, Func, IntegerField, Value

from directory.prepared import Given


def months_after(moment: datetime, months: int) -> datetime:
    """The moment from which on `moment` is so many months ago: `MonthsBefore` turned round.

    Of 31 December and two months it is 1 March: two months before 28 February is still 28 December.
    """
    moment = moment.astimezone(UTC)
    there = moment + relativedelta(months=months)
    if there.day == moment.day:
        return there
    return there.replace(hour=0, minute=0, second=0, microsecond=0) + relativedelta(days=1)


def _moment(now: datetime | Given) -> Expression:
    return now if isinstance(now, Given) else Value(now, output_field=DateTimeField())


class MonthsBefore(Func):
    """`MonthsBefore(now, F("operator__alert_after_months"))`: so many months before, each row its own number."""

    output_field = DateTimeField()
    template = "(%(expressions)s)"

    def __init__(self, now: datetime | Given, months: Expression | F, **extra):
        super().__init__(_moment(now), months, **extra)

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(
            compiler, connection, arg_joiner=" - make_interval(months => ", template="(%(expressions)s))"
        )

    def as_sqlite(self, compiler, connection, **context):
        """SQLite runs over the end of a short month: the earlier of its answer and of that month's last day."""
        moment, months = self.get_source_expressions()
        now, stamp = compiler.compile(moment)
        count, params = compiler.compile(months)
        sql = (
            f"(min(date({now}, '-' || ({count}) || ' months'), "
            f"date({now}, 'start of month', (1 - ({count})) || ' months', '-1 day')) || substr({now}, 11))"
        )
        return sql, [*stamp, *params, *stamp, *params, *stamp]


class DaysBefore(Func):
    """`DaysBefore(now, F("operator__fresh_days"))`: so many days before, each row its own number."""

    output_field = DateTimeField()

    def __init__(self, now: datetime | Given, days: Expression | F, **extra):
        super().__init__(_moment(now), days, **extra)

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, arg_joiner=" - make_interval(days => ", template="(%(expressions)s))")

    def as_sqlite(self, compiler, connection, **context):
        moment, days = self.get_source_expressions()
        now, stamp = compiler.compile(moment)
        count, params = compiler.compile(days)
        return f"(date({now}, '-' || ({count}) || ' days') || substr({now}, 11))", [*stamp, *params, *stamp]


class Shortest(Func):
    """`Shortest(column="alert_after_months")`: the least of the operators' limits, read once per statement."""

    output_field = IntegerField()
    template = "(SELECT min(%(column)s) FROM mailboxes_operator)"
