"""A structure asks that a person, present elsewhere, be among its own too."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mailboxes.models.journal import JournalEntry
from mailboxes.models.people import Affiliation, Person
from mailboxes.models.structures import Structure
from mailboxes.models.thresholds import chosen

ASKED = Q(state="asked")  # nobody answered, and its time has not run out


class JoiningQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ASKED)

    def to_expire(self, now: datetime):
        return self.open().filter(expires_at__lte=now)

    def asked_by_structures_of(self, user):
        """The requests of the structures that `user` manages: those without an answer, and those answered of late."""
        managed = Structure.objects.managed_by(user).values("pk")
        recent = ASKED | Q(settled_at__gte=timezone.now() - chosen.JOINING_VALID)
        return self.filter(recent, structure__in=managed)

    def answerable_by(self, user):
        """The open requests about oneself, or about people present today in a structure that one manages."""
        managed = Structure.objects.managed_by(user).values("pk")
        there = Affiliation.objects.current().filter(structure__in=managed).values("person")
        return self.open().filter(Q(person__user_id=user.pk) | Q(person__in=there))


class Joining(models.Model):
    """Until it is accepted, the structure sees no more of the person than it typed."""

    class State(models.TextChoices):
        ASKED = "asked", "sans réponse"
        ACCEPTED = "accepted", "acceptée"
        REFUSED = "refused", "refusée"
        EXPIRED = "expired", "expirée"

    person = models.ForeignKey(Person, models.CASCADE, related_name="joinings")
    structure = models.ForeignKey(Structure, models.CASCADE, related_name="joinings")
    function = models.CharField("fonction", max_length=100, blank=True)
    arrived_on = models.DateField("arrivée", null=True, blank=True)
    with_file = models.BooleanField("avec un dossier d’arrivée", default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="demandé par")
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    state = models.CharField("état", max_length=10, choices=State, default=State.ASKED)
    settled_at = models.DateTimeField("répondu le", null=True, blank=True)
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="joining")

    objects = JoiningQuerySet.as_manager()

    class Meta:
        verbose_name = "demande de rattachement"
        verbose_name_plural = "demandes de rattachement"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "structure"],
                condition=ASKED,
                name="joining_once_at_a_time",
                violation_error_message="Ce rattachement est déjà demandé, et attend une réponse.",
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="joining_to_expire", condition=ASKED)]

    def __str__(self):
        return f"{self.person}, {self.structure}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.ASKED and timezone.now() < self.expires_at
