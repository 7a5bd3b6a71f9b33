"""What the direction follows: engagements of a programme, and the offers that were compared."""

from datetime import timedelta

from django.utils import timezone

from mailboxes.engagements.actions import close_engagement, follow_engagements, set_engagement
from mailboxes.management.demo.foundation import Foundation
from mailboxes.models import Engagement
from mailboxes.offers.actions import rate_operator

ENGAGED = [
    # programme, what is counted, how many, days to its day
    ("ESMS numérique", Engagement.Target.SHARED, 60, 24),
    ("ESMS numérique", Engagement.Target.USED, 400, 200),
    ("Objectif du projet d’établissement", Engagement.Target.PUBLISHED, 200, 90),
]
RATED = {
    "region": {
        "price": {"mark": 4, "words": "Compris dans l’adhésion au GRADeS, jusqu’à 200 BAL."},
        "support": {"mark": 3, "words": "Ligne téléphonique aux heures de bureau."},
        "access": {"words": "CPS, e-CPS, code à usage unique."},
    },
    "company": {
        "price": {"mark": 2, "words": "Par BAL et par an, remise au-delà de 100."},
        "protocols": {"mark": 5, "words": "IMAP et SMTP pour le DPI, webmail pour les services."},
    },
}


def tell(foundation: Foundation) -> None:
    time, gisele, places = foundation.time, foundation.gisele, foundation.places
    for programme, target, number, days in ENGAGED:
        facts = {"programme": programme, "target": target, "number": number}
        due_on = timezone.localdate(time.now) + timedelta(days=days)
        time.on(170, _engage, foundation, due_on, facts)
    time.on(150, _finish, foundation)
    for ago in (37, 3, 0.1):
        time.on(ago, _follow)
    for name, said in RATED.items():
        time.on(160, rate_operator, places.foundation, getattr(places, name), said, by=gisele)


def _engage(foundation: Foundation, due_on, facts: dict) -> None:
    set_engagement(Engagement(structure=foundation.places.foundation), by=foundation.gisele, due_on=due_on, **facts)


def _finish(foundation: Foundation) -> None:
    facts = {"programme": "Ségur, première vague", "target": Engagement.Target.OPENED, "number": 30}
    due_on = foundation.time.day(155)
    done = Engagement(structure=foundation.places.hospital)
    row = set_engagement(done, by=foundation.gisele, due_on=due_on, **facts)
    close_engagement(row, by=foundation.gisele, note="Tenu, pièces envoyées au financeur.")


def _follow() -> None:
    follow_engagements(Engagement.objects.all())
