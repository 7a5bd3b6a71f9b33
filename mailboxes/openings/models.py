"""How a structure names its BAL, and the requests for one that are still being written."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from directory.dates import day_of
from directory.typography import of
from mailboxes.models.structures import Structure, nearest
from mailboxes.openings import naming

NAMING = ("person_pattern", "shared_pattern", "compounds", "apostrophes", "particles", "max_length")


class NamingPolicyQuerySet(models.QuerySet["NamingPolicy"]):
    def of(self, structure: Structure) -> naming.Policy:
        """The structure's own policy, else the nearest above it, else that of `naming`; in one query."""
        line = structure.line()
        found: dict[int, naming.Policy] = {row.structure_id: row for row in self.filter(structure__in=line)}
        return nearest(line, found) or naming.DEFAULT

    def own(self, structure: Structure) -> "NamingPolicy":
        """The structure's own, else one that is not written yet and says what it lives by."""
        if row := self.filter(structure=structure).first():
            return row
        known = self.of(structure)
        return NamingPolicy(structure=structure, **{name: getattr(known, name) for name in NAMING})


class NamingPolicy(models.Model):
    """A `naming.Policy`, kept: it serves the structure and all below it that have none of their own."""

    structure = models.OneToOneField(Structure, models.CASCADE, related_name="naming_policy")
    person_pattern = models.CharField(
        "BAL nominatives",
        max_length=20,
        choices=naming.PersonPattern,
        default=naming.DEFAULT.person_pattern,
    )
    shared_pattern = models.CharField(
        "BAL organisationnelles et de cabinet",
        max_length=20,
        choices=naming.SharedPattern,
        default=naming.DEFAULT.shared_pattern,
        help_text="Un élément distinctif, comme le lieu, évite la confusion entre deux structures au nom proche.",
    )
    compounds = models.CharField(
        "noms et prénoms composés", max_length=10, choices=naming.Compounds, default=naming.DEFAULT.compounds
    )
    apostrophes = models.CharField(
        "apostrophes",
        max_length=10,
        choices=naming.Apostrophes,
        default=naming.DEFAULT.apostrophes,
        help_text="L’apostrophe est permise dans une adresse, mais beaucoup de logiciels la refusent.",
    )
    particles = models.CharField(
        "particules (de, du, d’)", max_length=10, choices=naming.Particles, default=naming.DEFAULT.particles
    )
    max_length = models.PositiveSmallIntegerField(
        "longueur avant le @, au plus",
        default=naming.LONGEST_LOCAL,
        validators=[MinValueValidator(8), MaxValueValidator(naming.LONGEST_LOCAL)],
    )

    objects = NamingPolicyQuerySet.as_manager()

    class Meta:
        verbose_name = "règle de nommage"
        verbose_name_plural = "règles de nommage"

    def __str__(self):
        return f"règle de nommage {of(self.structure)}"


class OpeningDraft(models.Model):
    """A request that its author has begun, step by step.

    A row and not the session: the session ends with the browser or after two idle hours, and one who lacks a FINESS or
    a colleague's RPPS comes back another day, maybe on another device. Nothing of the register is written before the
    end; a draft is seen by its author alone, and purged when it is left alone.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="opening_drafts")
    answers = models.JSONField("réponses", default=dict)  # step -> what was typed, read anew by the step's form
    created_at = models.DateTimeField("commencé le", default=timezone.now)
    changed_at = models.DateTimeField("repris le", default=timezone.now)

    class Meta:
        verbose_name = "brouillon de demande"
        verbose_name_plural = "brouillons de demande"
        ordering = ["-changed_at"]

    def __str__(self):
        return f"brouillon du {day_of(self.created_at)}"
