"""What *État du service* finds, mailed to the service's address: once when it comes, once when it is over.

A finding is told once two looks in a row found it: a restart is no trouble. While nobody can be mailed, what is to be
told waits.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from balmanager.operations import checks
from balmanager.operations.models import Trouble
from directory.plain import plain_text
from directory.typography import cut


class News(NamedTuple):
    came: list[Trouble]
    lasting: list[Trouble]
    over: list[Trouble]


def tell() -> None:
    """Look, and mail what changed since the last mail."""
    if not settings.SERVICE_EMAIL:
        return
    news = compare(checks.look())
    if news.came or news.over:
        send(news)
        Trouble.objects.filter(pk__in=[trouble.pk for trouble in news.came]).update(told_at=timezone.now())
        Trouble.objects.filter(pk__in=[trouble.pk for trouble in news.over]).delete()


def compare(outcomes: Iterable[checks.CheckOutcome]) -> News:
    """What is to be told: seen at the former look too, or told and seen no more. The rest is written down."""
    known = {trouble.name: trouble for trouble in Trouble.objects.all()}
    news = News([], [], [])
    for outcome in outcomes:
        trouble = known.get(outcome.check.name)
        if outcome.is_well:
            if trouble and trouble.told_at:
                news.over.append(trouble)
            elif trouble:
                trouble.delete()
        elif trouble is None:
            facts = {"name": outcome.check.name, "label": outcome.check.label, "says": cut(outcome.says, 500)}
            Trouble.objects.create(**facts)
        else:
            trouble.says = cut(outcome.says, 500)
            trouble.save(update_fields=["says"])
            (news.lasting if trouble.told_at else news.came).append(trouble)
    return news


def send(news: News) -> None:
    lasting = news.came + news.lasting
    subject = f"BAL Manager : {len(lasting)} à regarder" if lasting else "BAL Manager : tout est rentré dans l’ordre"
    body = plain_text("operations/alert.txt", {**news._asdict(), "site": settings.SITE_URL})
    send_mail(subject, body, None, settings.SERVICE_EMAIL)
