"""What a structure wrote of an operator's offer: its own words and marks, never ours."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mailboxes.models.operators import Operator
from mailboxes.models.structures import Structure


class Criterion(models.TextChoices):
    """What a structure compares; prices and abilities stand beside, from the operator's own record."""

    PRICE = "price", "Prix, et ce qu’il comprend"
    PROTOCOLS = "protocols", "Protocoles et logiciels (IMAP, SMTP, webmail, DPI, DUI…)"
    ACCESS = "access", "Moyens d’accès (CPS, e-CPS, code à usage unique…)"
    SPACE = "space", "Espace et durée de conservation"
    SHARED = "shared", "BAL partagées, délégations"
    SUPPORT = "support", "Assistance et délais de réponse"
    DEPLOYMENT = "deployment", "Mise en place et formation"


class RatingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The ratings of the structures one sees."""
        if user.is_superuser:
            return self
        return self.filter(structure__in=Structure.objects.visible_to(user).values("pk"))


class Rating(models.Model):
    MOST = 5

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="ratings")
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="ratings", verbose_name="opérateur")
    criterion = models.CharField("critère", max_length=12, choices=Criterion)
    mark = models.PositiveSmallIntegerField(
        "note", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    words = models.CharField("ce que l’opérateur propose", max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    objects = RatingQuerySet.as_manager()

    class Meta:
        verbose_name = "avis sur une offre"
        verbose_name_plural = "avis sur les offres"
        constraints = [
            models.UniqueConstraint(fields=["structure", "operator", "criterion"], name="rating_once"),
            models.CheckConstraint(condition=Q(mark=None) | Q(mark__range=(1, 5)), name="rating_of_five"),
            models.CheckConstraint(condition=Q(mark__isnull=False) | ~Q(words=""), name="rating_says_something"),
        ]

    def __str__(self):
        return f"{self.operator}, {self.get_criterion_display()}"
