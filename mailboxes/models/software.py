"""Software that speaks to us by the API: each has an account of its own, and opens it with a key."""

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from mailboxes.models.structures import Membership, Structure

TOKEN_START = "balm"  # noqa: S105 - so that a key found in a log or a repository is known for what it is
PREFIX_LENGTH = 8


class Scope(models.TextChoices):
    """What a key opens; the account's habilitations say for which structures."""

    READ = "read", "lire le registre"
    USAGE = "usage", "envoyer des relevés d’usage"
    RESOLVE = "resolve", "chercher la bonne adresse"
    MANAGE = "manage", "agir comme un gestionnaire"


def validate_scopes(value) -> None:
    if not value or not isinstance(value, list) or set(value) - set(Scope.values):
        raise ValidationError("Choisissez au moins un droit parmi ceux de la liste.", "scopes")


class SoftwareQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those bound to structures that one manages, to all of them: whoever rotates a key gets all it opens."""
        if user.is_superuser:
            return self
        managed = Structure.objects.managed_by(user).values("pk")
        bound = Membership.objects.filter(user=OuterRef("user"))
        return self.filter(Exists(bound), ~Exists(bound.exclude(structure__in=managed)))


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

    def of_token(self, token: str, now: datetime):
        """The key that this token is, if it still opens anything. Its digest alone is ours: the token is not kept."""
        return self.valid(now).filter(digest=digest_of(token), software__user__is_active=True)


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
        """Once a minute is enough to tell whether a key still serves."""
        if self.last_used_at is None or self.last_used_at < now - settings.KEY_USE_PRECISION:
            SoftwareKey.objects.filter(pk=self.pk).update(last_used_at=now)


def new_token() -> tuple[str, str]:
    """(prefix, token): the prefix is shown and names the key, the token is given once."""
    prefix = secrets.token_hex(PREFIX_LENGTH // 2)
    return prefix, f"{TOKEN_START}_{prefix}_{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
