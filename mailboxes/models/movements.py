"""The file of an arrival or of a departure, and what was done of it by hand."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from directory.typography import of
from mailboxes.models.people import Affiliation
from mailboxes.models.structures import Structure
from mailboxes.models.thresholds import chosen


class MovementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and those of the structures one sees."""
        if user.is_superuser:
            return self
        structures = Structure.objects.visible_to(user).values("pk")
        return self.filter(Q(stay__person__user_id=user.pk) | Q(stay__structure__in=structures))

    def open(self):
        return self.filter(closed_at=None)

    def departures(self):
        """The files, still open, of people who leave."""
        return self.open().filter(kind=Movement.Kind.DEPARTURE)

    def due_departures(self, today: date):
        """The planned day has come, and the file is still open."""
        return self.departures().filter(planned_on__lte=today)

    def late_departures(self, today: date):
        return self.departures().filter(planned_on__lt=today)

    def arrivals_to_prepare(self, today: date):
        """Soon, or since: a file that is complete is closed."""
        soon = today + chosen.ARRIVAL_PREPARED_BEFORE
        return self.open().filter(kind=Movement.Kind.ARRIVAL, planned_on__lte=soon)

    def to_remind(self, today: date):
        """The planned day has come, and nobody was reminded of it lately."""
        recently = today - chosen.MOVEMENT_REMIND_EVERY
        return self.open().filter(planned_on__lte=today).exclude(reminded_on__gt=recently)


class Movement(models.Model):
    class Kind(models.TextChoices):
        ARRIVAL = "arrival", "arrivée"
        DEPARTURE = "departure", "départ"

    stay = models.ForeignKey(Affiliation, models.PROTECT, related_name="movements", verbose_name="rattachement")
    kind = models.CharField("nature", max_length=10, choices=Kind)
    planned_on = models.DateField("prévu le")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="ouvert par"
    )
    opened_at = models.DateTimeField("ouvert le", default=timezone.now)
    reminded_on = models.DateField("rappelé le", null=True, blank=True)
    closed_at = models.DateTimeField("clos le", null=True, blank=True)
    is_cancelled = models.BooleanField("annulé", default=False)

    objects = MovementQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier d’arrivée ou de départ"
        verbose_name_plural = "dossiers d’arrivée et de départ"
        ordering = ["planned_on", "pk"]
        indexes = [models.Index(fields=["kind", "planned_on"], name="movement_due", condition=Q(closed_at=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["stay", "kind"],
                condition=Q(closed_at=None),
                name="movement_once_at_a_time",
                violation_error_message="Un dossier est déjà ouvert.",
            ),
            models.CheckConstraint(
                condition=Q(is_cancelled=False) | Q(closed_at__isnull=False), name="movement_cancelled_is_closed"
            ),
        ]

    def __str__(self):
        return f"{capfirst(self.get_kind_display())} {of(self.stay.person)}"

    def get_absolute_url(self):
        return reverse("movement", args=[self.pk])

    @property
    def is_late(self) -> bool:
        return self.closed_at is None and self.planned_on < timezone.localdate()

    @property
    def is_soon(self) -> bool:
        return (
            self.closed_at is None
            and not self.is_late
            and self.planned_on <= timezone.localdate() + chosen.ARRIVAL_PREPARED_BEFORE
        )


def leaves() -> Q:
    """The condition, on Affiliation, that its end is recorded, or the file of a departure open."""
    return Q(left_on__isnull=False) | Q(pk__in=Movement.objects.departures().values("stay"))


class Step(models.Model):
    """What became of one step of a file. Those that the register sees done have a row only once the file is closed."""

    class State(models.TextChoices):
        DONE = "done", "fait"
        NOT_APPLICABLE = "not_applicable", "sans objet"
        SEEN = "seen", "constaté"

    movement = models.ForeignKey(Movement, models.CASCADE, related_name="steps")
    name = models.CharField("étape", max_length=20)
    outcome = models.CharField("suite", max_length=15, choices=State)
    note = models.CharField("précision", max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par"
    )
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "étape"
        constraints = [
            models.UniqueConstraint(fields=["movement", "name"], name="step_once"),
            models.CheckConstraint(
                condition=~Q(outcome="not_applicable") | ~Q(note=""),
                name="step_set_aside_with_a_reason",
                violation_error_message="Dites pourquoi cette étape est sans objet.",
            ),
        ]

    def __str__(self):
        return f"{self.movement} : {self.name}"
