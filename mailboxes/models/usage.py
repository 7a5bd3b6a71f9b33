"""How much a BAL is used, reading after reading."""

from django.db import models


class Reading(models.Model):
    """What an operator, a push or a person told us of a BAL's use at one moment."""

    class Source(models.TextChoices):
        IMPORT = "import", "import de l’opérateur"
        PUSH = "push", "logiciel de l’établissement"
        IMAP = "imap", "relevé IMAP"
        ANSWER = "answer", "déclaration du titulaire"

    bal = models.ForeignKey("mailboxes.Bal", models.CASCADE, related_name="readings")
    at = models.DateTimeField("relevé le")
    source = models.CharField("source", max_length=20, choices=Source)
    last_used_at = models.DateTimeField("dernière authentification", null=True, blank=True)
    used_mb = models.PositiveIntegerField("espace occupé (Mo)", null=True, blank=True)
    quota_mb = models.PositiveIntegerField("espace accordé (Mo)", null=True, blank=True)

    class Meta:
        verbose_name = "relevé"
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["bal", "at", "source"], name="reading_once")]

    def __str__(self):
        return f"{self.bal}, {self.at:%d/%m/%Y}"
