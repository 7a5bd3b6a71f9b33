"""Tables that grow with time alone, laid out by month on PostgreSQL: the purge empties old months, then they go whole.

Only where somebody asked (`manage.py partition`): a hospital's tables gain nothing by it. The journal stays whole,
since notices, requests and webhooks point to its lines, and PostgreSQL holds no such reference to a table laid out by
another column than its number.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from mailboxes.models import AccessTrace, Reading

BY_MONTH = {model._meta.db_table: model for model in (Reading, AccessTrace)}
MONTHS_AHEAD = 24  # made at each migration: only who owns the tables may
FEW_MONTHS = 3
BEFORE = "before_partition"  # the schema where a table waits while its rows are moved
REST = "rest"  # what falls in no month: before the first, or after the last


def is_partitioned(table: str) -> bool:
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [table])
        found = cursor.fetchone()
    return bool(found and found[0])


def months_of(table: str) -> list[datetime]:
    """The first moment of each month that has a partition, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT to_timestamp(right(inhrelid::regclass::text, 7) || ' +00', 'YYYY_MM TZH')
            FROM pg_inherits WHERE inhparent = to_regclass(%s) AND inhrelid::regclass::text ~ '[0-9]{4}_[0-9]{2}$'
            ORDER BY 1""",
            [table],
        )
        return [month.astimezone(UTC) for (month,) in cursor.fetchall()]


def month_after(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def months_from(first: datetime, last: datetime) -> list[datetime]:
    months = [month_of(first)]
    while months[-1] < month_of(last):
        months.append(month_after(months[-1]))
    return months


def partition(table: str) -> int:
    """Lay the table out by month, its rows moved, in one transaction that nobody else writes through; how many rows."""
    quote = connection.ops.quote_name
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {quote(table)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"SELECT current_schema(), min(at) FROM {quote(table)}")  # noqa: S608
        schema, oldest = cursor.fetchone()
        # With its table, each index and constraint leaves its name to the new one's.
        cursor.execute(f"CREATE SCHEMA {BEFORE}")
        cursor.execute(f"ALTER TABLE {quote(table)} SET SCHEMA {BEFORE}")
        former = f"{BEFORE}.{table}"  # as PostgreSQL writes it in what it tells of an index
        cursor.execute(
            f"CREATE TABLE {quote(table)} (LIKE {former} INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE (at)"
        )
        cursor.execute(f"CREATE TABLE {quote(f'{table}_{REST}')} PARTITION OF {quote(table)} DEFAULT")
        now = timezone.now()
        prepare(table, since=max(oldest or now, BY_MONTH[table].kept_since(now)))
        cursor.execute(f"INSERT INTO {quote(table)} SELECT * FROM {former}")  # noqa: S608
        moved = cursor.rowcount
        for statement in constraints_of(former, table) + indexes_of(former, f"{schema}.{table}"):
            cursor.execute(statement)
        cursor.execute(
            f"""SELECT setval(pg_get_serial_sequence(%s, 'id'), last_value, is_called)
            FROM {BEFORE}.{quote(f"{table}_id_seq")}""",  # noqa: S608
            [table],
        )
        cursor.execute(f"DROP SCHEMA {BEFORE} CASCADE")
    return moved


def constraints_of(former: str, table: str) -> list[str]:
    """What the former table promised; its key takes the moment in, as PostgreSQL asks of one held by each partition."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = to_regclass(%s) ORDER BY contype DESC, conname""",
            [former],
        )
        return [
            f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)} "
            + ("PRIMARY KEY (id, at)" if sort == "p" else definition)
            for name, sort, definition in cursor.fetchall()
        ]


def indexes_of(former: str, table: str) -> list[str]:
    """Indexes that no constraint makes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = to_regclass(%s)
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
            ORDER BY indexrelid::regclass::text""",
            [former],
        )
        return [definition.replace(f" ON {former} ", f" ON {table} ", 1) for (definition,) in cursor.fetchall()]


def prepare(table: str, *, since: datetime | None = None) -> int:
    """Make the months that are missing, from this moment (today) to two years ahead; how many."""
    now = timezone.now()
    there = set(months_of(table))
    wanted = months_from(since or now, now + timedelta(days=31 * MONTHS_AHEAD))
    missing = [month for month in wanted if month not in there]
    for month in missing:
        make_month(table, month)
    return len(missing)


def make_month(table: str, month: datetime) -> None:
    """A partition for the month; its rows, which nothing took in before, leave the rest."""
    quote = connection.ops.quote_name
    own, rest = quote(f"{table}_{month:%Y_%m}"), quote(f"{table}_{REST}")
    bounds = [month, month_after(month)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {own} (LIKE {quote(table)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(
            f"""WITH left_out AS (DELETE FROM {rest} WHERE at >= %s AND at < %s RETURNING *)
            INSERT INTO {own} SELECT * FROM left_out""",  # noqa: S608
            bounds,
        )
        first, end = (f"'{bound:%Y-%m-%d} 00:00+00'" for bound in bounds)
        cursor.execute(f"ALTER TABLE {quote(table)} ATTACH PARTITION {own} FOR VALUES FROM ({first}) TO ({end})")


def drop_outdated(table: str) -> int:
    """Drop the months of which the purge would keep no row; how many."""
    limit = BY_MONTH[table].kept_since(timezone.now())
    outdated = [month for month in months_of(table) if month_after(month) <= limit]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for month in outdated:
            cursor.execute(f"DROP TABLE {quote(f'{table}_{month:%Y_%m}')}")
    return len(outdated)


def keep_months(**_) -> None:
    """Of `post_migrate`, and of the monthly command: months ahead made, those past dropped, where there are any."""
    for table in BY_MONTH:
        if is_partitioned(table):
            prepare(table)
            drop_outdated(table)


def fewest_months_ahead() -> int | None:
    """The fewest months prepared in any table laid out by month; None where there is none."""
    now = timezone.now()
    ahead = [sum(month > now for month in months_of(table)) for table in BY_MONTH if is_partitioned(table)]
    return min(ahead, default=None)
