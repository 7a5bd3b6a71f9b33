"""The space of a BAL: its course, the day it will be full, and what makes room."""

from datetime import timedelta

from django.utils import timezone

from mailboxes.findings import SOON
from mailboxes.forms import MoreSpaceForm
from mailboxes.lifecycle import RequestKind
from mailboxes.models import Bal, Reading
from mailboxes.models.fill import Fill
from mailboxes.models.forecast import WINDOW, Forecast, Unknown
from mailboxes.models.thresholds import chosen
from mailboxes.models.usage import points_among
from mailboxes.rules import allows, check_open_request
from mailboxes.views.acts import BalActionView

READINGS = 400


def space_facts(row: Bal, user) -> dict:
    readings = list(row.readings.order_by("-at", "-pk")[:READINGS])[::-1]
    are_all = len(readings) < READINGS
    told = row.forecast(points_among(readings) if are_all else Reading.objects.points_of([row])[row.pk])
    return {
        "readings": readings[::-1],
        **forecast_facts(told),
        "is_filling": is_filling(row),
        "can_ask_space": allows(check_open_request, row, RequestKind.CHANGE, by=user),
        "chart": usage_chart(row, readings, told),
    }


def forecast_facts(told: Forecast | Unknown) -> dict:
    if isinstance(told, Unknown):
        return {"forecast": None, "why_unknown": str(told), "is_far": told == Unknown.FAR}
    return {"forecast": told, "is_overdue": told.pace and told.likely < timezone.localdate()}


def is_filling(bal: Bal) -> bool:
    """Is it time to make room?"""
    if bal.is_over:
        return False
    limit = timezone.localdate() + timedelta(days=SOON)
    return bal.fill in (Fill.FILLING, Fill.FULL) or (bal.full_on is not None and bal.full_on <= limit)


def usage_chart(row: Bal, readings: list[Reading], told: Forecast | Unknown) -> dict | None:
    """The space used over time under the quota and its thresholds, the days of use, and what is forecast."""
    space = [[str(timezone.localdate(r.at)), r.used_mb] for r in readings if r.used_mb is not None]
    if isinstance(told, Forecast) and told.pace:  # from the readings that it rests on, lest they dwarf it
        space = [[day, used] for day, used in space if str(day) >= str(told.since - WINDOW)]
    uses = sorted({str(timezone.localdate(r.last_used_at)) for r in readings if r.last_used_at})
    if len(space) < 2:
        return None
    first = str(space[0][0])
    quota = row.quota_mb
    limits = [("Espace accordé", 100), *((f"Seuil {percent} %", percent) for percent in chosen.QUOTA_THRESHOLDS)]
    return {
        "type": "line",
        "unit": "Mo",
        "direct": True,
        "series": [
            {"label": "Espace occupé", "points": space},
            {"label": "Jours d’utilisation", "points": [[day, 0] for day in uses if day >= first], "dots": True},
            *(_forecast_series(told) if isinstance(told, Forecast) and told.pace else []),
        ],
        "thresholds": [{"label": label, "value": quota * percent / 100} for label, percent in limits] if quota else [],
    }


def _forecast_series(told: Forecast) -> list[dict]:
    """The series of the forecast: the likely course, and a band from the earliest to the latest, cut where it would
    dwarf the readings."""
    ahead = (told.likely - told.since).days
    end = 3 * ahead
    if told.latest:
        end = min(end, (told.latest - told.since).days)
    low = told.used_mb
    if told.latest:
        low += round((told.quota_mb - told.used_mb) * end / (told.latest - told.since).days)
    start, last = str(told.since), str(told.since + timedelta(days=end))
    band = [[start, told.used_mb, told.used_mb], [last, low, told.quota_mb]]
    if told.earliest < told.since + timedelta(days=end):
        at_earliest = told.used_mb + (low - told.used_mb) * (told.earliest - told.since).days / end
        band.insert(1, [str(told.earliest), round(at_earliest), told.quota_mb])
    return [
        {"label": "Prévision", "dashed": True, "points": [[start, told.used_mb], [str(told.likely), told.quota_mb]]},
        *([{"label": "Quatre chances sur cinq", "band": band}] if told.earliest != told.latest else []),
    ]


class MoreSpaceView(BalActionView):
    """The last remedy: only the operator grants space."""

    form_class = MoreSpaceForm
    label = "Demander de l’espace à l’opérateur"
    warning = (
        "C’est le dernier remède : la messagerie n’est pas un lieu d’archivage. Faites d’abord verser les informations "
        "dans le logiciel métier, vider la corbeille, supprimer les anciens messages et les pièces jointes lourdes."
    )
    done = "La demande est écrite à l’opérateur. Quand il aura répondu, notez sur la fiche l’espace accordé."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "bal": self.bal}

    def check(self, *, by):
        check_open_request(self.bal, RequestKind.CHANGE, by=by)
