"""Who notes that a BAL is misused, and who says that it no longer is."""

from datetime import date

from django.utils import timezone

from mailboxes.lifecycle import Act
from mailboxes.models import Anomaly, Bal
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import Refused


def check_note_anomaly(bal: Bal, noted_on: date, *, by) -> None:
    check_act(bal, Act.NOTE_ANOMALY, by=by)
    if noted_on > timezone.localdate():
        raise Refused("Une anomalie se constate : sa date ne peut pas être à venir.", "future")


def check_resolve_anomaly(bal: Bal, anomaly: Anomaly, *, by) -> None:
    check_act(bal, Act.RESOLVE_ANOMALY, by=by)
    if anomaly.resolved_at:
        raise Refused("Cette anomalie est déjà close.", "resolved")
