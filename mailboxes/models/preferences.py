"""Which BAL a professional prefers, place by place, and where they want it, for each sort of message."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from directory.models import Entry
from mailboxes.lifecycle import STANDING
from mailboxes.models.people import Person
from mailboxes.models.requests import Request


class PreferenceQuerySet(models.QuerySet):
    def main(self):
        """The wishes for every message, the only ones of which the annuaire can show a trace (rank 1)."""
        return self.filter(purpose=Preference.Purpose.ANY)

    def observed(self):
        """The wishes that the annuaire shows: rank 1 for this person, at this place or without any."""
        return self.main().filter(Exists(ranked_there().filter(address=OuterRef("address"))))


def ranked_there():
    """What the annuaire ranks first for whom a Preference is, at its place or without any."""
    return Entry.objects.preferred().filter(person_id=OuterRef("person__rpps")).at_place(OuterRef("situation"))


class Preference(models.Model):
    """A holder's wish. What was asked of the operator is its request; what the annuaire shows is read there, not kept.

    By its address, whether or not the register holds that BAL: it may enter the register later, and nothing changes.
    """

    class Purpose(models.TextChoices):
        ANY = "", "tous les messages"
        LETTER = "letter", "lettres d’adressage et de liaison"
        PRESCRIPTION = "prescription", "ordonnances et demandes d’actes"
        RESULT = "result", "résultats de biologie et d’imagerie"
        PATIENT = "patient", "messages des patients"

    person = models.ForeignKey(Person, models.CASCADE, related_name="preferences")
    situation = models.CharField("situation d’exercice", max_length=254, blank=True)  # Activity.place_key
    place = models.CharField("lieu", max_length=254, blank=True)  # its name on the day of the choice
    purpose = models.CharField("pour", max_length=20, choices=Purpose, blank=True)
    address = models.CharField("adresse privilégiée", max_length=254)
    wished_at = models.DateTimeField("choisie le", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    request = models.ForeignKey(Request, models.SET_NULL, null=True, blank=True, related_name="preferences")

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        verbose_name = "BAL privilégiée"
        verbose_name_plural = "BAL privilégiées"
        ordering = ["place", "purpose", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "situation", "purpose"],
                name="preference_once",
                violation_error_message="Une seule BAL est privilégiée pour ces messages à ce lieu d’exercice.",
            )
        ]
        indexes = [models.Index(fields=["address"], name="preference_of_address")]

    def __str__(self):
        return f"{self.person} : {self.address}"

    @property
    def is_requested(self) -> bool:
        return self.request is not None and self.request.stage in STANDING
