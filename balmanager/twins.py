"""What two windows write at the same moment: the database keeps one, and the second is told so in plain words."""

from django.db import IntegrityError

SQLITE, POSTGRESQL = "UNIQUE constraint failed", "23505"  # the words of the one, the SQLSTATE of the other


def wrote_a_second_one(error: BaseException | None) -> bool:
    """Was it refused because the same row had been written meanwhile?"""
    if not isinstance(error, IntegrityError):
        return False
    return SQLITE in str(error) or getattr(error.__cause__, "sqlstate", "") == POSTGRESQL
