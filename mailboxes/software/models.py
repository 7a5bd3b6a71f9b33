"""Software that speaks to us by the API: each has an account of its own, and opens it with a key."""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from directory.clocks import to_come
from mailboxes.lifecycle import Act, Scope, Verb
from mailboxes.models.journal import JournalEntry
from mailboxes.models.structures import Membership, Structure

TOKEN_START = "balm"  # noqa: S105 - so that a key found in a log or a repository is known for what it is
PREFIX_LENGTH = 8
FORMER_SECRETS = 4  # of a webhook, at once: each makes the header of a delivery longer
# After these a delivery is given up; a person may replay it.
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440)]


def validate_scopes(value) -> None:
    if not value or not isinstance(value, list) or set(value) - set(Scope.values):
        raise ValidationError("Choisissez au moins un droit parmi ceux de la liste.", "scopes")


class SoftwareQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The software all of whose structures one manages: whoever rotates a key gets all that it opens."""
        if user.is_superuser:
            return self
        managed = Structure.objects.managed_by(user).values("pk")
        bound = Membership.objects.filter(user=OuterRef("user"))
        return self.filter(Exists(bound), ~Exists(bound.exclude(structure__in=managed)))

    def of_structures(self, structures, now: datetime):
        """Software let in for one of these structures, by a key that still opens something."""
        bound = Membership.objects.filter(user=OuterRef("user"), structure__in=structures)
        return self.filter(Exists(bound), Exists(SoftwareKey.objects.valid(now).filter(software=OuterRef("pk"))))


class Software(models.Model):
    """A DPI, a DUI, a script. Its account acts, is seen in the journal, and never logs in by the browser."""

    name = models.CharField("nom du logiciel", max_length=100)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="software", editable=False)
    scopes = models.JSONField("droits", default=list, validators=[validate_scopes])
    created_at = models.DateTimeField("déclaré le", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="déclaré par", editable=False
    )

    objects = SoftwareQuerySet.as_manager()

    class Meta:
        verbose_name = "logiciel"
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name

    def structures(self):
        return Structure.objects.filter(memberships__user=self.user_id)

    def get_scopes_display(self) -> str:
        return ", ".join(Scope(scope).label for scope in self.scopes)


class KeyQuerySet(models.QuerySet):
    def valid(self, now: datetime):
        return self.filter(revoked_at=None, expires_at__gt=now)

    def opening(self, digest: str, now: datetime):
        """The key whose token has this digest, if it still opens anything."""
        return self.valid(now).filter(digest=digest, software__user__is_active=True)


class SoftwareKey(models.Model):
    """A secret of one software. Two may stand at once, while the software changes from the one to the other."""

    software = models.ForeignKey(Software, models.CASCADE, related_name="keys", verbose_name="logiciel")
    prefix = models.CharField("début de la clé", max_length=PREFIX_LENGTH, unique=True)
    # SHA-256 without salt: the token is 256 random bits, no list of passwords contains it.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField("créée le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    revoked_at = models.DateTimeField("révoquée le", null=True, blank=True)
    last_used_at = models.DateTimeField("dernier usage", null=True, blank=True)

    objects = KeyQuerySet.as_manager()

    class Meta:
        verbose_name = "clé"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.software}, {self.prefix}…"

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    def mark_used(self, now: datetime) -> None:
        """Note that the key served; once a minute is enough."""
        if self.last_used_at is None or self.last_used_at < now - settings.KEY_USE_PRECISION:
            SoftwareKey.objects.filter(pk=self.pk).update(last_used_at=now)


def new_token() -> tuple[str, str]:
    """(prefix, token): the prefix is shown and names the key, the token is given once."""
    prefix = secrets.token_hex(PREFIX_LENGTH // 2)
    return prefix, f"{TOKEN_START}_{prefix}_{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """What is ours of a token, which is not kept."""
    return hashlib.sha256(token.encode()).hexdigest()


class Event(models.TextChoices):
    """The events that a webhook may be told of."""

    STATE = "state", "une BAL est inscrite ou change d’état"
    HOLDERS = "holders", "ses titulaires ou ses délégations changent"
    DESCRIPTION = "description", "sa fiche, son adresse ou sa structure changent"
    QUOTA = "quota", "elle se remplit"
    REQUEST = "request", "une demande est faite à l’opérateur"


MOVES = frozenset({Act.MOVE_SERVICE, Act.MERGE_STRUCTURES, Act.UNDO_MOVE})
LINES: dict[Event, frozenset[str]] = {
    Event.STATE: frozenset({*Verb, Act.REGISTER, Act.REQUEST_OPENING, Act.ADOPT}),
    Event.HOLDERS: frozenset(
        {
            Act.ADD_COTITULAIRE,
            Act.REMOVE_COTITULAIRE,
            Act.TRANSFER_PRINCIPAL,
            Act.NAME_PRINCIPAL,
            Act.DELEGATE,
            Act.EXTEND_DELEGATION,
            Act.TAKE_OVER,
            Act.END_DELEGATION,
            Act.RECORD_ACCESS,
            Act.REQUEST_ACCESS,
            Act.OBJECT_ACCESS,
            Act.IMPORT_ACCESSES,
            Act.UNDO_IMPORT,
        }
    ),
    Event.DESCRIPTION: frozenset({Act.DESCRIBE, Act.ACCEPT_ANNUAIRE, Act.CORRECT, Act.SWITCH_BAL, *MOVES}),
    Event.QUOTA: frozenset({Act.WARN_QUOTA}),
    Event.REQUEST: frozenset({Act.ASK_OPERATOR}),
}
# Told of a structure too, whose BAL they take elsewhere: who is told of it sees these no more.
OF_PLACES = MOVES | {Act.CORRECT} | LINES[Event.REQUEST]
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
    """An address that is told of events. Its secret is derived from SECRET_KEY and its salt: nothing in the database
    signs for us."""

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="webhooks", verbose_name="structure")
    url = models.URLField("adresse", max_length=500)
    events = models.JSONField("évènements", default=list, validators=[validate_events])
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    # [[salt, until when it signs], …], the latest first
    former_salts = models.JSONField(default=list, db_default=Value([], models.JSONField()), editable=False)
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
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def secret(self) -> str:
        return self.secrets[0]

    @property
    def secrets(self) -> list[str]:
        """All that sign, the present one first: a receiver that knows a former one still verifies. One by each
        SECRET_KEY that holds and each salt that does."""
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        salts = [self.salt, *(salt for salt, _ in self._still_signing())]
        made = [
            salted_hmac("mailboxes.webhooks", salt, secret=key, algorithm="sha256") for salt in salts for key in keys
        ]
        return [f"whsec_{secret.hexdigest()}" for secret in made]

    @property
    def former_until(self) -> datetime | None:
        """Until when a former secret signs too, if one does."""
        return max((until for _, until in self._still_signing()), default=None)

    def renew(self, until: datetime) -> None:
        """Give it a new secret; the present one signs beside it until then."""
        still = [(salt, end.isoformat()) for salt, end in self._still_signing()]
        self.former_salts = [(self.salt, until.isoformat()), *still][:FORMER_SECRETS]
        self.salt = new_salt()

    def _still_signing(self) -> list[tuple[str, datetime]]:
        read = [(salt, datetime.fromisoformat(until)) for salt, until in self.former_salts]
        return [(salt, until) for salt, until in read if until > timezone.now()]

    def lines(self):
        """The lines of the journal that it is told of: of its structure and of those below."""
        whats = set().union(*(LINES[Event(event)] for event in self.events))
        places = ("structure", "structure__parent", "structure__parent__parent")
        of_bals, of_places = Q(), Q()
        for place in places:
            of_bals |= Q(**{f"bal__{place}": self.structure_id})
            of_places |= Q(**{place: self.structure_id})
        return JournalEntry.objects.filter(of_bals | Q(of_places, what__in=OF_PLACES), what__in=whats)

    def get_events_display(self) -> str:
        return ", ".join(Event(event).label for event in self.events)


class DeliveryQuerySet(models.QuerySet):
    def due(self, now):
        waiting = self.filter(stage=Delivery.Stage.WAITING, webhook__paused_at=None)
        held = to_come("leased_until", now, settings.NOTICE_LEASE)
        return waiting.exclude(held).exclude(to_come("next_at", now, max(WAITS)))

    def outdated(self, now):
        """What is still to be sent is none of it, nor what tells which lines a paused webhook was sent already."""
        settled = self.exclude(stage=Delivery.Stage.WAITING).filter(webhook__paused_at=None)
        return settled.filter(created_at__lt=now - settings.DELIVERIES_KEPT)

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
