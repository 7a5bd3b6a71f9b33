"""Whom an establishment's identity manager told us of: its own name of them, and who they are here."""

import uuid

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from mailboxes.models.people import Affiliation
from mailboxes.models.structures import Structure
from mailboxes.software.models import Software


class ScimUserQuerySet(models.QuerySet):
    def of(self, software: Software):
        """What one key is shown: what the same software told."""
        return self.filter(software=software)


class ScimUser(models.Model):
    """A User of RFC 7643. What the directory says of the name is kept here: the register's own is corrected by a
    gestionnaire alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    software = models.ForeignKey(Software, models.CASCADE, related_name="scim_users", verbose_name="logiciel")
    stay = models.ForeignKey(Affiliation, models.CASCADE, related_name="scim_users", verbose_name="rattachement")
    user_name = models.CharField("userName", max_length=254)
    external_id = models.CharField("externalId", max_length=254, blank=True)
    family_name = models.CharField("nom", max_length=100)
    given_name = models.CharField("prénom", max_length=100)
    email = models.EmailField("courriel", blank=True)
    title = models.CharField("profession", max_length=100, blank=True)
    department = models.CharField("service", max_length=100, blank=True)
    active = models.BooleanField("actif", default=True)
    created_at = models.DateTimeField("créé le", default=timezone.now)
    changed_at = models.DateTimeField("changé le", default=timezone.now)

    objects = ScimUserQuerySet.as_manager()

    class Meta:
        verbose_name = "personne de l’annuaire de l’établissement"
        verbose_name_plural = "personnes de l’annuaire de l’établissement"
        ordering = ["created_at", "pk"]
        constraints = [
            # RFC 7643, 4.1.1: userName is case-insensitive.
            models.UniqueConstraint("software", Lower("user_name"), name="scim_user_name_once"),
            models.UniqueConstraint(fields=["software", "stay"], name="scim_stay_once"),
        ]
        indexes = [models.Index(fields=["software", "external_id"], name="scim_external_id")]

    def __str__(self):
        return self.user_name

    @property
    def structure(self) -> Structure:
        return self.stay.structure
