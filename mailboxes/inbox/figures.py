"""The one line of figures under the inbox, each with its course over three months."""

from datetime import timedelta
from typing import NamedTuple

from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from directory.typography import NARROW, NO_BREAK, grouped
from mailboxes.findings import kept_of_many
from mailboxes.indicators.costs import Costs
from mailboxes.indicators.sparkline import sparkline
from mailboxes.lifecycle import LIVE
from mailboxes.models import Bal, Measure, Structure, Use
from mailboxes.models.roles import seen_places

DAYS = 90


class LineFigure(NamedTuple):
    said: str
    label: str
    url: str
    points: str = ""  # of its sparkline
    course: str = ""  # the same in words


def figures_of(user, place: Structure | None) -> list[LineFigure]:
    structures = seen_places(user)
    if place:
        structures = structures.filter(pk__in=Structure.objects.under(place).values("pk"))
    bals = Bal.objects.filter(structure__in=structures.values("pk"))
    live = kept_of_many("live", structures, bals.live().count).found
    course = _courses(structures)
    query = f"?structure={place.pk}" if place else ""
    alive = [sum(day.get(("state", state), 0) for state in LIVE) for day in course]
    figures = [_figure(grouped(live), "BAL en vie", f"{reverse('bal-list')}{query}", alive)]
    bill = Costs(structures, timezone.now()).total
    if bill.total.count:
        known = bill.total.count - bill.unknown.count
        shares = [_known_share(day) for day in course]
        part = f"{round(100 * known / bill.total.count)}{NO_BREAK}%"
        figures.append(_figure(part, "usage connu", f"{reverse('bal-list')}?finding=usage-inconnu", shares))
    if bill.idle.count:
        amount = f"{grouped(int(bill.idle.amount))}{NARROW}€/an"
        figures.append(LineFigure(amount, f"pour {grouped(bill.idle.count)} BAL sans usage", reverse("costs")))
    return figures


def _figure(said: str, label: str, url: str, values: list[int]) -> LineFigure:
    changed = values[-1] - values[0] if len(values) > 1 else 0
    course = f"{changed:+d} en {DAYS} jours" if changed else ""
    return LineFigure(said, label, url, sparkline(values), course)


def _courses(structures) -> list[dict[tuple[str, str], int]]:
    """What was measured of states and use, day after day."""
    since = timezone.localdate() - timedelta(days=DAYS)
    rows = Measure.objects.filter(structure__in=structures.values("pk"), day__gte=since, name__in=("state", "activity"))
    days: dict = {}
    for day, name, key, count in rows.order_by("day").values_list("day", "name", "key").annotate(Sum("count")):
        days.setdefault(day, {})[name, key] = count
    return list(days.values())


def _known_share(day: dict[tuple[str, str], int]) -> int:
    every = sum(count for (name, _), count in day.items() if name == "activity")
    unknown = day.get(("activity", Use.UNKNOWN), 0)
    return round(100 * (every - unknown) / every) if every else 0
