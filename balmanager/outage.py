"""The database is away, full or blocked: how it is known, and what is said of it."""

from django.db import InterfaceError, OperationalError

RETRY_AFTER = 10  # seconds
DETAIL = "La base de données ne répond pas. Rien n’a été enregistré à moitié : réessayez dans quelques instants."


def database_is_away(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        error = error.__cause__ or error.__context__
    return False
