"""Who holds a BAL, and who may use it under whom."""

from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from mailboxes.lifecycle import Role
from mailboxes.models.people import Person


class CotitulaireQuerySet(models.QuerySet):
    def with_holders(self):
        """Adds `holders`: how many hold the same BAL."""
        return self.annotate(holders=Count("bal__cotitulaires"))


class Cotitulaire(models.Model):
    """Who holds a BAL: the one titulaire of a PER, the cotitulaires of an ORG or a CAB."""

    bal = models.ForeignKey("mailboxes.Bal", models.CASCADE, related_name="cotitulaires")
    person = models.ForeignKey(Person, models.PROTECT, related_name="held")
    is_principal = models.BooleanField("principal", default=False)
    since = models.DateField("depuis", default=timezone.localdate)
    # Written down by a gestionnaire, on whose word, when and how it was given; empty where that person did it.
    on_word_of = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="sur la parole de"
    )
    told_on = models.DateField("dit le", null=True, blank=True)
    told_how = models.CharField("comment", max_length=200, blank=True, db_default="")

    objects = CotitulaireQuerySet.as_manager()

    holders: int  # of a row read by `with_holders`

    class Meta:
        verbose_name = "cotitulaire"
        constraints = [
            models.UniqueConstraint(
                fields=["bal", "person"],
                name="cotitulaire_once",
                violation_error_message="Cette personne est déjà cotitulaire.",
            ),
            models.UniqueConstraint(
                fields=["bal"],
                condition=Q(is_principal=True),
                name="one_principal",
                violation_error_message="Cette BAL a déjà un cotitulaire principal.",
            ),
        ]

    def __str__(self):
        return f"{self.person} ({self.bal})"

    @property
    def vouched_by(self) -> Person | None:
        """On whose word a gestionnaire wrote it down; None where it needed nobody's."""
        return self.on_word_of

    @property
    def role(self) -> Role:
        return role_in(self.bal.is_shared, self.is_principal)


def role_in(is_shared: bool, is_principal: bool) -> Role:
    """The role of a cotitulaire, by the sort of BAL."""
    if not is_shared:
        return Role.TITULAIRE
    return Role.PRINCIPAL if is_principal else Role.COTITULAIRE


ENDS_FIRST = "La fin d’une délégation ne peut pas précéder son début."


NOT_ENDED = Q(ended_at=None)


def rights_of(can_read: bool, can_send: bool) -> str:
    """« lecture et envoi », which the import of accesses reads."""
    return " et ".join(word for word, may in (("lecture", can_read), ("envoi", can_send)) if may)


WHOLE_RIGHTS = rights_of(can_read=True, can_send=True)  # a cotitulaire's


class DelegataireQuerySet(models.QuerySet):
    def standing(self):
        """The delegations that nobody ended: those of today, those still to begin, and those past their last day."""
        return self.filter(NOT_ENDED)

    def current(self):
        today = timezone.localdate()
        return self.standing().filter(Q(ends_on=None) | Q(ends_on__gte=today), starts_on__lte=today)

    def expired(self, today):
        """The delegations past their last day and not yet ended."""
        return self.standing().filter(ends_on__lt=today)


class Delegataire(models.Model):
    """Access lent to a person under a named professional; never shown in the annuaire."""

    bal = models.ForeignKey("mailboxes.Bal", models.CASCADE, related_name="delegataires")
    person = models.ForeignKey(Person, models.PROTECT, related_name="delegations")
    under = models.ForeignKey(
        Person, models.PROTECT, related_name="delegations_given", verbose_name="sous la responsabilité de"
    )
    can_read = models.BooleanField("consulter", default=True)
    can_send = models.BooleanField("envoyer", default=False)
    starts_on = models.DateField("du", default=timezone.localdate)
    ends_on = models.DateField("au", null=True, blank=True)
    reason = models.CharField("mission", max_length=200)
    ended_at = models.DateTimeField("terminée le", null=True, blank=True, editable=False)
    # Written down by a gestionnaire, on the word of `under`; empty where that professional delegated.
    told_on = models.DateField("dit le", null=True, blank=True)
    told_how = models.CharField("comment", max_length=200, blank=True, db_default="")

    objects = DelegataireQuerySet.as_manager()

    class Meta:
        verbose_name = "délégataire"
        constraints = [
            models.UniqueConstraint(
                fields=["bal", "person", "under"],
                condition=NOT_ENDED,
                name="delegataire_once_at_a_time",
                violation_error_message="Cette personne a déjà une délégation en cours sous ce professionnel.",
            ),
            models.CheckConstraint(
                condition=Q(can_read=True) | Q(can_send=True),
                name="delegation_of_something",
                violation_error_message="Une délégation permet de consulter, d’envoyer, ou les deux.",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="delegation_ends_after_it_starts",
                violation_error_message=ENDS_FIRST,
            ),
        ]

    def __str__(self):
        return f"{self.person} ({self.bal}, sous {self.under})"

    @property
    def vouched_by(self) -> Person | None:
        """On whose word a gestionnaire wrote it down; None where it needed nobody's."""
        return self.under if self.told_on else None

    @property
    def rights(self) -> str:
        return rights_of(self.can_read, self.can_send)

    @property
    def is_past(self) -> bool:
        """`expired`, in Python."""
        return self.ended_at is None and self.ends_on is not None and self.ends_on < timezone.localdate()

    @property
    def is_to_come(self) -> bool:
        """Is its first day still to come?"""
        return self.ended_at is None and self.starts_on > timezone.localdate()

    @property
    def is_current(self) -> bool:
        """`current`, in Python."""
        today = timezone.localdate()
        return self.ended_at is None and self.starts_on <= today and (self.ends_on is None or self.ends_on >= today)
