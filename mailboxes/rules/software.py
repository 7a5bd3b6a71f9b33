"""Who lets software in, for which structures and how long."""

from collections.abc import Collection

from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may

MAX_KEY_DAYS = 730  # two years: a key nobody renews belongs to a software nobody remembers


def check_software(act: Act, structures: Collection[Structure], *, by) -> None:
    if not structures:
        raise Refused("Choisissez au moins une structure : une clé n’ouvre rien d’autre.", "structures")
    for structure in structures:
        check_may(act, structure=structure, by=by)


def check_key_days(days: int) -> None:
    if not 1 <= days <= MAX_KEY_DAYS:
        raise Refused(f"Une clé vaut de 1 à {MAX_KEY_DAYS} jours.", "days")


def check_key_stands(key) -> None:
    if not key.is_valid:
        raise Refused("Cette clé est expirée ou révoquée : elle n’ouvre plus rien.", "key")
