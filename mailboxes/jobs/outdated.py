"""What the settings keep no longer, and the purge deletes.

The journal is not among it: its decisions are a record, whose words the owner of the tables alone takes out
(`manage.py forget_records`).
"""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from mailboxes.lists.models import Batch
from mailboxes.models import AccessTrace, AutoReply, Call, Reading
from mailboxes.models.thresholds import chosen
from mailboxes.openings.models import OpeningDraft
from mailboxes.software.models import Delivery

OUTDATED: dict[str, Callable[[datetime], QuerySet]] = {
    "journal de l’administration": lambda now: LogEntry.objects.filter(action_time__lt=now - settings.ADMIN_LOG_KEPT),
    "traces d’accès": lambda now: AccessTrace.objects.filter(at__lt=AccessTrace.kept_since(now)),
    "brouillons": lambda now: OpeningDraft.objects.filter(changed_at__lt=now - chosen.DRAFTS_KEPT),
    "réponses automatiques terminées": lambda now: AutoReply.objects.filter(
        ended_at__lt=now - chosen.ACCESS_TRACES_KEPT
    ),
    "relevés": lambda now: Reading.objects.filter(at__lt=Reading.kept_since(now)),
    "appels de l’API": lambda now: Call.objects.filter(at__lt=now - settings.CALLS_KEPT),
    "livraisons": lambda now: Delivery.objects.outdated(now),
    "actes en lot": lambda now: Batch.objects.filter(at__lt=now - chosen.IMPORTS_KEPT),
    "sessions": lambda now: Session.objects.filter(expire_date__lt=now),
}
