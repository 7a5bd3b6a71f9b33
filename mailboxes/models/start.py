"""What whoever sets the installation up chose to leave for later."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class PassedStep(models.Model):
    """A step of the first day that was passed; it may be taken all the same, and is then simply done."""

    name = models.SlugField("étape", unique=True)
    at = models.DateTimeField("passée le", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")

    class Meta:
        verbose_name = "étape passée"
        verbose_name_plural = "étapes passées"

    def __str__(self):
        return self.name
