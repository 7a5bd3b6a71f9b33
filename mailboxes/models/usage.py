"""How much a BAL is used, reading after reading."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from directory.dates import day_of
from mailboxes.models.bulk import among
from mailboxes.models.forecast import WINDOW, Point
from mailboxes.models.thresholds import chosen

RECENT = WINDOW + timedelta(days=180)  # a forecast starts from a last reading no older than the difference


SEES_USE = Q(last_used_at__isnull=False) & ~Q(source="answer")


class ReadingQuerySet(models.QuerySet):
    def seeing_use(self):
        """The readings whose source looks at the log-ins; a holder's own word is of that moment alone."""
        return self.filter(SEES_USE)

    def points_of(self, bals: Iterable) -> dict[int, list[Point]]:
        """The space used day by day, to forecast from: for each BAL, by its primary key. One query for all."""
        points: dict[int, list[Point]] = defaultdict(list)
        zone = timezone.get_current_timezone()  # asked for each reading, it would cost as much as all the rest
        told = self.filter(
            among("bal", (bal.pk for bal in bals)), used_mb__isnull=False, at__gte=timezone.now() - RECENT
        ).order_by("at", "pk")
        for bal, at, used_mb in told.values_list("bal", "at", "used_mb"):
            points[bal].append((at.astimezone(zone).date(), used_mb))
        return points


def points_among(readings: Iterable["Reading"]) -> list[Point]:
    """`points_of` for one BAL whose readings are in memory, the oldest first."""
    since = timezone.now() - RECENT
    told = [(reading.at, reading.used_mb) for reading in readings if reading.at >= since]
    return [(timezone.localdate(at), used_mb) for at, used_mb in told if used_mb is not None]


class Reading(models.Model):
    """What an operator, a push or a person told us of a BAL's use at one moment."""

    class Source(models.TextChoices):
        IMPORT = "import", "import de l’opérateur"
        PUSH = "push", "logiciel de l’établissement"
        IMAP = "imap", "relevé IMAP"
        ANSWER = "answer", "déclaration du titulaire"

    bal = models.ForeignKey("mailboxes.Bal", models.CASCADE, related_name="readings")
    at = models.DateTimeField("relevé le")
    source = models.CharField("source", max_length=20, choices=Source)
    last_used_at = models.DateTimeField("dernière authentification", null=True, blank=True)
    used_mb = models.PositiveIntegerField("espace occupé (Mo)", null=True, blank=True)
    quota_mb = models.PositiveIntegerField("espace accordé (Mo)", null=True, blank=True)

    objects = ReadingQuerySet.as_manager()
    # Not by its number alone, which is unique in a month where the table is laid out by month.
    KNOWN_BY: ClassVar = ["bal", "at", "source"]

    class Meta:
        verbose_name = "relevé"
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["bal", "at", "source"], name="reading_once")]

    def __str__(self):
        return f"{self.bal}, {day_of(self.at)}"

    @staticmethod
    def kept_since(now: datetime) -> datetime:
        """What is older goes: with the nightly purge, or with its whole month where the table is laid out by month."""
        return now - chosen.READINGS_KEPT

    @property
    def sees_use(self) -> bool:
        """`seeing_use`, in Python."""
        return self.last_used_at is not None and self.source != self.Source.ANSWER
