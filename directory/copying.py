"""COPY, the quickest way into PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def copying(statement: str) -> Iterator[Any]:
    """What fails in it is an error of Django's, as of all other statements: its cursors leave COPY to the driver."""
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        yield copy
