"""Who manages BAL: structures, and the accounts that act for them."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from directory.folding import fold
from directory.identifiers import department_of
from directory.records import ManagedStructures
from directory.typography import of
from mailboxes.models.fields import identifier_field
from mailboxes.models.numbers import numbered
from mailboxes.models.presence import present_on

T = TypeVar("T")


def nearest(line: Iterable[int], known: Mapping[int, T]) -> T | None:
    """What holds for a structure: what is known of it, else of the nearest one above; `line`: as `Structure.line`."""
    return next((known[pk] for pk in line if pk in known), None)


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
        """Structures whose name, town or number holds each of these words, accents and capitals aside."""
        found = self
        for word in fold(text).split() or text.split():  # signs alone find nothing
            held = Q(name__holds=word) | Q(town__holds=word)
            found = found.filter(held | numbered(word) if word.isascii() and word.isdecimal() else held)
        return found

    def lines(self) -> dict[int, tuple[int, ...]]:
        """The `line` of each structure, in one query for all."""
        rows = self.values_list("pk", "parent", "parent__parent")
        return {pk: (pk, *filter(None, above)) for pk, *above in rows}

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

    def line(self) -> tuple[int, ...]:
        """The structure and those above it, by primary key, the nearest first."""
        above = self.parent
        return tuple(pk for pk in (self.pk, above and above.pk, above and above.parent_id) if pk)

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
        """Memberships by which somebody manages today: neither software, nor an account that is closed."""
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
        return f"{self.user}, {self.get_role_display()} {of(self.structure)}"
