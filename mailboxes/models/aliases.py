"""The other addresses of a BAL: one that it keeps, one that it leaves, one that it will have."""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from directory.prepared import prepared
from mailboxes.models import bulk
from mailboxes.models.bals import Bal
from mailboxes.models.fields import validate_address
from mailboxes.models.operators import Operator


class AliasQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(bal__in=Bal.objects.visible_to(user).values("pk"))

    def kept(self):
        """Aliases that stay: what is sent there arrives in the BAL."""
        return self.filter(nature=Alias.Nature.KEPT)

    def coming(self):
        """The addresses that BAL in migration are to have."""
        return self.filter(nature=Alias.Nature.COMING)

    def late(self, today):
        """Aliases of a migration that is not where it was to be by now."""
        return self.filter(due_on__lt=today)

    def told_by(self, addresses):
        """What these addresses are, and what the BAL at these addresses have besides."""
        return self.filter(bulk.among("address", addresses) | bulk.among("bal__address", addresses))


@prepared
def _bearing(addresses):
    return Alias.objects.filter(bulk.among("address", addresses)).order_by().values_list("pk", flat=True)


class Alias(models.Model):
    """An address that is a BAL's without being the one it goes by; with it, the operator who has it.

    During a migration to another operator that takes the domain over, the address is the BAL's own.
    """

    class Nature(models.TextChoices):
        KEPT = "kept", "alias"
        COMING = "coming", "adresse à venir"
        FORMER = "former", "ancienne adresse, encore ouverte"

    bal = models.ForeignKey(Bal, models.CASCADE, related_name="aliases")
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+", verbose_name="opérateur")
    address = models.CharField("adresse", max_length=254, unique=True, validators=[validate_address])
    nature = models.CharField("nature", max_length=10, choices=Nature, default=Nature.KEPT)
    since = models.DateTimeField("depuis le", default=timezone.now)
    # Of a BAL in migration: the day by which it is to be in service, or to be closed.
    due_on = models.DateField("attendu pour le", null=True, blank=True)

    objects = AliasQuerySet.as_manager()

    class Meta:
        verbose_name = "alias"
        verbose_name_plural = "alias"
        ordering = ["address"]
        constraints = [
            models.CheckConstraint(condition=Q(address=Lower("address")), name="alias_address_lower_case"),
            models.CheckConstraint(condition=Q(nature__in=["kept", "coming", "former"]), name="alias_nature_known"),
        ]

    def __str__(self):
        return self.address

    def clean(self):
        if other := Bal.objects.filter(address=self.address).exclude(pk=self.bal_id).first():
            raise ValidationError(
                {
                    "address": (
                        f"Cette adresse est au registre, celle d’une BAL {other.get_state_display()} : "
                        "donnez-en une autre."
                    )
                }
            )


def seen_at(addresses, user) -> dict[str, tuple[int, str]]:
    """The aliases among these addresses whose BAL `user` sees: the BAL, and the nature. An address is seldom an alias:
    only then is it asked what they see, which costs ten times as much."""
    if not (found := _bearing(addresses=addresses)):
        return {}
    rows = Alias.objects.visible_to(user).filter(pk__in=found).order_by()
    return {address: (bal, nature) for address, bal, nature in rows.values_list("address", "bal", "nature")}


def alias_told(address: str, user) -> Alias | None:
    """What this address is besides, to who sees the BAL; `settings.DIRECTORY_ALIASES` tells the check of addresses."""
    if not _bearing(addresses=[address]):
        return None
    return Alias.objects.visible_to(user).filter(address=address).select_related("bal", "operator").first()


class KnownAddress(NamedTuple):
    """What bears an address already."""

    structure: int | None  # of the BAL
    state: str  # of the BAL; "" where it is an alias of one


def known_at(address: str) -> KnownAddress | None:
    """The BAL at this address, else the one that has it as an alias. One query."""
    return max(map(KnownAddress._make, _known_at(address=address)), key=lambda one: one.state, default=None)


@prepared
def _known_at(address):
    bals = Bal.objects.filter(address=address).order_by().values_list("structure", "state")
    return bals.union(Alias.objects.filter(address=address).order_by().values_list("bal__structure", Value("")))
