"""What nobody can observe from here, and somebody saw: a use of a BAL that must not be, until it is ended."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mailboxes.models.bals import Bal
from mailboxes.models.structures import Structure


class AnomalyQuerySet(models.QuerySet):
    def open(self):
        return self.filter(resolved_at=None)

    def visible_to(self, user):
        if user.is_superuser:
            return self
        structures = Structure.objects.visible_to(user).values("pk")
        return self.filter(Q(bal__structure__in=structures) | Q(bal__in=Bal.objects.mine(user).values("pk")))


class Anomaly(models.Model):
    class Kind(models.TextChoices):
        PASSWORD = "password", "mot de passe partagé"
        LIST = "list", "liste de diffusion"
        FORWARD = "forward", "routage automatique vers des BAL nominatives"
        CONNECTION = "connection", "double connexion (logiciel métier et messagerie bureautique)"

    bal = models.ForeignKey(Bal, models.CASCADE, related_name="anomalies")
    kind = models.CharField("anomalie", max_length=10, choices=Kind)
    note = models.TextField("ce qui est constaté", blank=True)
    noted_on = models.DateField("constatée le", default=timezone.localdate)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    resolved_at = models.DateTimeField("close le", null=True, blank=True, editable=False)

    objects = AnomalyQuerySet.as_manager()

    class Meta:
        verbose_name = "anomalie"
        ordering = ["-noted_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["bal", "kind"],
                condition=Q(resolved_at=None),
                name="anomaly_once_at_a_time",
                violation_error_message="Cette anomalie est déjà signalée pour cette BAL.",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} ({self.bal})"
