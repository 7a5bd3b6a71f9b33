"""BAL that change their operator or address, one migration for many; and what became of whole structures."""

from datetime import date

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Case, Count, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from directory.typography import of
from mailboxes.lifecycle import ANSWERED, AWAITED, HOLDING
from mailboxes.models.bals import Bal
from mailboxes.models.operators import Operator
from mailboxes.models.requests import Request
from mailboxes.models.structures import Structure

LONGEST_OVERLAP = 366  # days


class MigrationStep(models.TextChoices):
    """The place of a BAL on its way; read from what happened, never written down."""

    PREPARED = "prepared", "à lancer"
    ASKED = "asked", "ouverture demandée"
    REFUSED = "refused", "ouverture refusée ou annulée"
    READY = "ready", "ouverte, à basculer"
    OVERLAP = "overlap", "basculée, l’ancienne adresse encore ouverte"
    CLOSING = "closing", "basculée, fermeture de l’ancienne demandée"
    ENDED = "ended", "terminée"
    LEFT = "left", "retirée de la migration"


WAITING = (
    MigrationStep.PREPARED,
    MigrationStep.ASKED,
    MigrationStep.REFUSED,
    MigrationStep.READY,
)  # the BAL is still where it was
OVER = (MigrationStep.ENDED, MigrationStep.LEFT)


def _standing(row: str = "") -> Q:
    """The condition that a BAL is still on its way: on MigratedBal, or on what `row` leads to one ("rows__")."""
    return Q((f"{row}ended_at", None), (f"{row}left_at", None))


class MigrationQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(structure__in=Structure.objects.visible_to(user).values("pk"))

    def with_counts(self, today):
        """Adds how many BAL it has, those taken out aside, how many have switched, and how many are late."""
        return self.annotate(
            total=Count("rows", filter=Q(rows__left_at=None)),
            arrived=Count("rows", filter=Q(rows__left_at=None) & ~Q(rows__switched_at=None)),
            late=Count("rows", filter=_standing("rows__") & Q(rows__due_on__lt=today)),
        )


