"""What every table of the copy has: where a row comes from, since when, until when."""

from django.db import models


class CopiedQuerySet(models.QuerySet):
    def current(self):
        """What the annuaire says today."""
        return self.filter(withdrawn_at=None)


def current_in_sql(row: str) -> str:
    """`current`, of the row so named in a query."""
    return f"{row}.withdrawn_at IS NULL"


class Copied(models.Model):
    """One line of a source. Never deleted: once out of its source it is *withdrawn*, with a date."""

    source = models.CharField("source", max_length=30)
    ordinal = models.PositiveIntegerField("rang", default=1)  # a key on several lines has several rows
    digest = models.CharField("empreinte", max_length=32)
    first_seen_at = models.DateTimeField("vue la première fois")
    changed_at = models.DateTimeField("modifiée le")
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)

    class Meta:
        abstract = True
