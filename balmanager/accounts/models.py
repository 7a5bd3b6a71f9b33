"""Who logs in. An account is an identity, never a role: roles come from the structures' own records."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from mailboxes.models import Membership, Person, Structure


class User(AbstractUser):
    """`email` is the account's one address, whatever allauth's own table could hold: nothing of ours writes there."""

    roles: list[Membership]  # where `reads` has looked for them

    class Meta(AbstractUser.Meta):
        verbose_name = "compte"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="account_address_once",
                violation_error_message="Cette adresse est déjà celle d’un autre compte.",
            )
        ]

    def __str__(self):
        return self.get_full_name() or self.username

    def save(self, *args, **kwargs):
        self.email = self.email.lower()  # allauth looks for it so
        super().save(*args, **kwargs)


class InvitationQuerySet(models.QuerySet):
    def pending(self):
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())

    def visible_to(self, user):
        """Invitations to the structures that one manages; an administrator sees all."""
        if user.is_superuser:
            return self
        return self.filter(structure__in=Structure.objects.managed_by(user).values("pk"))


class Invitation(models.Model):
    """A role offered to whoever reads this address. Its link opens an account, or adds the role to one's own; once."""

    class Role(models.TextChoices):
        GESTIONNAIRE = Membership.Role.GESTIONNAIRE.value, "gestionnaire"
        READER = Membership.Role.READER.value, "lecteur"
        ADMINISTRATOR = "administrator", "administrateur de la plateforme"

    address = models.EmailField("adresse")
    role = models.CharField("rôle", max_length=20, choices=Role)
    structure = models.ForeignKey(Structure, models.CASCADE, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True, editable=False)  # of the link's token, which is not kept
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    created_at = models.DateTimeField("envoyée le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    accepted_at = models.DateTimeField("acceptée le", null=True, blank=True)
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role="administrator", structure=None)
                | ~Q(role="administrator") & Q(structure__isnull=False),
                name="invitation_to_something",
                violation_error_message="Un rôle se donne pour une structure ; celui d’administrateur, pour toutes.",
            )
        ]

    def __str__(self):
        return f"{self.address}, {self.what}"

    @property
    def what(self) -> str:
        return f"{self.get_role_display()}, {self.structure}" if self.structure else self.get_role_display()


class AccountEntry(models.Model):
    """One fact about an account; triggers in the database forbid changing it.

    Beside the journal, not in it: a line of the journal is about a BAL, a person or a structure, is shown to their
    holders, and is kept for good. A refused log-in is about an account, sometimes about none, and is purged.
    """

    class What(models.TextChoices):
        REFUSED = "refused", "connexion refusée"
        THROTTLED = "throttled", "connexions suspendues un moment après trop d’essais"
        FACTOR_REFUSED = "factor_refused", "second facteur refusé"
        IDENTITY_REFUSED = "identity_refused", "réponse du fournisseur d’identité refusée"
        NEW_BROWSER = "new_browser", "connexion depuis un navigateur inconnu"
        SESSION_CLOSED = "session_closed", "session fermée"
        ADDRESS_ASKED = "address_asked", "changement d’adresse demandé"
        ADDRESS_CHANGED = "address_changed", "adresse changée"
        PASSWORD_CHANGED = "password_changed", "mot de passe changé"
        PASSWORD_RESET = "password_reset", "mot de passe choisi par un lien"
        FACTOR_ADDED = "factor_added", "second facteur ajouté"
        FACTOR_REMOVED = "factor_removed", "second facteur retiré"
        FACTOR_RESET = "factor_reset", "second facteur réinitialisé par un administrateur"
        IDENTITY_LINKED = "identity_linked", "identité extérieure reliée"
        TIED = "tied", "compte rattaché à une personne"
        UNTIED = "untied", "compte détaché d’une personne"
        INVITED = "invited", "invitation envoyée"
        UNINVITED = "uninvited", "invitation retirée"
        GRANTED = "granted", "rôle donné"
        WITHDRAWN = "withdrawn", "rôle retiré"
        CLOSED = "closed", "compte désactivé"
        REOPENED = "reopened", "compte réactivé"

    at = models.DateTimeField("le", default=timezone.now)
    what = models.CharField("quoi", max_length=30, choices=What)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="account_entries", verbose_name="compte"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    structure = models.ForeignKey(Structure, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name="personne")
    before = models.CharField("avant", max_length=300, blank=True)
    after = models.CharField("après", max_length=300, blank=True)
    client = models.GenericIPAddressField("depuis", null=True)
    note = models.CharField("précision", max_length=300, blank=True)

    class Meta:
        verbose_name = "ligne du journal des comptes"
        verbose_name_plural = "journal des comptes"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["account", "-at"], name="account_entry_of"),
            models.Index(fields=["at"], name="account_entry_at"),
        ]

    def __str__(self):
        return f"{self.account or 'compte inconnu'} : {self.get_what_display()}"
