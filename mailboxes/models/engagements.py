"""What a structure engaged itself to, in a financing programme or by itself: so many BAL by such a day."""

from datetime import date, timedelta

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mailboxes.models.structures import Structure


class EngagementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Engagements of the structures one sees."""
        if user.is_superuser:
            return self
        return self.of_structures(Structure.objects.visible_to(user).values("pk"))

    def of_structures(self, structures):
        return self.filter(structure__in=structures)

    def open(self):
        return self.filter(closed_at=None)

    def pressing(self, today: date):
        """Engagements whose day is near or past, and whose target is not reached."""
        soon = today + timedelta(days=max(settings.ENGAGEMENT_REMINDERS))
        return self.open().filter(due_on__lte=soon, reached_on=None)


class Engagement(models.Model):
    """So many BAL opened, published or used by a day; the figures are those of the indicators."""

    class Target(models.TextChoices):
        OPENED = "opened", "BAL ouvertes"
        PUBLISHED = "published", "BAL à l’annuaire public"
        USED = "used", "BAL utilisées"
        PERSONAL = "personal", "BAL nominatives"
        SHARED = "shared", "BAL organisationnelles ou de cabinet"

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="engagements")
    programme = models.CharField("programme", max_length=100)
    target = models.CharField("ce qui est compté", max_length=10, choices=Target)
    number = models.PositiveIntegerField("à atteindre", validators=[MinValueValidator(1)])
    due_on = models.DateField("échéance")
    note = models.TextField("précision", blank=True, max_length=500)
    reached_on = models.DateField("atteint le", null=True, blank=True, editable=False)
    reminded_for = models.PositiveSmallIntegerField("dernier rappel (jours avant)", null=True, editable=False)
    closed_at = models.DateTimeField("clos le", null=True, blank=True, editable=False)

    objects = EngagementQuerySet.as_manager()

    class Meta:
        verbose_name = "engagement"
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="engagement_of_something"),
            models.CheckConstraint(
                condition=Q(target__in=["opened", "published", "used", "personal", "shared"]),
                name="engagement_target_known",
            ),
        ]

    def __str__(self):
        counted = ONE[self.target] if self.number < 2 else self.get_target_display()
        return f"{self.programme} : {self.number} {counted}"

    @property
    def is_late(self) -> bool:
        return self.closed_at is None and self.reached_on is None and self.due_on < timezone.localdate()


# Of one BAL.
ONE: dict[str, str] = {
    Engagement.Target.OPENED: "BAL ouverte",
    Engagement.Target.PUBLISHED: "BAL à l’annuaire public",
    Engagement.Target.USED: "BAL utilisée",
    Engagement.Target.PERSONAL: "BAL nominative",
    Engagement.Target.SHARED: "BAL organisationnelle ou de cabinet",
}
