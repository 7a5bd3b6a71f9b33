"""How the register stood, day after day: the figures of each structure, kept as they were."""

from datetime import date, timedelta

from django.db import models
from django.db.models import Max, Sum

from mailboxes.models.structures import Structure

TOTAL = "total"
WASTED = "wasted"  # euros a year, paid for BAL without use
# Kept even when they are 0: they say that the structure was measured on that day, the second since it is kept.
KEPT_AT_NOUGHT = frozenset({TOTAL, WASTED})


class MeasureQuerySet(models.QuerySet):
    def latest_day(self) -> date | None:
        return self.filter(name=TOTAL).aggregate(day=Max("day"))["day"]

    def totals(self):
        """The figures of these structures together, by day, name and key."""
        return self.order_by().values("day", "name", "key").annotate(count=Sum("count"))

    def of(self, *names: str):
        return self.filter(name__in=names)

    def since(self, day: date, days: int):
        return self.filter(day__gt=day - timedelta(days=days))


class Measure(models.Model):
    """A figure of one structure on one day; what is 0 is not kept, but for `KEPT_AT_NOUGHT`."""

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="measures")
    day = models.DateField("jour")
    name = models.CharField("figure", max_length=20)
    key = models.CharField("détail", max_length=50, blank=True)
    count = models.PositiveIntegerField("nombre")

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = "mesure"
        constraints = [models.UniqueConstraint(fields=["structure", "day", "name", "key"], name="measure_once")]
        indexes = [models.Index(fields=["name", "day"], name="measure_by_name")]

    def __str__(self):
        return f"{self.structure}, {self.day} : {self.name} {self.key} {self.count}"
