"""A misuse that somebody saw is written down, told to the holders, and closed once it is ended."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.lifecycle import Act, Party
from mailboxes.models import Anomaly, Bal


@transaction.atomic
def note_anomaly(bal: Bal, kind: str, *, by, note: str = "", noted_on: date | None = None) -> Anomaly:
    bal = locked(bal)
    noted_on = noted_on or timezone.localdate()
    rules.check_note_anomaly(bal, noted_on, by=by)
    anomaly = Anomaly(bal=bal, kind=kind, note=note, noted_on=noted_on, by_id=by.pk)
    rules.check_row(anomaly)
    anomaly.save()
    told = frozenset({Party.HOLDERS})
    write(bal, Act.NOTE_ANOMALY, by=by, after=anomaly.get_kind_display(), note=note, parties=told)
    return anomaly


@transaction.atomic
def resolve_anomaly(anomaly: Anomaly, *, by, note: str = "") -> Anomaly:
    bal = locked(anomaly.bal)
    anomaly = Anomaly.objects.get(pk=anomaly.pk)
    rules.check_resolve_anomaly(bal, anomaly, by=by)
    anomaly.resolved_at = timezone.now()
    anomaly.save(update_fields=["resolved_at"])
    write(bal, Act.RESOLVE_ANOMALY, by=by, before=anomaly.get_kind_display(), note=note)
    return anomaly
