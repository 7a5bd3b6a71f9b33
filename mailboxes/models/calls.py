"""Writes of the API that named themselves, so that one sent again is done once."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Call(models.Model):
    """A POST with an Idempotency-Key, and what was answered. Purged after `settings.CALLS_KEPT`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField("Idempotency-Key", max_length=100)
    request = models.CharField("empreinte de la demande", max_length=64)  # method, path and body
    status = models.PositiveSmallIntegerField("statut", default=0)
    answer = models.TextField("réponse", blank=True)
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "appel de l’API"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="call_once")]
        indexes = [models.Index(fields=["at"], name="call_at")]

    def __str__(self):
        return f"{self.user}, {self.key}"
