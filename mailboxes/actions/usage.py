"""What we learn of a BAL's use, and the warnings that follow from it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.actions.moves import write_moves
from mailboxes.lifecycle import BY_VERB, Act, Party, Verb
from mailboxes.models import SYSTEM, Bal, Reading

LEARNT = ["last_used_at", "last_used_source", "clock_at", "used_mb", "quota_mb", "percent_full"]


@transaction.atomic
def record_usage(
    bal: Bal,
    *,
    at: datetime,
    source: str,
    by,
    last_used_at: datetime | None = None,
    used_mb: int | None = None,
    quota_mb: int | None = None,
) -> Reading:
    """Keep a reading; the same one twice is one. A use newer than the way out's beginning stops it."""
    bal = locked(bal)
    rules.check_reading(bal, at, last_used_at, by=by)
    reading, is_new = Reading.objects.get_or_create(
        bal=bal,
        at=at,
        source=source,
        defaults={"last_used_at": last_used_at, "used_mb": used_mb, "quota_mb": quota_mb},
    )
    if is_new:
        _learn(bal, reading)
    if is_new and last_used_at:
        _follow(bal, reading, last_used_at)
    return reading


def _follow(bal: Bal, reading: Reading, last_used_at: datetime) -> None:
    """What a use does to a BAL on its way out."""
    note = f"Utilisée le {timezone.localtime(last_used_at):%d/%m/%Y}, selon : {reading.get_source_display()}."
    now = timezone.now()
    if rules.is_new_activity(bal, last_used_at, now):
        write_moves([bal], Verb.WAKE, by=SYSTEM, note=note)
    elif rules.is_use_while_leaving(bal, last_used_at, now) and not _is_noted(bal):
        parties = frozenset({Party.HOLDERS, Party.GESTIONNAIRES})
        write(bal, Act.NOTE_USE, by=SYSTEM, parties=parties, cycle=bal.state_since.isoformat(), note=note)


def _is_noted(bal: Bal) -> bool:
    """Once per step of the way out: he who saves his messages may log in for weeks."""
    return bal.journal.filter(what=Act.NOTE_USE, at__gte=bal.state_since).exists()  # type: ignore[attr-defined]


@transaction.atomic
def declare_use(bal: Bal, *, by) -> Reading:
    """A holder's own answer, "je m'en sers": it dates the last use, and stops the way out if there is one."""
    bal = locked(bal)
    rules.check_act(bal, Act.DECLARE_USE, by=by)
    now = timezone.now()
    reading = Reading.objects.create(bal=bal, at=now, source=Reading.Source.ANSWER, last_used_at=now)
    _learn(bal, reading)
    if bal.state in BY_VERB[Verb.OPPOSE].before:
        rules.check_move(bal, Verb.OPPOSE, by=by)
        write_moves([bal], Verb.OPPOSE, by=by, note="")
    else:
        write(bal, Act.DECLARE_USE, by=by)
    return reading


def _learn(bal: Bal, reading: Reading) -> None:
    """Bring the BAL's own columns level with a reading; an older reading changes only what it alone knows."""
    used = reading.last_used_at
    if used and (bal.last_used_at is None or used > bal.last_used_at):
        bal.last_used_at, bal.last_used_source = used, reading.source
        bal.clock_at = max(used, bal.clock_at or used)
    later = bal.readings.filter(at__gt=reading.at)
    if reading.used_mb is not None and not later.exclude(used_mb=None).exists():
        bal.used_mb = reading.used_mb
    if reading.quota_mb is not None and not later.exclude(quota_mb=None).exists():
        bal.quota_mb = reading.quota_mb
    bal.measure()
    bal.save(update_fields=LEARNT)


@transaction.atomic
def update_quota_warning(bal: Bal, *, by) -> int:
    """Warn once per threshold crossed; clear only well below it, so that a BAL at the edge does not warn every day.

    Returns the threshold now warned of, in percent (0: none).
    """
    bal = locked(bal)
    rules.check_act(bal, Act.WARN_QUOTA, by=by)
    level, before = rules.quota_level(bal.percent_full), bal.quota_warned
    if level > before:
        bal.quota_warned = level
        stage, cycle = f"{Act.WARN_QUOTA}-{level}", f"cycle-{bal.quota_cycle}"
        told: dict = {"parties": frozenset({Party.HOLDERS}), "stage": stage, "cycle": cycle}
    elif level < before and (bal.percent_full or 0) < before - settings.QUOTA_HYSTERESIS:
        bal.quota_warned, bal.quota_cycle = level, bal.quota_cycle + 1
        told = {}
    else:
        return before
    bal.save(update_fields=["quota_warned", "quota_cycle"])
    write(bal, Act.WARN_QUOTA, by=by, before=f"{before} %", after=f"{bal.percent_full} %", **told)
    return bal.quota_warned
