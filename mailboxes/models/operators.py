"""Who hosts BAL: operators, what they charge, and the domains of their addresses."""

from datetime import datetime, timedelta

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import cached_property

from directory.identifiers import domain_of
from mailboxes.models.months import months_after
from mailboxes.models.structures import Structure
from mailboxes.models.thresholds import chosen


class Words(models.Aggregate):
    """Names that hold no space, one after the other."""

    function = "STRING_AGG"
    template = "%(function)s(%(expressions)s, ' ')"
    output_field = models.TextField()

    def as_sqlite(self, compiler, connection, **context):
        return super().as_sql(compiler, connection, function="GROUP_CONCAT", **context)


class OperatorQuerySet(models.QuerySet):
    def for_address(self, address: str):
        return self.filter(domains__name=domain_of(address.lower()))

    def with_domains(self):
        """Operators with their `domain_names`, in the same query."""
        return self.annotate(domain_words=Words("domains__name"))


class Operator(models.Model):
    """A MSSanté operator: what it can do, from when a BAL is idle there, and what a BAL costs."""

    code = models.SlugField("code", unique=True)
    name = models.CharField("nom", max_length=100)
    request_email = models.EmailField("adresse des demandes", blank=True)
    can_auto_reply = models.BooleanField("réponse automatique", default=False)
    can_notify = models.BooleanField("notification sur un courriel ordinaire", default=False)
    can_suspend = models.BooleanField("suspension", default=False)
    has_api = models.BooleanField("interface programmée", default=False)
    default_quota_mb = models.PositiveIntegerField("espace par défaut (Mo)", null=True, blank=True)
    alert_after_months = models.PositiveSmallIntegerField("alerte d’inactivité après (mois)", default=10)
    end_after_months = models.PositiveSmallIntegerField("dépublication après (mois)", default=12)
    fresh_days = models.PositiveSmallIntegerField(
        "un relevé vaut (jours)",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Au-delà, on ne conclut plus d’inactivité. Vide : la durée réglée pour toute l’installation.",
    )
    answer_days = models.PositiveSmallIntegerField("répond d’ordinaire en (jours)", default=15)
    yearly_cost = models.DecimalField(
        "coût annuel d’une BAL (€)",
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Pour tout type sans tarif propre, sauf l’applicative unique d’un organisme gestionnaire.",
    )

    objects = OperatorQuerySet.as_manager()

    class Meta:
        verbose_name = "opérateur"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_after_months__gt=F("alert_after_months")) & Q(alert_after_months__gte=1),
                name="operator_alerts_before_the_end",
                violation_error_message="L’alerte d’inactivité doit précéder la dépublication.",
            ),
            models.CheckConstraint(
                condition=Q(yearly_cost=None) | Q(yearly_cost__gte=0),
                name="operator_cost_not_negative",
                violation_error_message="Un coût ne peut pas être négatif.",
            ),
        ]

    def __str__(self):
        return self.name

    def is_long_ago(self, used_at: datetime, now: datetime) -> bool:
        """Is a last use then, as told at `now`, old enough here to make a BAL idle?"""
        return self.idle_from(used_at) <= now

    def idle_from(self, used_at: datetime) -> datetime:
        """The moment when a BAL last used then becomes idle here."""
        return months_after(used_at, self.alert_after_months)

    def ends_from(self, used_at: datetime) -> datetime:
        """The moment when a BAL last used then is idle to the end."""
        return months_after(used_at, self.end_after_months)

    @property
    def reading_worth(self) -> timedelta:
        """How long one of its readings lets the absence of any use be concluded."""
        return timedelta(days=self.fresh_days or chosen.READING_FRESH_DAYS)

    @cached_property
    def domain_names(self) -> frozenset[str]:
        """The names of the operator's domains, read once per object: an import asks for each of its lines."""
        if (read := self.__dict__.get("domain_words", self)) is not self:  # by `with_domains`; None: it has none
            return frozenset((read or "").split())
        return frozenset(self.domains.values_list("name", flat=True))


class DomainQuerySet(models.QuerySet):
    def open_to(self, structure: Structure):
        """The domains reserved to nobody, or to this structure or one above it; its own and its operators' first."""
        reserved = Q(structure__in=structure.line())
        used = Operator.objects.filter(pk=OuterRef("operator"), bals__structure=structure)
        found = self.filter(Q(structure=None) | reserved).select_related("operator").annotate(is_used=Exists(used))
        return found.order_by(F("structure").desc(nulls_last=True), "-is_used", "operator__name", "name")


class Price(models.Model):
    """What a BAL of one sort costs a year at an operator, where it is not the operator's general price."""

    class Offer(models.TextChoices):
        NOMINATIVE = "PER", "nominative"
        ORGANISATIONNELLE = "ORG", "organisationnelle"
        CABINET = "CAB", "de cabinet"
        # For one software of an organisme gestionnaire, some operators open one APP, others one per establishment.
        APP_ESTABLISHMENT = "APP_ET", "applicative d’un établissement"
        APP_ORGANISME = "APP_OG", "applicative unique d’un organisme gestionnaire"

    operator = models.ForeignKey(Operator, models.CASCADE, related_name="prices")
    offer = models.CharField("BAL", max_length=6, choices=Offer)
    yearly_cost = models.DecimalField("coût annuel (€)", max_digits=8, decimal_places=2)

    class Meta:
        verbose_name = "tarif"
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "offer"],
                name="price_once",
                violation_error_message="Cet opérateur a déjà un tarif pour ce type de BAL.",
            ),
            models.CheckConstraint(
                condition=Q(yearly_cost__gte=0),
                name="price_not_negative",
                violation_error_message="Un coût ne peut pas être négatif.",
            ),
        ]

    def __str__(self):
        return f"{self.operator}, BAL {self.get_offer_display()}"


class Domain(models.Model):
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="domains")
    name = models.CharField("domaine", max_length=200, unique=True)
    structure = models.ForeignKey(
        Structure,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reserved_domains",
        verbose_name="réservé à une structure",
        help_text="Toute adresse de ce domaine est alors la sienne. Laissez vide si d’autres structures s’en servent.",
    )

    objects = DomainQuerySet.as_manager()

    class Meta:
        verbose_name = "domaine"
        ordering = ["name"]

    def __str__(self):
        return self.name
