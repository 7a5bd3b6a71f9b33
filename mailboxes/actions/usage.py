"""What we learn of a BAL's use, and the warnings that follow from it."""

from collections import defaultdict
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from directory.dates import day_of
from mailboxes import rules
from mailboxes.actions.batches import Tally, in_batches, sift
from mailboxes.actions.journal import entry_of, locked, tell_on_commit, write
from mailboxes.actions.moves import write_moves
from mailboxes.actions.requests import open_request
from mailboxes.lifecycle import STOPPABLE, Act, Party, RequestKind, Verb
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Reading, Request, bulk
from mailboxes.models.thresholds import chosen
from mailboxes.notices.writing import gestionnaires_of, notice_to_person, notices_for

LEARNT = ["last_used_at", "last_used_source", "clock_at", "read_at", "used_mb", "quota_mb", "percent_full", "full_on"]
RECKONED = ("read_at", "full_on")  # worked out again from the readings that stand


def fresh_readings(readings: list[Reading]) -> list[Reading]:
    """The readings that are not known yet; the caller has locked their BAL."""
    old = [reading for reading in readings if reading.bal.pk]
    known = set(
        Reading.objects.filter(bulk.among("bal", (r.bal.pk for r in old)), at__in={r.at for r in old}).values_list(
            "bal_id", "at", "source"
        )
    )
    return [reading for reading in readings if (reading.bal.pk, reading.at, reading.source) not in known]


def teach(readings: list[Reading]) -> None:
    """Update each BAL from its reading, unsaved; an older reading only fills in what no later one told."""
    by_bal = (
        Reading.objects.filter(bulk.among("bal", (r.bal.pk for r in readings if r.bal.pk))).values("bal").order_by()
    )
    latest = {
        pk: (used_at, quota_at)
        for pk, used_at, quota_at in by_bal.annotate(
            used_at=Max("at", filter=~Q(used_mb=None)), quota_at=Max("at", filter=~Q(quota_mb=None))
        ).values_list("bal", "used_at", "quota_at")
    }
    for reading in readings:
        used_at, quota_at = latest.get(reading.bal.pk, (None, None))
        _learn(reading, used_at, quota_at)


def _learn(reading: Reading, used_at: datetime | None, quota_at: datetime | None) -> None:
    bal, used = reading.bal, reading.last_used_at
    if reading.sees_use:
        bal.read_at = max(reading.at, bal.read_at or reading.at)
    if used and (bal.last_used_at is None or used > bal.last_used_at):
        bal.last_used_at, bal.last_used_source = used, reading.source
        bal.clock_at = max(used, bal.clock_at or used)
    if reading.used_mb is not None and not (used_at and used_at > reading.at):
        bal.used_mb = reading.used_mb
    if reading.quota_mb is not None and not (quota_at and quota_at > reading.at):
        bal.quota_mb = reading.quota_mb
    bal.measure()


def write_readings(fresh: list[Reading]) -> dict[int, Verb | Act]:
    """Save readings whose BAL were updated, and that the caller will save; returns, by BAL, what is done of a use on
    the way out."""
    bulk.insert(fresh)
    foresee([reading.bal for reading in fresh if tells_space(reading)])
    return follow_uses(fresh)


def tells_space(reading: Reading) -> bool:
    return reading.used_mb is not None or reading.quota_mb is not None


def follow_uses(readings: list[Reading]) -> dict[int, Verb | Act]:
    """What each use made on the way out leads to, by BAL: it stops the way out, or is only noted. `readings` has one of
    each BAL at most."""
    now, awake = timezone.now(), defaultdict(list)
    followed: dict[int, Verb | Act] = {}
    for reading in readings:
        bal, used = reading.bal, reading.last_used_at
        if used and rules.is_new_activity(bal, used, now):
            awake[_used(reading, used)].append(bal)
            followed[bal.pk] = Verb.WAKE
        elif used and rules.is_use_while_leaving(bal, used, now) and not _is_noted(bal):
            _note_use(bal, _used(reading, used))
            followed[bal.pk] = Act.NOTE_USE
    for note, bals in awake.items():
        write_moves(bals, Verb.WAKE, by=SYSTEM, note=note)
    return followed


def _used(reading: Reading, used: datetime) -> str:
    return f"Utilisée le {day_of(used)}, selon : {reading.get_source_display()}."


def _note_use(bal: Bal, note: str) -> None:
    rules.check_act(bal, Act.NOTE_USE, by=SYSTEM)
    parties = frozenset({Party.HOLDERS, Party.GESTIONNAIRES})
    write(bal, Act.NOTE_USE, by=SYSTEM, parties=parties, cycle=bal.state_since.isoformat(), note=note)


def _is_noted(bal: Bal) -> bool:
    """True once per step of the way out: who saves their messages may log in for weeks."""
    return bal.journal.filter(what=Act.NOTE_USE, at__gte=bal.state_since).exists()


