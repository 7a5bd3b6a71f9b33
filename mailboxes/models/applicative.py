"""What is known of a BAL applicative besides: its software, its certificate, who answers for it, how it is reached."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q

from mailboxes.models.bals import Bal


class ApplicativeFactsQuerySet(models.QuerySet):
    def expiring(self, before: date):
        """The APP that live on with a certificate that ends by this day, or is over."""
        return self.filter(bal__in=Bal.objects.live().values("pk"), certificate_expires_on__lte=before)

    def to_warn(self, today: date, thresholds: Iterable[int]):
        """Come to a threshold, in days, that its gestionnaires have not heard of."""
        unheard = [
            Q(certificate_expires_on__lte=today + timedelta(days=limit))
            & (Q(certificate_warned=None) | Q(certificate_warned__gt=limit))
            for limit in thresholds
        ]
        return self.filter(reduce(or_, unheard), bal__in=Bal.objects.live().values("pk")).select_related("bal")


class ApplicativeFacts(models.Model):
    class Channel(models.TextChoices):
        SOFTWARE = "software", "logiciel métier (DPI, DUI)"
        OFFICE = "office", "messagerie bureautique (Office 365, Outlook…)"
        WEBMAIL = "webmail", "webmail de l’opérateur"

    bal = models.OneToOneField(Bal, models.CASCADE, related_name="applicative")
    software = models.CharField("logiciel", max_length=100)
    certificate_expires_on = models.DateField("fin du certificat", null=True, blank=True)
    answers = models.ForeignKey(
        Bal,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="answers_for",
        verbose_name="BAL organisationnelle qui répond",
        help_text="Où écrire en réponse : une BAL applicative n’est lue par personne.",
    )
    channel = models.CharField(
        "canal d’accès",
        max_length=10,
        choices=Channel,
        default=Channel.SOFTWARE,
        help_text="Un seul : une même BAL ne peut pas être connectée à la fois au logiciel métier et à Office 365.",
    )
    certificate_warned = models.PositiveSmallIntegerField("seuil averti (jours)", null=True, editable=False)

    objects = ApplicativeFactsQuerySet.as_manager()

    class Meta:
        verbose_name = "usage applicatif"
        verbose_name_plural = "usages applicatifs"
        indexes = [
            models.Index(
                fields=["certificate_expires_on"],
                name="applicative_certificate",
                condition=Q(certificate_expires_on__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.software} ({self.bal})"
