"""What is kept of lists: how each account reads them, the views it saved, the acts that wait to be done in the
background."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from directory.clocks import heard_of
from directory.prepared import prepared
from mailboxes.models import Structure

SIZES = (25, 50, 100)  # rows a page
GRACE = timedelta(seconds=20)  # before a long act begins: time to think again
FORGOTTEN = timedelta(minutes=2)  # without a sign of life, an act is taken up again
QUERY_LENGTH = 1000


class Taste(models.Model):
    """How one account reads one list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tastes")
    listing = models.CharField("liste", max_length=30)
    columns = models.JSONField("colonnes", null=True, blank=True)  # their names; None: as the list comes
    size = models.PositiveSmallIntegerField("lignes par page", default=SIZES[0])

    class Meta:
        verbose_name = "présentation d’une liste"
        constraints = [models.UniqueConstraint(fields=["user", "listing"], name="taste_once")]

    def __str__(self):
        return f"{self.listing}, {self.user}"


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and those shared with a structure that one sees."""
        return self.filter(Q(owner=user.pk) | Q(structure__in=Structure.objects.visible_to(user).values("pk")))


class SavedView(models.Model):
    """A list as somebody narrowed and sorted it, under a name. Whoever opens it sees what they may see."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    listing = models.CharField("liste", max_length=30)
    title = models.CharField("nom de la vue", max_length=60)
    query = models.CharField("filtres", max_length=QUERY_LENGTH, blank=True)
    structure = models.ForeignKey(
        Structure, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="partagée avec"
    )
    at = models.DateTimeField("enregistrée le", default=timezone.now)
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="pinned_views", blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = "vue"
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "listing", "title"],
                name="saved_view_once",
                violation_error_message="Vous avez déjà une vue de ce nom : choisissez-en un autre.",
            )
        ]

    def __str__(self):
        return self.title


@prepared
def views_of(user, listing):
    """The views of this list, as each of its pages offers them."""
    return SavedView.objects.visible_to(user).filter(listing=listing)


class BatchQuerySet(models.QuerySet):
    def forgotten(self, now: datetime):
        """Due, and nobody at work on them: the worker died, or the broker was away when they were asked."""
        waiting = Q(stage=Batch.Stage.WAITING, starts_at__lt=now - FORGOTTEN)
        return self.filter(waiting | Q(stage=Batch.Stage.RUNNING) & ~heard_of("seen_at", now, FORGOTTEN))


class Batch(models.Model):
    """One act on many rows. It is foreseen, then confirmed, then done a portion at a time; the rest may be stopped.

    `position` moves in the very transaction that does a portion: whoever dies, whoever runs twice, each row is done
    once.
    """

    class Stage(models.TextChoices):
        FORESEEN = "foreseen", "à confirmer"
        WAITING = "waiting", "commence dans un instant"
        RUNNING = "running", "en cours"
        DONE = "done", "terminé"
        STOPPED = "stopped", "arrêté"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="batches", verbose_name="par")
    at = models.DateTimeField("demandé le", default=timezone.now)
    kind = models.CharField("sorte", max_length=20)  # of `lists.bulk.KINDS`
    act = models.CharField("acte", max_length=40)
    facts = models.JSONField("précisions", default=dict, encoder=DjangoJSONEncoder)
    keys = models.JSONField("lignes", default=list)
    back = models.CharField("liste d’où il vient", max_length=QUERY_LENGTH + 200, blank=True)

    stage = models.CharField("étape", max_length=10, choices=Stage, default=Stage.FORESEEN)
    starts_at = models.DateTimeField("commence le", null=True, blank=True)
    seen_at = models.DateTimeField("dernier signe de vie", null=True, blank=True)
    position = models.PositiveIntegerField("lignes traitées", default=0)
    refused = models.JSONField("refus", default=dict)  # key -> [what it is called, why]

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = "acte en lot"
        verbose_name_plural = "actes en lot"
        indexes = [models.Index(fields=["stage", "starts_at"], name="batch_stage")]

    def __str__(self):
        return f"acte en lot n° {self.pk}"

    def get_absolute_url(self):
        return reverse("batch", args=[self.pk])

    @property
    def is_at_work(self) -> bool:
        return self.stage in (self.Stage.WAITING, self.Stage.RUNNING)

    @property
    def done(self) -> int:
        return self.position - len(self.refused)

    @property
    def done_keys(self) -> list:
        return [key for key in self.keys[: self.position] if str(key) not in self.refused]

    @property
    def percent(self) -> int:
        return round(100 * self.position / len(self.keys)) if self.keys else 100
