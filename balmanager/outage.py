"""The database is away, full or blocked, or the disk full: how it is known, and what is said of it."""

from typing import NamedTuple

from directory.away import database_is_away, lacks_room, was_stopped

RETRY_AFTER = 10  # seconds


class Unavailable(NamedTuple):
    code: str
    detail: str


AWAY = Unavailable(
    "database_away",
    "La base de données ne répond pas. Rien n’a été enregistré à moitié : réessayez dans quelques instants.",
)
FULL = Unavailable(
    "disk_full",
    "Le serveur n’a plus de place pour enregistrer, ou ne peut plus écrire sur son disque. Rien n’a été enregistré à "
    "moitié : prévenez son administrateur, puis réessayez.",
)
TOO_LONG = Unavailable(
    "too_long",
    "Cette demande porte sur trop de lignes pour être calculée à temps, et elle a été arrêtée. Rien n’a été "
    "enregistré à moitié : précisez-la, par une structure ou un filtre, ou réessayez à une heure plus calme.",
)


def outage_behind(error: BaseException | None) -> Unavailable | None:
    if was_stopped(error):
        return TOO_LONG
    if lacks_room(error):
        return FULL
    return AWAY if database_is_away(error) else None
