"""The whole demonstration, in one transaction: who there is, what they did, and what the annuaire says of it."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from mailboxes.actions import step_each
from mailboxes.jobs import run
from mailboxes.lifecycle import OF_ACCESSES, Act
from mailboxes.management.demo import (
    attention,
    campaigns,
    filling,
    followup,
    imports,
    mail_servers,
    moves,
    openings,
    pilotage,
    practices,
    slips,
    software,
    usage,
)
from mailboxes.management.demo.annuaire import Annuaire
from mailboxes.management.demo.clock import Timeline, as_of, nothing_sent
from mailboxes.management.demo.foundation import START, Foundation
from mailboxes.management.demo.movements import Movements
from mailboxes.management.demo.people import Cast
from mailboxes.management.demo.places import Places, build, entrust
from mailboxes.management.demo.preferences import Preferences
from mailboxes.management.demo.region import Region
from mailboxes.management.demo.requests import Requests
from mailboxes.management.demo.situations import Situations
from mailboxes.management.demo.wayout import WayOut
from mailboxes.models import SYSTEM, Membership, Request

ACCOUNTS = {
    # user name: who this is
    "gisele": "gestionnaire de la Fondation et de ses établissements",
    "emilie": "gestionnaire de l’EHPAD Les Glycines seulement",
    "solange": "GRADeS : gestionnaire de 27 structures de la région, lecture seule sur d’autres",
    "direction": "lecture seule sur toute la Fondation",
    "admin": "administration du site",
    "alice": "cardiologue : sa BAL nominative, et cotitulaire principale de celle du service",
    "delphine": "secrétaire sans RPPS, délégataire de deux BAL",
    "nadia": "infirmière libérale : BAL de cabinet sans FINESS (cas n° 1)",
    "anselme": "médecin de groupe, délègue à la secrétaire (cas n° 2)",
    "mathilde": "médecin d’un centre de dépistage (cas n° 3)",
    "honore": "médecin inspecteur régional, quatre BAL au SGAMI (cas n° 4)",
}
NIGHTLY = [
    "apply_departures",
    "remind_movements",
    "end_delegations",
    "check_quotas",
    "alert_idle",
    "follow_alerts",
    "depublish_idle",
    "ask_unknown",
    "remind_operators",
    "follow_campaigns",
]


def make(lines: int, password: str, say: Callable[[str], None]) -> str:
    """Everything or nothing; the jobs of fourteen months say nothing of what they do. Returns the key of a software."""
    logging.disable(logging.INFO)
    try:
        with nothing_sent(), transaction.atomic():
            return _make(lines, password, say)
    finally:
        logging.disable(logging.NOTSET)


def _make(lines: int, password: str, say: Callable[[str], None]) -> str:
    time = Timeline(timezone.now())
    with as_of(time.moment(START + 1)):
        say("Personnes et structures…")
        hashed = make_password(password)
        cast, places = Cast(dict.fromkeys(ACCOUNTS, hashed)), build()
        gisele = _staff(cast, places)
        foundation, readings = Foundation(time, cast, places, gisele), usage.Readings(time)
        foundation.tell()
        foundation.end_delegations()
        practices.tell(time, cast, places)
        slips.tell(time, places, readings)
        movements = Movements(foundation)
        WayOut(foundation, readings, movements).tell()
        movements.tell()
        Requests(foundation, readings).tell()
        openings.tell(time, cast, places, foundation, gisele)
        followup.tell(foundation, readings)
        campaigns.tell(foundation, readings)
        filling.tell(foundation, readings)
        imports.tell(foundation)
        mail_servers.tell(foundation)
        moves.tell(foundation)
        region = Region(time, cast, places, readings)
        region.tell()
    attention.tell(foundation)
    pilotage.tell(foundation)
    readings.plan()
    Annuaire(foundation, lines, region.unpublished).plan()
    Situations(time).plan()
    Preferences(foundation).plan()
    for days_ago in range(START, 0, -7):
        for job in NIGHTLY:
            time.on(days_ago, run, job)
        time.on(days_ago, _operators_open_and_close)
    say("Quatorze mois d’histoire, et l’annuaire…")
    time.live()
    return software.let_in(places, by=gisele)


def _operators_open_and_close() -> None:
    """The accesses asked for in the weeks before, by their word; the latest still wait."""
    before = timezone.now() - timedelta(days=5)
    asked = Request.objects.awaited().filter(kind__in=OF_ACCESSES, created_at__lte=before)
    step_each(asked, Act.RECORD_DONE, by=SYSTEM)


def _staff(cast: Cast, places: Places):
    """The people who run the register without holding a BAL."""
    gisele = cast.account("gisele", "Gisèle", "Fournel", "gisele.fournel@example.org")
    emilie = cast.account("emilie", "Émilie", "Roux-Vidal", "emilie.roux@example.org")
    direction = cast.account("direction", "Dominique", "Sarrazin", "direction@example.org")
    cast.account("admin", "Ahmed", "Belkacem", "admin@example.org", is_staff=True, is_superuser=True)
    entrust(gisele, places.foundation)
    entrust(emilie, places.ehpad)
    entrust(direction, places.foundation, Membership.Role.READER)
    return gisele
