"""How long a page may keep the database at one question: whoever asked has left long before, and the others wait.

Jobs and commands have their own time. SQLite, which serves one machine, has no such limit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created

Line = TypeVar("Line")


def limit_pages() -> None:
    """A limit for the process that serves: each of its connections is told, once.

    What it asks all day (`directory.prepared`) is planned once too: to plan it anew for its values takes longer than to
    answer. A job keeps PostgreSQL's own way, for the tables that it fills would be read by the plan of empty ones.
    """
    connection_created.connect(_limit, dispatch_uid="patience")


def _limit(sender, connection, **kwargs) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false), "
                "set_config('plan_cache_mode', 'force_generic_plan', false)",
                [f"{settings.PAGE_SECONDS}s"],
            )


@contextmanager
def unlimited() -> Iterator[None]:
    """No limit, for a file that is handed out line by line: whoever takes it waits for it."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (before,) = cursor.fetchone()
        cursor.execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [before])


def handed_out(lines: Iterator[Line]) -> Iterator[Line]:
    with unlimited():
        yield from lines
