"""Who may decide of a thing to do, and what may be decided."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from directory.typography import of
from mailboxes.inbox.subjects import Key, Subject
from mailboxes.lifecycle import Act
from mailboxes.models import Structure
from mailboxes.models.roles import roles_at
from mailboxes.rules import NotAllowed, Refused
from mailboxes.rules.roles import allowed

LONGEST_PAUSE = timedelta(days=365)


def check_follow(subject: Subject, keys: Sequence[Key], columns: dict, *, by) -> None:
    """`keys`: all those decided of; `columns`: what is decided."""
    if not keys:
        raise Refused(subject.none_chosen, "none")
    structures = subject.structures(keys)
    outside = [pk for pk in structures if not allowed(Act.FOLLOW) & roles_at(pk, by)]
    if outside:
        name = Structure.objects.filter(pk__in=outside).order_by("name").first()
        raise NotAllowed(f"Seul un gestionnaire {of(name)} peut en décider. Demandez-le-lui.", "role")
    until, today = columns.get("paused_until"), timezone.localdate()
    if until and not today < until <= today + LONGEST_PAUSE:
        raise Refused("Choisissez un jour à venir, d’ici un an au plus.", "until")
    assignee = columns.get("assignee")
    if assignee and not _sees_all(assignee, structures):
        raise Refused("Cette personne ne suit pas toutes ces structures : choisissez quelqu’un qui les suit.", "who")


def check_something_new(count: int) -> None:
    """Two windows, or a page sent again, write no second line in the journal."""
    if not count:
        raise Refused("C’est déjà décidé ainsi : rien ne change.", "same")


def _sees_all(account, structures: set[int]) -> bool:
    return Structure.objects.visible_to(account).filter(pk__in=structures).count() == len(structures)
