"""Addresses of software that wants to hear of changes, and what was sent to each."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from mailboxes.lifecycle import Act, Verb
from mailboxes.models.journal import JournalEntry
from mailboxes.models.structures import Structure


class Event(models.TextChoices):
    """What one may be told of."""

    STATE = "state", "une BAL est inscrite ou change d’état"
    HOLDERS = "holders", "ses titulaires ou ses délégations changent"
    DESCRIPTION = "description", "sa fiche change"
    QUOTA = "quota", "elle se remplit"
    REQUEST = "request", "une demande est faite à l’opérateur"


LINES: dict[Event, frozenset[str]] = {
    Event.STATE: frozenset({*Verb, Act.REGISTER, Act.ADOPT}),
    Event.HOLDERS: frozenset(
        {
            Act.ADD_COTITULAIRE,
            Act.REMOVE_COTITULAIRE,
            Act.TRANSFER_PRINCIPAL,
            Act.NAME_PRINCIPAL,
            Act.DELEGATE,
            Act.END_DELEGATION,
        }
    ),
    Event.DESCRIPTION: frozenset({Act.DESCRIBE, Act.ACCEPT_ANNUAIRE}),
    Event.QUOTA: frozenset({Act.WARN_QUOTA}),
    Event.REQUEST: frozenset({Act.ASK_OPERATOR}),
}
EVENT_OF = {what: event for event, lines in LINES.items() for what in lines}


def validate_events(value) -> None:
    if not value or not isinstance(value, list) or set(value) - set(Event.values):
        raise ValidationError("Choisissez au moins un évènement de la liste.", "events")


def new_salt() -> str:
    return get_random_string(32)


class WebhookQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(structure__in=Structure.objects.managed_by(user).values("pk"))

    def active(self):
        return self.filter(paused_at=None)


class Webhook(models.Model):
    """Its secret is derived from SECRET_KEY and its salt: nothing in the database signs for us."""

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="webhooks", verbose_name="structure")
    url = models.URLField("adresse", max_length=500)
    events = models.JSONField("évènements", default=list, validators=[validate_events])
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    # Lines of the journal up to this one were looked at long enough ago that none can still appear below it.
    seen_up_to = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    paused_at = models.DateTimeField("suspendu le", null=True, blank=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = "webhook"
        ordering = ["pk"]

    def __str__(self):
        return self.url

    @property
    def secret(self) -> str:
        return f"whsec_{salted_hmac('mailboxes.webhooks', self.salt, algorithm='sha256').hexdigest()}"

    def lines(self):
        """The lines of the journal that it is told of: of its structure and of those below."""
        whats = set().union(*(LINES[Event(event)] for event in self.events))
        places = ("structure", "structure__parent", "structure__parent__parent")
        here = Q()
        for place in places:
            here |= Q(**{f"bal__{place}": self.structure_id}) | Q(**{place: self.structure_id})
        return JournalEntry.objects.filter(here, what__in=whats)

    def get_events_display(self) -> str:
        return ", ".join(Event(event).label for event in self.events)


class DeliveryQuerySet(models.QuerySet):
    def due(self, now):
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        return self.filter(free, stage=Delivery.Stage.WAITING, next_at__lte=now, webhook__paused_at=None)

    def claim(self, pk, now) -> bool:
        return bool(self.due(now).filter(pk=pk).update(leased_until=now + settings.NOTICE_LEASE))


class Delivery(models.Model):
    """One line of the journal for one webhook; sent again as it was, under the same `id`, until it is taken."""

    class Stage(models.TextChoices):
        WAITING = "waiting", "à livrer"
        DELIVERED = "delivered", "livrée"
        FAILED = "failed", "abandonnée"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    entry = models.ForeignKey(JournalEntry, models.PROTECT, null=True, related_name="deliveries")  # null: a test
    body = models.TextField("corps")
    stage = models.CharField("étape", max_length=10, choices=Stage, default=Stage.WAITING)
    created_at = models.DateTimeField("inscrite le", default=timezone.now)
    next_at = models.DateTimeField("prochain essai", default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    status = models.PositiveSmallIntegerField("réponse", null=True)
    error = models.CharField("échec", max_length=300, blank=True)
    delivered_at = models.DateTimeField("livrée le", null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "livraison"
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["webhook", "entry"], name="delivery_once")]
        indexes = [
            models.Index(fields=["next_at"], name="delivery_due", condition=Q(stage="waiting")),
            models.Index(fields=["webhook", "-created_at"], name="delivery_of_webhook"),
        ]

    def __str__(self):
        return f"{self.webhook} : {self.id}"