@transaction.atomic
def declare_use(bal: Bal, *, by) -> Reading:
    """Note a holder's own answer, "je m'en sers": it dates the last use, and stops the way out if there is one."""
    bal = locked(bal)
    rules.check_declare_use(bal, by=by)
    now = timezone.now()
    reading = Reading.objects.create(bal=bal, at=now, source=Reading.Source.ANSWER, last_used_at=now)
    teach([reading])
    bal.save(update_fields=LEARNT)
    if bal.state in STOPPABLE:
        rules.check_move(bal, Verb.OPPOSE, by=by)
        write_moves([bal], Verb.OPPOSE, by=by, note="")
    else:
        write(bal, Act.DECLARE_USE, by=by)
    return reading


def foresee(bals: list[Bal]) -> None:
    """Work out again the day on which each BAL will be full, in one query for all; the caller, who holds the rows,
    saves them."""
    points = Reading.objects.points_of(bals)
    for bal in bals:
        bal.foresee(points[bal.pk])


def reckon(bals: list[Bal]) -> None:
    """Work out again all that stands on every reading of these BAL, once some were taken back; unsaved."""
    seen = Reading.objects.seeing_use().filter(bulk.among("bal", (bal.pk for bal in bals)))
    last = dict(seen.order_by().values_list("bal").annotate(Max("at")))
    for bal in bals:
        bal.read_at = last.get(bal.pk)
    foresee(bals)


@transaction.atomic
def ask_more_space(bal: Bal, quota_mb: int, *, by, note: str = "") -> Request:
    """Ask the operator to grant `quota_mb`; the register keeps the space it knew until a list, a reading or a
    gestionnaire tells another."""
    bal = locked(bal)
    rules.check_more_space(bal, quota_mb)
    today = f" au lieu de {bal.quota_mb} Mo" if bal.quota_mb else ""
    filled = f" Elle est remplie à {bal.percent_full} %." if bal.percent_full is not None else ""
    detail = f"Merci d’accorder {quota_mb} Mo d’espace à cette BAL{today}.{filled}"
    return open_request(bal, RequestKind.CHANGE, by=by, detail=detail, note=note)


def update_quota_warnings(bals: QuerySet[Bal], *, by) -> Tally:
    """Warn once per threshold crossed; clear only well below it, so that a BAL at the edge does not warn every day."""
    return in_batches(bals, partial(_update_batch, by=by))


@transaction.atomic
def _update_batch(pks: list[int], *, by) -> Tally:
    bals = Bal.objects.locked().with_holders().filter(pk__in=pks).order_by("pk")
    ready, tally = sift(bals, lambda bal: rules.check_act(bal, Act.WARN_QUOTA, by=by))
    crossed = []
    for bal in ready:
        before, level = bal.quota_warned, rules.quota_level_after(bal.quota_warned, bal.percent_full)
        if level != before:
            bal.quota_warned, bal.quota_cycle = level, bal.quota_cycle + (level < before)
            crossed.append((bal, before))
    _write_warnings(crossed, by=by)
    tally.done = len(crossed)
    return tally


def _write_warnings(crossed: list[tuple[Bal, int]], *, by) -> None:
    """Save the columns, journal and notices of BAL already locked, each with the threshold last warned of."""
    entries = [
        entry_of(
            bal, Act.WARN_QUOTA, by=by, before=f"{before} %", after=f"{bal.percent_full} %", parties=_told(bal, before)
        )
        for bal, before in crossed
    ]
    Bal.objects.bulk_update([bal for bal, _ in crossed], ["quota_warned", "quota_cycle"])
    JournalEntry.objects.bulk_create(entries)
    accounts = gestionnaires_of([bal for bal, before in crossed if Party.GESTIONNAIRES in _told(bal, before)])
    notices = [
        notice
        for (bal, before), entry in zip(crossed, entries, strict=True)
        for notice in notices_for(
            entry,
            bal,
            stage=f"{Act.WARN_QUOTA}-{bal.quota_warned}",
            cycle=f"cycle-{bal.quota_cycle}",
            parties=_told(bal, before),
            accounts=accounts,
        )
    ]
    notices += [
        notice_to_person(
            entry,
            delegation.person,
            stage=f"{Act.WARN_QUOTA}-{bal.quota_warned}",
            cycle=f"cycle-{bal.quota_cycle}",
            party=Party.DELEGATAIRE,
        )
        for (bal, before), entry in zip(crossed, entries, strict=True)
        if _told(bal, before)
        for delegation in bal.current_delegations()
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    tell_on_commit(entries)


def _told(bal: Bal, before: int) -> frozenset[Party]:
    """Who hears of a threshold passed upwards: the holders; at the last one, or without holders, who manages the
    BAL."""
    if bal.quota_warned <= before:
        return frozenset()
    parties = {Party.HOLDERS} if bal.cotitulaires.all() else {Party.GESTIONNAIRES}
    if bal.quota_warned == chosen.QUOTA_THRESHOLDS[-1]:
        parties.add(Party.GESTIONNAIRES)
    return frozenset(parties)
