"""Who lets software in, for which structures and how long."""

import ipaddress
from collections.abc import Collection, Iterable
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils import timezone

from directory.dates import day_of
from directory.typography import quoted
from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may
from mailboxes.software.models import Software, Webhook

MAX_KEY_DAYS = 730  # two years: a key nobody renews belongs to a software nobody remembers


def check_software(act: Act, structures: Collection[Structure], *, by) -> None:
    if not structures:
        raise Refused("Choisissez au moins une structure : une clé n’ouvre rien d’autre.", "structures")
    for structure in structures:
        check_may(act, structure=structure, by=by)


def check_no_such_software(name: str, scopes: Collection[str], others: Iterable[Software]) -> None:
    """Two windows, or a press too many, make no second key: nothing would tell the two apart. `others`: of the same
    structures, which are held."""
    for other in others:
        if other.name.strip().casefold() == name.strip().casefold() and set(other.scopes) == set(scopes):
            raise Refused(
                f"{quoted(other)} a déjà une clé valable, avec ces droits : renouvelez-la, ou donnez un autre nom.",
                "twice",
            )


def check_key_days(days: int) -> None:
    if not 1 <= days <= MAX_KEY_DAYS:
        raise Refused(
            f"Une clé vaut de 1 à {MAX_KEY_DAYS} jours : donnez-en un nombre entre les deux, au lieu de {days}.", "days"
        )


def check_key_stands(key) -> None:
    if not key.is_valid:
        raise Refused("Cette clé est expirée ou révoquée : donnez-en une nouvelle au logiciel.", "key")


def check_key_not_renewed(key) -> None:
    """Two windows make no second successor: nobody would know which of the two the software was given."""
    younger = key.software.keys.valid(timezone.now()).filter(created_at__gt=key.created_at).first()
    if younger:
        raise Refused(
            f"Cette clé est déjà renouvelée, le {day_of(younger.created_at)}, par celle qui commence par "
            f"{younger.prefix}. Si celle-ci est perdue, renouvelez-la à son tour.",
            "twice",
        )


def check_webhook(act: Act, structure: Structure, *, by) -> None:
    check_may(act, structure=structure, by=by)


def check_no_such_webhook(webhook: Webhook, others: Iterable[Webhook]) -> None:
    """The same address told the same things would be told each of them twice. `others`: of the same structure, which
    is held."""
    for other in others:
        if other.pk != webhook.pk and other.url == webhook.url and set(other.events) == set(webhook.events):
            raise Refused("Cette adresse est déjà prévenue de ces changements, pour cette structure.", "twice")


def check_webhook_url(url: str) -> None:
    """What its text alone tells; where its name leads is judged each time it is called."""
    parts = urlsplit(url)
    if not _leads_somewhere(parts):
        raise Refused(
            "Cette adresse ne peut pas être appelée : vérifiez son port, et ôtez-en ce qui suit « # ».",
            "malformed",
        )
    if parts.username or parts.password:
        raise Refused("N’écrivez ni nom ni mot de passe dans l’adresse : la signature suffit.", "credentials")
    if parts.scheme != "https" and not settings.WEBHOOK_NETWORKS:
        raise Refused("L’adresse doit commencer par https:// : rien n’est livré en clair.", "scheme")
    try:
        ip = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return
    if not ip.is_global and not any(ip in network for network in settings.WEBHOOK_NETWORKS):
        raise Refused(
            f"{quoted(ip)} est une adresse intérieure, qui n’est pas appelée : donnez-en une d’internet.", "inside"
        )


def _leads_somewhere(parts: SplitResult) -> bool:
    """Is its port one that exists, and is all of it sent?"""
    try:
        return parts.port != 0 and not parts.fragment
    except ValueError:
        return False
