"""Who manages BAL (structures, and the accounts that act for them) and who hosts them (operators)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property

from directory.identifiers import department_of, domain_of
from directory.records import ManagedStructures
from mailboxes.models.fields import identifier_field
from mailboxes.models.months import months_after
from mailboxes.models.numbers import numbered
from mailboxes.models.presence import present_on
from mailboxes.models.thresholds import chosen


def managed_identifiers() -> ManagedStructures:
    """The numbers by which the annuaire knows our structures; `settings.DIRECTORY_SOURCES` tells the source of
    activities."""
    finess: set[str] = set()
    sirets: set[str] = set()
    cabinets: set[str] = set()
    for ej, et, siret, cabinet in Structure.objects.values_list("finess_ej", "finess_et", "siret", "rpps_rang"):
        finess |= {ej, et}
        sirets.add(siret)
        cabinets.add(cabinet)
    return ManagedStructures(
        finess=frozenset(finess - {""}),
        siret=frozenset(sirets - {""}),
        siren=frozenset(siret[:9] for siret in sirets - {""}),
        technical=frozenset(cabinets - {""}),
    )


class StructureQuerySet(models.QuerySet):
    def managed_by(self, user):
        """The structures for which `user` is a gestionnaire, those below them included."""
        return self._reached(user, [Membership.Role.GESTIONNAIRE])

    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self._reached(user, Membership.Role.values)

    def open_to(self, user):
        """The structures for which `user` may ask for a BAL: they manage them, or have there what a holder needs."""
        there = present_on(timezone.localdate(), "affiliations__")
        card = {"affiliations__person__has_cps": True, "affiliations__person__rpps__isnull": False}
        works = Structure.objects.filter(there, affiliations__person__user=user.pk, **card)
        managed = Structure.objects.managed_by(user)
        return self.filter(Q(pk__in=managed.values("pk")) | Q(pk__in=works.values("pk")))

    def standing(self):
        """The structures that are not closed, or merged into another."""
        return self.filter(closed_on=None)

    def numbered(self, number: str):
        return self.filter(numbered(number))

    def named(self, text: str):
        """Those whose name, town or number holds each of these words."""
        found = self
        for word in text.split():
            held = Q(name__icontains=word) | Q(town__icontains=word)
            found = found.filter(held | numbered(word) if word.isascii() and word.isdecimal() else held)
        return found

    def _reached(self, user, roles):
        return self._from(Membership.objects.filter(user_id=user.pk, role__in=roles).values("structure"))

    def under(self, structure):
        """This structure and all below it."""
        return self._from([structure.pk])

    def _from(self, tops):
        # Three levels are the field's own: GRADeS or organisme gestionnaire, establishment, site.
        return self.filter(Q(pk__in=tops) | Q(parent__in=tops) | Q(parent__parent__in=tops))


class Structure(models.Model):
    class Kind(models.TextChoices):
        ORGANISME = "organisme", "organisme gestionnaire"
        HOSPITAL = "hospital", "établissement de santé"
        EHPAD = "ehpad", "EHPAD"
        SSIAD = "ssiad", "SSIAD"
        RESIDENCE = "residence", "résidence autonomie"
        MDPH = "mdph", "MDPH"
        CSAPA = "csapa", "CSAPA"
        PHARMACY = "pharmacy", "pharmacie"
        PRACTICE = "practice", "cabinet"
        NETWORK = "network", "réseau, association ou CPTS"
        ADMINISTRATION = "administration", "administration"
        GRADES = "grades", "GRADeS"
        OTHER = "other", "autre"

    name = models.CharField("nom", max_length=150)
    kind = models.CharField("nature", max_length=20, choices=Kind, default=Kind.OTHER)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="rattachée à"
    )
    finess_ej = identifier_field("FINESS", 9, "FINESS entité juridique")
    finess_et = identifier_field("FINESS", 9, "FINESS établissement")
    siret = identifier_field("SIRET", 14, "SIRET")
    rpps_rang = identifier_field("RPPS-rang", 14, "RPPS-rang")
    postcode = models.CharField("code postal", max_length=5, blank=True)
    town = models.CharField("commune", max_length=100, blank=True)
    # Who answers questions about MSSanté here, named in every mail; where blank, the nearest above.
    referent = models.CharField("référent ou référente MSSanté", max_length=100, blank=True, db_default="")
    referent_phone = models.CharField("téléphone du référent", max_length=30, blank=True, db_default="")
    closed_on = models.DateField("fermée le", null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        verbose_name="fusionnée dans",
        editable=False,
    )
    # By the last one it had, lists may still name it for months.
    former_finess = models.CharField("ancien FINESS", max_length=9, blank=True, db_default="", editable=False)

    objects = StructureQuerySet.as_manager()

    class Meta:
        verbose_name = "structure"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")),
                name="structure_not_its_own_parent",
                violation_error_message="Une structure ne peut pas être rattachée à elle-même.",
            ),
            models.UniqueConstraint(
                fields=["finess_et"],
                condition=~Q(finess_et=""),
                name="structure_finess_et_once",
                violation_error_message="Ce FINESS d’établissement est déjà celui d’une autre structure.",
            ),
        ]

    def __str__(self):
        return self.name

    def line(self) -> set[int]:
        """The structure and those above it, by primary key."""
        above = self.parent
        return {pk for pk in (self.pk, above and above.pk, above and above.parent_id) if pk}

    def is_in_line_with(self, other: "Structure") -> bool:
        """Is one the other, or above or below it? Beside is not in line."""
        return self.pk in other.line() or other.pk in self.line()

    @property
    def finess(self) -> str:
        """The structure's own FINESS: a legal entity's is shared by all its establishments."""
        return self.finess_et or self.finess_ej

    @property
    def department(self) -> str:
        return department_of(self.postcode)

    @property
    def has_national_id(self) -> bool:
        """Known by a FINESS or a SIRET: enough to open an ORG without a professional's RPPS."""
        return bool(self.finess or self.siret)


class MembershipQuerySet(models.QuerySet):
    def managing(self):
        """Those by which somebody manages today: neither software, nor an account that is closed."""
        return self.filter(role=Membership.Role.GESTIONNAIRE, user__is_active=True, user__software=None)


class Membership(models.Model):
    """What an account may do for a structure and for all below it."""

    class Role(models.TextChoices):
        GESTIONNAIRE = "gestionnaire", "gestionnaire"
        READER = "reader", "lecteur"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    structure = models.ForeignKey(Structure, models.CASCADE, related_name="memberships")
    role = models.CharField("rôle", max_length=20, choices=Role)
    since = models.DateTimeField("depuis", null=True, default=timezone.now, editable=False)  # unknown of the oldest

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "habilitation"
        constraints = [models.UniqueConstraint(fields=["user", "structure"], name="membership_once")]

    def __str__(self):
        return f"{self.user}, {self.get_role_display()} de {self.structure}"


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
        """With their `domain_names`, in the same query."""
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
        """When a BAL last used then becomes idle here."""
        return months_after(used_at, self.alert_after_months)

    def ends_from(self, used_at: datetime) -> datetime:
        """When one last used then is idle to the end."""
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
        above = [structure.pk, structure.parent_id, structure.parent.parent_id if structure.parent else None]
        reserved = Q(structure__in=[pk for pk in above if pk])
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
