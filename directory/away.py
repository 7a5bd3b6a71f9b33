"""Whether a database failed, or what it was asked: one rule for both, by the numbers that they give their errors.

Both tell a missing column and a lost connection by the same class of Python (`OperationalError` on SQLite).
"""

import errno

from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError

# PostgreSQL, by the beginning of SQLSTATE: connection, resources (disk, memory, connections), a server that stops or
# starts, its system; a lock not had in time, a deadlock; a standby that takes no writes.
PASSING_STATES = ("08", "53", "57P", "58", "55P03", "40P01", "25006")
# SQLite: BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
PASSING_CODES = {5, 6, 7, 8, 10, 13, 14, 15}


TAKEN_STATE, TAKEN_CODES = "23505", {1555, 2067}  # a primary key, or a value that is to be one row's alone
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
FULL_STATE, FULL_CODE = "53100", 13
STOPPED = "57014"  # by PostgreSQL itself: the question took longer than it may


def was_stopped(error: BaseException | None) -> bool:
    while error:
        if getattr(error, "sqlstate", None) == STOPPED:
            return True
        error = error.__cause__ or error.__context__
    return False


def lacks_room(error: BaseException | None) -> bool:
    """Has a disk, ours or the database's, no room left for what was written, or does it take no more?"""
    while error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        if getattr(error, "sqlstate", None) == FULL_STATE or getattr(error, "sqlite_errorcode", None) == FULL_CODE:
            return True
        error = error.__cause__ or error.__context__
    return False


def is_taken_meanwhile(error: BaseException | None) -> bool:
    """Would there be two of what is to be one? Of two who wrote at the same moment, where each had found none."""
    if not isinstance(error, IntegrityError):
        return False
    told = error.__cause__
    return getattr(told, "sqlstate", None) == TAKEN_STATE or getattr(told, "sqlite_errorcode", None) in TAKEN_CODES


def holds_nul(error: BaseException | None) -> bool:
    """Was PostgreSQL asked about a text with a NUL, which none of its own has? Forms refuse one; what is read past them
    is looked for as it came."""
    return isinstance(error, DataError) and "NUL" in str(error)


def database_is_away(error: BaseException | None) -> bool:
    """Away, full or blocked: the same, asked again later, may succeed. The error's causes are looked at too."""
    while error:
        if isinstance(error, Error) and _is_passing(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_passing(error: Error) -> bool:
    told = error.__cause__  # the driver's own error
    if state := getattr(told, "sqlstate", None):
        return state.startswith(PASSING_STATES)
    if code := getattr(told, "sqlite_errorcode", None):
        return code & 0xFF in PASSING_CODES
    # psycopg had no answer from the server, or Django has no connection any more.
    by_itself = told is None or hasattr(told, "sqlstate")
    return by_itself and isinstance(error, OperationalError | InterfaceError)
