"""What a structure says in its own words in its protocol of use; all the rest of it is drawn from the register."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from mailboxes.models.structures import Structure


class ProtocolText(models.Model):
    """One part of it; an empty one leaves the protocol with our words alone."""

    class Section(models.TextChoices):
        PURPOSE = "purpose", "À quoi sert la messagerie sécurisée"
        PEOPLE = "people", "Qui répond de quoi"
        ACCESS = "access", "Qui a accès, et comment"
        NAMES = "names", "Les adresses et leurs noms"
        IDLE = "idle", "Les BAL qui ne servent plus"
        SPACE = "space", "L’espace occupé"
        WAY_OUT = "way_out", "Retirer une BAL, dans l’ordre"
        MOVES = "moves", "Arrivées et départs"
        FORBIDDEN = "forbidden", "Ce qui n’est pas admis"
        TRACES = "traces", "Ce qui est gardé"
        CONTACTS = "contacts", "À qui s’adresser"

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="protocol_texts")
    section = models.CharField("partie", max_length=20, choices=Section)
    text = models.TextField("texte", blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "texte du protocole"
        verbose_name_plural = "textes du protocole"
        constraints = [models.UniqueConstraint(fields=["structure", "section"], name="protocol_text_once")]

    def __str__(self):
        return f"{self.structure} : {self.get_section_display()}"