class Migration(models.Model):
    """Many BAL, taken together to another operator, another domain, or both."""

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="migrations")
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+", verbose_name="nouvel opérateur")
    domain = models.CharField("nouveau domaine", max_length=200, blank=True)  # "": the addresses stay
    planned_on = models.DateField("bascule prévue le")
    overlap_days = models.PositiveSmallIntegerField(
        "recouvrement (jours)", default=60, validators=[MaxValueValidator(LONGEST_OVERLAP)]
    )
    auto_reply = models.TextField("réponse automatique de l’ancienne BAL", max_length=1000, blank=True)
    keeps_alias = models.BooleanField("l’ancienne adresse reste un alias", default=False)
    why = models.TextField("motif", blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    created_at = models.DateTimeField("préparée le", default=timezone.now)
    launched_at = models.DateTimeField("lancée le", null=True, blank=True)
    undone_at = models.DateTimeField("annulée le", null=True, blank=True)

    objects = MigrationQuerySet.as_manager()

    class Meta:
        verbose_name = "migration"
        ordering = ["-pk"]

    def __str__(self):
        return f"migration n° {self.pk} vers {self.operator}"

    def get_absolute_url(self):
        return reverse("migration", args=[self.pk])

    def reply_for(self, address: str) -> str:
        return self.auto_reply.replace("{adresse}", address)


class MigratedBalQuerySet(models.QuerySet):
    def standing(self):
        """The BAL still on their way: neither arrived for good nor taken out."""
        return self.filter(_standing())

    def with_step(self):
        """Adds `step`, of `MigrationStep`."""
        return self.annotate(
            step=Case(
                When(~Q(left_at=None), then=Value(MigrationStep.LEFT)),
                When(~Q(ended_at=None), then=Value(MigrationStep.ENDED)),
                When(
                    ~Q(switched_at=None) & Q(deletion__stage__in=HOLDING),
                    then=Value(MigrationStep.CLOSING),
                ),
                When(~Q(switched_at=None), then=Value(MigrationStep.OVERLAP)),
                When(opening__stage__in=ANSWERED, then=Value(MigrationStep.READY)),
                When(opening__stage__in=AWAITED, then=Value(MigrationStep.ASKED)),
                When(opening=None, then=Value(MigrationStep.PREPARED)),
                default=Value(MigrationStep.REFUSED),
                output_field=models.CharField(),
            )
        )

    def to_ask(self):
        """BAL whose new box is asked of nobody: not yet, or what was asked is refused or cancelled."""
        return self.standing().filter(switched_at=None).exclude(opening__stage__in=HOLDING)

    def late(self, today: date):
        return self.standing().filter(due_on__lt=today)

    def ready(self):
        """BAL whose new box is open, and that are still at the old one."""
        return self.standing().filter(switched_at=None, opening__stage__in=ANSWERED)

    def steps(self) -> dict[str, int]:
        return dict(self.with_step().order_by().values_list("step").annotate(n=Count("pk")))


class MigratedBal(models.Model):
    """One BAL on its way, with what each operator was asked about it."""

    migration = models.ForeignKey(Migration, models.CASCADE, related_name="rows")
    bal = models.ForeignKey(Bal, models.PROTECT, related_name="migrated")
    former_operator = models.ForeignKey(Operator, models.PROTECT, related_name="+", verbose_name="ancien opérateur")
    former_address = models.CharField("ancienne adresse", max_length=254)
    new_address = models.CharField("nouvelle adresse", max_length=254)
    due_on = models.DateField("attendue pour le")
    opening = models.ForeignKey(Request, models.SET_NULL, null=True, related_name="+")
    reply = models.ForeignKey(Request, models.SET_NULL, null=True, related_name="+")
    depublication = models.ForeignKey(Request, models.SET_NULL, null=True, related_name="+")
    deletion = models.ForeignKey(Request, models.SET_NULL, null=True, related_name="+")
    switched_at = models.DateTimeField("basculée le", null=True)
    ended_at = models.DateTimeField("terminée le", null=True)
    left_at = models.DateTimeField("retirée le", null=True)
    left_why = models.TextField("motif du retrait", blank=True)

    objects = MigratedBalQuerySet.as_manager()

    step: str  # of a row read by `with_step`

    class Meta:
        verbose_name = "BAL migrée"
        verbose_name_plural = "BAL migrées"
        ordering = ["former_address", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["bal"],
                condition=_standing(),
                name="migrated_once_at_a_time",
                violation_error_message="Cette BAL est déjà dans une migration.",
            )
        ]

    def __str__(self):
        return f"{self.former_address} → {self.new_address}"

    def get_step_display(self) -> str:
        return MigrationStep(self.step).label

    @property
    def asks_reply(self) -> bool:
        """Is the former operator asked, once it is switched, for an automatic reply? Not where nobody is to be sent
        elsewhere: the address is the same, or still leads to the BAL."""
        is_left = not (self.keeps_address or self.migration.keeps_alias)
        return bool(self.migration.auto_reply) and self.former_operator.can_auto_reply and is_left

    @property
    def is_late(self) -> bool:
        return self.ended_at is None and self.left_at is None and self.due_on < timezone.localdate()

    @property
    def keeps_address(self) -> bool:
        return self.new_address == self.former_address

    @property
    def asked(self) -> list[tuple[str, Request]]:
        """What was asked about it, in order, each in a word."""
        rows = [
            ("ouverture", self.opening),
            ("réponse automatique", self.reply),
            ("retrait de l’annuaire", self.depublication),
            ("fermeture", self.deletion),
        ]
        return [(label, request) for label, request in rows if request]


class PlaceMoveQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        seen = Structure.objects.visible_to(user).values("pk")
        return self.filter(Q(structure__in=seen) | Q(into__in=seen))


class PlaceMove(models.Model):
    """What became of a structure or of one of its services, with all that taking it back needs."""

    class Kind(models.TextChoices):
        SERVICE = "service", "service déplacé"
        MERGE = "merge", "fusion"
        CLOSE = "close", "fermeture"
        FINESS = "finess", "changement de FINESS"

    kind = models.CharField("changement", max_length=10, choices=Kind)
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="place_moves")
    into = models.ForeignKey(Structure, models.PROTECT, null=True, related_name="place_moves_into")
    service = models.CharField("service", max_length=90, blank=True)
    before = models.JSONField("avant", default=dict)
    why = models.TextField("motif")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)
    mark = models.BigIntegerField("dernière ligne de journal", default=0)  # when it was written
    undone_at = models.DateTimeField("repris le", null=True)

    objects = PlaceMoveQuerySet.as_manager()

    class Meta:
        verbose_name = "changement de structure"
        verbose_name_plural = "changements de structure"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["service", "merge", "close", "finess"]), name="place_move_kind_known"
            )
        ]

    def __str__(self):
        if self.kind == self.Kind.SERVICE:
            return f"service {self.service} {of(self.structure)} déplacé à {self.into}"
        if self.kind == self.Kind.MERGE:
            return f"{self.structure}, fusionnée dans {self.into}"
        return f"{self.get_kind_display()} {of(self.structure)}"
