"""What *État du service* finds, mailed to the service's address: once when it comes, once when it is over.

A finding is told once two looks in a row found it: a restart is no trouble. While nobody can be mailed, what is to be
told waits.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from balmanager.operations import checks
from balmanager.operations.models import Trouble
from directory.plain import plain_text
from directory.typography import cut


class Missed(Exception):
    """Some of those who run the service could not be mailed."""


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
        missed = send(news)
        Trouble.objects.filter(pk__in=[trouble.pk for trouble in news.came]).update(told_at=timezone.now())
        Trouble.objects.filter(pk__in=[trouble.pk for trouble in news.over]).delete()
        if missed:  # the others have it, and are not told again: this run has failed, which the page shows
            raise Missed("; ".join(f"address {rank} of SERVICE_EMAIL: {error}" for rank, error in missed.items()))


def compare(outcomes: Sequence[checks.CheckOutcome]) -> News:
    """What is to be told: seen at the former look too, or told and seen no more. The rest is written down."""
    known = {trouble.name: trouble for trouble in Trouble.objects.all()}
    news = News([], [], [])
    for outcome in outcomes:
        for about, says in outcome.troubles.items():
            trouble = known.pop(name := f"{outcome.check.name} {about}".strip(), None)
            if trouble is None:
                Trouble.objects.create(name=name, label=outcome.check.label, says=cut(says, 500))
                continue
            trouble.says = cut(says, 500)
            trouble.save(update_fields=["says"])
            (news.lasting if trouble.told_at else news.came).append(trouble)
    for trouble in known.values():
        if not is_over(trouble, outcomes):
            continue
        if trouble.told_at:
            news.over.append(trouble)
        else:
            trouble.delete()
    return news


def is_over(trouble: Trouble, outcomes: Iterable[checks.CheckOutcome]) -> bool:
    """Of a trouble found no more: is it known to be over? A check that tells of itself alone, or was not asked, says
    nothing of the things it would look at."""
    check, _, about = trouble.name.partition(" ")
    found = next((outcome.troubles for outcome in outcomes if outcome.check.name == check), {"": ""})
    return not found or bool(about and "" not in found)


def send(news: News) -> dict[int, OSError]:
    """A mail apiece, for a server that takes some recipients of one mail says nothing of the others; who missed it, by
    their rank (logs and failures hold no address), and why. Raises where everybody did."""
    lasting = news.came + news.lasting
    subject = f"BAL Manager : {len(lasting)} à regarder" if lasting else "BAL Manager : tout est rentré dans l’ordre"
    body = plain_text("operations/alert.txt", {**news._asdict(), "site": settings.SITE_URL})
    missed: dict[int, OSError] = {}
    for rank, address in enumerate(settings.SERVICE_EMAIL, 1):
        try:
            send_mail(subject, body, None, [address])
        except OSError as error:
            missed[rank] = error
    if len(missed) == len(settings.SERVICE_EMAIL):
        raise missed[1]
    return missed
