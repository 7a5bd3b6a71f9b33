"""The seals of the proof: what the journal and the notices said when they were sealed, each seal chained to the one
before."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from mailboxes.models.journal import JournalEntry, Notice

# A task is killed after an hour, so no transaction of ours lasts longer: what is older can no longer appear.
SETTLED = timedelta(hours=2)
START = ""  # what the first seal of a chain follows
OF_DELIVERY = ("channel", "address", "sent_at")  # of a notice, how it was given: changed when it is given again


class Seal(models.Model):
    """What a batch of lines said. Append-only, as they are: triggers in the database, and the rights of the role that
    serves.

    `lines` holds a short digest of each, so that the one that differs can be named; `digest` is of all of them and of
    the seal before.
    """

    class Chain(models.TextChoices):
        JOURNAL = "journal", "journal"
        NOTICES = "notices", "avis remis"

    chain = models.CharField("chaîne", max_length=10, choices=Chain)
    number = models.PositiveIntegerField("numéro")
    made_at = models.DateTimeField("posé le", default=timezone.now)
    last = models.BigIntegerField("dernière ligne", default=0)  # of the journal: all up to this one are sealed
    until = models.DateTimeField("jusqu’au", null=True)  # of the notices: all sent up to then are sealed
    fields = models.JSONField("colonnes")  # those of that day: a later version may have others
    lines = models.JSONField("empreintes des lignes")  # by primary key
    before = models.CharField("sceau précédent", max_length=64, blank=True)
    digest = models.CharField("empreinte", max_length=64)
    forgotten_at = models.DateTimeField("oublié le", null=True)  # the words of its lines were taken out: not compared

    class Meta:
        verbose_name = "sceau"
        verbose_name_plural = "sceaux"
        ordering = ["chain", "number"]
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="seal_once")]

    def __str__(self):
        return f"{self.get_chain_display()}, sceau {self.number}"

    def compute(self) -> str:
        """The seal's digest, by what it holds."""
        facts = [self.chain, self.number, self.last, _plain(self.until), self.fields, sorted(self.lines.items())]
        return hashlib.sha256(json.dumps([self.before, *facts]).encode()).hexdigest()


def latest(chain: str) -> Seal | None:
    return Seal.objects.filter(chain=chain).order_by("-number").defer("lines").first()


# --- What is still to be sealed ---------------------------------------------------------------------------------------
def unsealed_entries(now: datetime) -> QuerySet[JournalEntry]:
    """The lines since the last seal, up to the first that another may still slip under."""
    seal = latest(Seal.Chain.JOURNAL)
    rows = JournalEntry.objects.filter(pk__gt=seal.last if seal else 0)
    unsettled = rows.filter(at__gt=now - SETTLED).aggregate(first=Min("pk"))["first"]
    return (rows if unsettled is None else rows.filter(pk__lt=unsettled)).order_by("pk")


def unsealed_notices(now: datetime) -> QuerySet[Notice]:
    """The notices that mail servers took since the last seal. One given by hand is told by its line of the journal."""
    seal = latest(Seal.Chain.NOTICES)
    rows = Notice.objects.filter(channel__in=Notice.MAILED, sent_at__lte=now - SETTLED)
    return (rows.filter(sent_at__gt=seal.until) if seal else rows).order_by("sent_at", "pk")


# --- What a line says -------------------------------------------------------------------------------------------------
def facts_of(model: type[JournalEntry | Notice]) -> list[str]:
    """The columns that never change once written."""
    return sorted(field.attname for field in model._meta.concrete_fields if field.name not in model.DELIVERY)


def digests(rows: QuerySet, fields: list[str]) -> Iterator[tuple[str, str]]:
    """(primary key, digest) of each; of a notice two digests: what it said, and how it was given."""
    given = OF_DELIVERY if rows.model is Notice else ()
    for row in rows.values_list("pk", *fields, *given).iterator(chunk_size=2000):
        pk, said, how = row[0], row[1 : 1 + len(fields)], row[1 + len(fields) :]
        yield str(pk), ":".join(_short(part) for part in (said, how) if part)


def last_of(rows: QuerySet) -> dict[str, Any]:
    """How far a seal of these rows reaches."""
    if rows.model is Notice:
        return {"until": rows.aggregate(until=Max("sent_at"))["until"]}
    return {"last": rows.aggregate(last=Max("pk"))["last"]}


def _short(values: tuple) -> str:
    return hashlib.sha256(json.dumps([_plain(value) for value in values]).encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
