"""The Monday mail: to each gestionnaire, how many things are to be done, the most pressing first."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from directory.typography import cut, grouped, how_many
from mailboxes.findings import Counted
from mailboxes.inbox.models import Desk
from mailboxes.inbox.rows import Inbox
from mailboxes.lifecycle import Severity
from mailboxes.models import Membership, Structure
from mailboxes.notices.mails import Mail
from mailboxes.notices.wordings import Awaits

LINES = 6  # of findings; the inbox has them all
ORDER = list(Severity)


def monday_of(now: datetime) -> date:
    day = timezone.localdate(now)
    return day - timedelta(days=day.weekday())


def due(now: datetime) -> QuerySet[Desk]:
    """The desks of those who manage a structure and have not had this week's mail; each gestionnaire has a desk."""
    people = get_user_model().objects.filter(~Q(email=""), pk__in=Membership.objects.managing().values("user"))
    lacking = people.filter(desk=None).values_list("pk", flat=True)
    Desk.objects.bulk_create([Desk(user_id=pk) for pk in lacking], ignore_conflicts=True)
    return Desk.objects.due_for_digest(monday_of(now)).filter(user__in=people).select_related("user")


def send_digest(desk: Desk, *, by) -> None:
    """A digest sent once a week to each desk: it is marked first, and the mark is taken back where the mail server
    fails."""
    monday = monday_of(timezone.now())
    waiting = Desk.objects.due_for_digest(monday).filter(pk=desk.pk)
    if not waiting.update(digest_on=monday):
        return
    counted = _theirs(desk)
    if not counted:
        return
    try:
        digest_of(_name_of(desk.user), _followed_by(desk.user), counted).message(desk.user.email).send()
    except (OSError, ValueError):
        Desk.objects.filter(pk=desk.pk).update(digest_on=desk.digest_on)
        raise


def _theirs(desk: Desk) -> list[Counted]:
    """What is theirs to do, as their page counts it: what is paused or said done is no part of it."""
    rows = Inbox(desk.user, desk, timezone.now()).rows
    return [Counted(row.finding, row.own, row.day) for row in rows if row.own]


def digest_of(recipient: str, place: str, counted: list[Counted]) -> Mail:
    """`place`: what they manage; `counted`: what needs doing there, as the inbox counts it."""
    counted = sorted(counted, key=lambda row: ORDER.index(row.finding.severity))
    lines = [f"{row.finding.title} : {grouped(row.number)}" for row in counted[:LINES]]
    if left := counted[LINES:]:
        lines.append(f"et {how_many(len(left), 'autre point')}")
    return Mail(
        subject=f"[{place}] Boîtes MSSanté, cette semaine : {_said(counted)}",
        awaits=Awaits.NOTHING,
        says="Voici ce qui attend, le plus pressé d’abord.",
        button="Ouvrir « À traiter »",
        link=f"{settings.SITE_URL}{reverse('dashboard')}",
        until=None,
        recipient=recipient,
        contact=None,
        lines=tuple(lines),
        stop=f"{settings.SITE_URL}{reverse('digest')}",
    )


def _said(counted: list[Counted]) -> str:
    """« 2 urgents, 3 à faire »; what is only to be watched, where nothing else is."""
    urgent, todo, watched = (sum(row.number for row in counted if row.finding.severity == one) for one in ORDER)
    said = [how_many(urgent, "urgent")] if urgent else []
    said += [f"{grouped(todo)} à faire"] if todo else []
    return ", ".join(said) or f"{grouped(watched)} à surveiller"


def _name_of(user) -> str:
    return user.get_full_name() or user.get_username()


def _followed_by(user) -> str:
    """The structure at the head of those that the account manages."""
    managing = Membership.objects.managing().filter(user=user)
    heads_first = F("parent_id").asc(nulls_first=True)  # PostgreSQL would put them last
    first = Structure.objects.filter(pk__in=managing.values("structure")).order_by(heads_first, "pk").first()
    return cut(str(first), 60) if first else "BAL Manager"
