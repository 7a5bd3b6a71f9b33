"""Readings pushed by software, thousands at once: each is judged by itself, all are written together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery, TextChoices

from directory.readers.dates import is_never
from mailboxes import rules
from mailboxes.actions.usage import LEARNT, follow_uses, foresee, teach, tells_space
from mailboxes.lifecycle import Verb
from mailboxes.models import Alias, Bal, JournalEntry, Reading, bulk

FACTS = ("last_used_at", "used_mb", "quota_mb")


class Pushed(NamedTuple):
    """What a software says of the BAL at this address, as of that moment. Address, moment and source make its natural
    key."""

    address: str
    at: datetime
    last_used_at: datetime | None = None
    used_mb: int | None = None
    quota_mb: int | None = None
    says_never: bool = False  # that it was never used, which dates no use

    def facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FACTS}


class Result(TextChoices):
    ACCEPTED = "accepted", "enregistré"
    CORRECTED = "corrected", "corrigé"
    REJECTED = "rejected", "refusé"


@dataclass
class ReadingVerdict:
    result: Result
    code: str
    detail: str
    refused: rules.Refused | None = None
    reading: Reading | None = None


@dataclass
class Correction:
    reading: Reading
    before: dict[str, Any]


class _Batch:
    def __init__(self, pushed: Sequence[Pushed], source: str, *, by):
        self.source, self.by = source, by
        addresses = {one.address for one in pushed}
        aliases = dict(Alias.objects.visible_to(by).kept().filter(address__in=addresses).values_list("address", "bal"))
        told = Q(address__in=addresses) | Q(pk__in=aliases.values())
        seen = Bal.objects.visible_to(by).filter(told)
        # In one order: two pushes about the same BAL wait for each other.
        locked = Bal.objects.locked().with_holders().filter(pk__in=[*seen.values_list("pk", flat=True)]).order_by("pk")
        self.bals = {bal.address: bal for bal in locked}
        by_pk = {bal.pk: bal for bal in self.bals.values()}
        self.bals |= {address: by_pk[pk] for address, pk in aliases.items() if pk in by_pk}
        known = Reading.objects.filter(bal__in=[*by_pk], at__in={one.at for one in pushed}, source=source)
        self.known = {(reading.bal_id, reading.at): reading for reading in known}
        self.said: dict[tuple[int, datetime], Pushed] = {}
        self.fresh: list[Reading] = []
        self.corrections: list[Correction] = []

    def judge(self, one: Pushed) -> ReadingVerdict:
        try:
            return self._judge(one)
        except rules.Refused as refused:
            return ReadingVerdict(Result.REJECTED, str(refused.code), refused.messages[0], refused)

    def _judge(self, one: Pushed) -> ReadingVerdict:
        if one.last_used_at and is_never(one.last_used_at):
            one = one._replace(last_used_at=None, says_never=True)
        bal = self.bals.get(one.address)
        rules.check_pushed(bal, one.facts().values(), one.address, says_never=one.says_never)
        assert bal  # noqa: S101 - the rule has seen to it
        rules.check_reading(bal, one.at, one.last_used_at, by=self.by)
        rules.check_reading_sizes(one.used_mb, one.quota_mb)
        key = (bal.pk, one.at)
        rules.check_said_once(self.said.setdefault(key, one) == one)
        known = self.known.get(key)
        if known is None:
            reading = self.known[key] = Reading(bal=bal, at=one.at, source=self.source, **one.facts())
            self.fresh.append(reading)
            return ReadingVerdict(Result.ACCEPTED, "new", "Enregistré.", reading=reading)
        before = {name: getattr(known, name) for name in FACTS}
        if before == one.facts():
            return ReadingVerdict(Result.ACCEPTED, "known", "Déjà connu : rien ne change.", reading=known)
        known.bal = bal
        for name, value in one.facts().items():
            setattr(known, name, value)
        self.corrections.append(Correction(known, before))
        return ReadingVerdict(
            Result.CORRECTED, "corrected", "Remplace ce qui était connu de cette date.", reading=known
        )

    def write(self) -> None:
        """Save all that was judged, in as many statements for one reading as for thousands."""
        corrected = [correction.reading for correction in self.corrections]
        bulk.update(corrected, FACTS)
        _unlearn(self.corrections)
        retold = {one.reading.bal.pk for one in self.corrections}
        changed = sorted([*corrected, *self.fresh], key=lambda reading: reading.at)  # of a BAL's own, the latest tells
        teach(changed)
        bulk.insert(self.fresh)
        bals = {reading.bal.pk: reading.bal for reading in changed}
        foresee([bals[pk] for pk in {r.bal.pk for r in changed if tells_space(r)} | retold])
        bulk.update([*bals.values()], LEARNT)
        follow_uses(_latest_uses(changed))


@transaction.atomic
def record_readings(pushed: Sequence[Pushed], *, source: str, by) -> list[ReadingVerdict]:
    """Keep the readings that the rules allow; a verdict for each, in the order given.

    The same push twice changes nothing; another value for the same moment corrects it. What followed from a wrong use
    (an alert that it stopped) is not undone.
    """
    batch = _Batch(pushed, source, by=by)
    verdicts = [batch.judge(one) for one in pushed]
    batch.write()
    return verdicts


def _latest_uses(readings: Iterable[Reading]) -> list[Reading]:
    latest: dict[int, Reading] = {}
    for reading in readings:
        used, known = reading.last_used_at, latest.get(reading.bal.pk)
        if used and (known is None or (known.last_used_at and used > known.last_used_at)):
            latest[reading.bal.pk] = reading
    return list(latest.values())


def _unlearn(corrections: list[Correction]) -> None:
    """Take back from each BAL, unsaved, what a reading told it that is now told otherwise."""
    readings = Reading.objects.filter(bal=OuterRef("pk"))
    by_use = readings.exclude(last_used_at=None).order_by("-last_used_at", "pk")
    opposed = JournalEntry.objects.filter(bal=OuterRef("pk"), what=Verb.OPPOSE).order_by().values("bal")
    bals = Bal.objects.filter(pk__in={correction.reading.bal.pk for correction in corrections})
    now = bals.annotate(
        used_on=Subquery(by_use.values("last_used_at")[:1]),
        used_by=Subquery(by_use.values("source")[:1]),
        opposed_at=Subquery(opposed.annotate(at_last=Max("at")).values("at_last")),
        space=Subquery(readings.exclude(used_mb=None).order_by("-at", "pk").values("used_mb")[:1]),
        granted=Subquery(readings.exclude(quota_mb=None).order_by("-at", "pk").values("quota_mb")[:1]),
        space_at=Max("readings__at", filter=~Q(readings__used_mb=None)),
        granted_at=Max("readings__at", filter=~Q(readings__quota_mb=None)),
        seen_at=Subquery(readings.seeing_use().order_by("-at").values("at")[:1]),
    ).in_bulk()
    for reading, before in ((correction.reading, correction.before) for correction in corrections):
        bal, known = reading.bal, now[reading.bal.pk]
        bal.read_at = known.seen_at
        used = before["last_used_at"]
        if used and bal.last_used_at == used != reading.last_used_at:
            bal.last_used_at, bal.last_used_source = known.used_on, known.used_by or ""
            if bal.clock_at == used:
                bal.clock_at = max(filter(None, [known.used_on, known.opposed_at]), default=None)
        if before["used_mb"] is not None and (known.space_at is None or known.space_at <= reading.at):
            bal.used_mb = known.space
        if before["quota_mb"] is not None and known.granted_at is not None and known.granted_at <= reading.at:
            bal.quota_mb = known.granted
        bal.measure()
