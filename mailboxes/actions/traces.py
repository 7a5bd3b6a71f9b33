"""Who looked at what, and how long that is kept."""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from mailboxes.actions.moves import Tally
from mailboxes.models import AccessTrace, Call, Delivery, OpeningDraft, Reading

# What the retention settings no longer keep. The journal is not among it: its decisions are a record.
PURGEABLE = {
    "traces d’accès": lambda now: AccessTrace.objects.filter(at__lt=now - settings.ACCESS_TRACES_KEPT),
    "brouillons": lambda now: OpeningDraft.objects.filter(changed_at__lt=now - settings.DRAFTS_KEPT),
    "relevés": lambda now: Reading.objects.filter(at__lt=now - settings.READINGS_KEPT),
    "appels de l’API": lambda now: Call.objects.filter(at__lt=now - settings.CALLS_KEPT),
    "livraisons": lambda now: Delivery.objects.filter(created_at__lt=now - settings.DELIVERIES_KEPT),
    "sessions": lambda now: Session.objects.filter(expire_date__lt=now),
}


def trace(user, what: str, target: str = "") -> None:
    AccessTrace.objects.create(user=user, what=what, target=target[:300])


def delete(rows: QuerySet) -> Tally:
    return Tally(done=rows.delete()[0])
