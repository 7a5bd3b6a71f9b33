"""Where a person is told of things, and the changes of it that somebody else asked for."""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mailboxes.lifecycle import Act
from mailboxes.models.fields import validate_address
from mailboxes.models.journal import JournalEntry
from mailboxes.models.people import Person

# The stages of the notices of a change, at the former addresses and at the new ones.
FORMER, NEW = OF_CONTACTS = (f"{Act.ASK_CONTACT}-former", f"{Act.ASK_CONTACT}-new")


class Contact(NamedTuple):
    """How a person is told, and their addresses."""

    channel: str
    email: str
    mssante_address: str

    def __str__(self):
        addresses = ", ".join(filter(None, [self.email, self.mssante_address]))
        return f"{Person.Channel(self.channel).label} ({addresses or 'aucune adresse'})"

    @property
    def addresses(self) -> dict[str, str]:
        """Each address where a mail can go, with its channel."""
        found = {self.email: Person.Channel.EMAIL.value}
        if settings.MSSANTE_MAIL:
            found.setdefault(self.mssante_address, Person.Channel.MSSANTE.value)
        return {address: channel for address, channel in found.items() if address}


def contact_of(person: Person) -> Contact:
    return Contact(person.channel, person.email, person.mssante_address)


OPEN = ("asked", "confirmed")  # the states in which the person may still refuse
REFUSABLE = Q(state__in=OPEN)


class ContactChangeQuerySet(models.QuerySet):
    def open(self):
        """Changes that the person may still refuse."""
        return self.filter(REFUSABLE)

    def to_apply(self, now: datetime):
        return self.open().filter(due_at__lte=now)

    def taken(self):
        """Changes that gave the person the contact details they have, or had."""
        return self.filter(Q(state__in=(ContactChange.State.CONFIRMED, ContactChange.State.APPLIED)) | Q(is_first=True))


class ContactChange(models.Model):
    """New contact details that somebody else than the person gave.

    Until the person, or whoever reads the new address, confirms them, or the delay has passed, notices go where they
    went before; where there was nothing before (`is_first`), to the new address at once. Until the delay has passed the
    person may refuse them, and has the former ones back.
    """

    class State(models.TextChoices):
        ASKED = "asked", "à confirmer"
        CONFIRMED = "confirmed", "confirmées"
        APPLIED = "applied", "prises en compte"
        OBJECTED = "objected", "refusées"
        REPLACED = "replaced", "remplacées"

    person = models.ForeignKey(Person, models.CASCADE, related_name="contact_changes")
    channel = models.CharField("prévenu par", max_length=10, choices=Person.Channel)
    email = models.EmailField("courriel de notification", blank=True)
    mssante_address = models.CharField("adresse MSSanté", max_length=254, blank=True, validators=[validate_address])
    former_channel = models.CharField(max_length=10, choices=Person.Channel)
    former_email = models.EmailField(blank=True)
    former_mssante_address = models.CharField(max_length=254, blank=True)
    former_links_from = models.DateTimeField(null=True)
    is_first = models.BooleanField("premières coordonnées", default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="demandé par")
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    due_at = models.DateTimeField("prises en compte le")
    state = models.CharField("état", max_length=10, choices=State, default=State.ASKED)
    settled_at = models.DateTimeField("réglé le", null=True, blank=True)
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="contact_change")

    objects = ContactChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "changement de coordonnées"
        verbose_name_plural = "changements de coordonnées"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=REFUSABLE, name="contact_change_one_at_a_time")
        ]
        indexes = [models.Index(fields=["due_at"], name="contact_to_apply", condition=REFUSABLE)]

    def __str__(self):
        return f"{self.person} : {self.new}"

    @property
    def new(self) -> Contact:
        return Contact(self.channel, self.email, self.mssante_address)

    @property
    def former(self) -> Contact:
        return Contact(self.former_channel, self.former_email, self.former_mssante_address)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_in_effect(self) -> bool:
        """Has the person these contact details today? `taken`, of one that is the latest."""
        taken = self.state in (self.State.CONFIRMED, self.State.APPLIED)
        return taken or (self.is_first and self.state == self.State.ASKED)
