"""Operators' lists brought in: each file, what became of each of its lines, and how its columns are read."""

from datetime import timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from directory.clocks import heard_of
from directory.dates import moment_of
from directory.typography import how_many, of
from mailboxes.imports.sorts import ListSort
from mailboxes.models import bulk
from mailboxes.models.bals import Bal
from mailboxes.models.operators import Operator
from mailboxes.models.people import Person
from mailboxes.models.structures import Structure
from mailboxes.models.system import SYSTEM
from mailboxes.models.thresholds import chosen

SHOWN = ("service", "description", "liste_rouge", "last_used_at", "used_mb", "quota_mb")  # of what a line changes
SILENT_FOR = timedelta(minutes=5)  # after which who was at work is taken for dead
STRAY_AFTER = timedelta(days=1)  # a file that no import needs: it may be on its way
CREATED: dict[str, str] = {ListSort.BAL: "BAL", ListSort.PEOPLE: "personne", ListSort.ACCESSES: "ligne"}


class ColumnMapping(models.Model):
    """How a structure last read a list of an operator with these headers: proposed for the next such one."""

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="column_mappings")
    operator = models.ForeignKey(Operator, models.CASCADE, null=True, related_name="column_mappings")
    signature = models.CharField("empreinte des en-têtes", max_length=64)
    fields = models.JSONField("champ de chaque en-tête", default=dict)  # folded header -> field, "" when not read
    size_unit = models.CharField("unité des tailles", max_length=2, blank=True)
    date_order = models.CharField("ordre des dates", max_length=3, blank=True)
    state_words = models.JSONField("mots de l’état", default=dict)  # state_key -> name of a Said
    default_kind = models.CharField("type par défaut", max_length=3, choices=Bal.Kind, blank=True)
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "lecture des colonnes"
        verbose_name_plural = "lectures des colonnes"
        constraints = [
            models.UniqueConstraint(fields=["structure", "operator", "signature"], name="column_mapping_once")
        ]

    def __str__(self):
        return f"colonnes {of(self.operator)}"


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(structure__in=Structure.objects.visible_to(user).values("pk"))

    def interrupted(self, now):
        """Imports at work by their stage, and silent: their process died, or never began."""
        return self.filter(stage__in=Import.AT_WORK).exclude(heard_of("seen_at", now, SILENT_FOR))

    def needing_file(self):
        """Imports whose file is still to be read."""
        done = (Import.Stage.APPLIED, Import.Stage.UNDOING, Import.Stage.UNDONE)
        return self.exclude(stored="").exclude(stage__in=done)

    def outdated(self, now):
        """Imports of which nothing is to be kept any longer."""
        before = self.filter(at__lt=now - chosen.IMPORTS_KEPT).exclude(stage__in=Import.AT_WORK)
        return before.exclude(stored="", sample=[])


class Import(models.Model):
    """One file of an operator, or of the people and accesses of a structure, for it and all below it.

    `done` is the last line treated in the present stage. It moves in the very transaction that writes the lines, under
    the row's lock: whoever dies, whoever runs twice, each line is treated once.
    """

    class Stage(models.TextChoices):
        OPENING = "opening", "lecture du fichier en cours"
        RECEIVED = "received", "colonnes à vérifier"
        READING = "reading", "simulation en cours"
        PREVIEWED = "previewed", "aperçu : rien n’a encore été modifié"
        APPLYING = "applying", "en cours d’application"
        APPLIED = "applied", "appliqué"
        UNDOING = "undoing", "annulation en cours"
        UNDONE = "undone", "annulé"
        FAILED = "failed", "refusé"

    AT_WORK = (Stage.OPENING, Stage.READING, Stage.APPLYING, Stage.UNDOING)
    COUNTED = ("created", "updated", "unchanged", "rejected", "absent", "corrected")

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="imports")
    sort = models.CharField("contenu", max_length=10, choices=ListSort, default=ListSort.BAL, db_default=ListSort.BAL)
    operator = models.ForeignKey(  # of a list of BAL alone
        Operator, models.PROTECT, null=True, blank=True, related_name="imports", verbose_name="opérateur"
    )
    # Of accesses: who answers for them said so, to whom and how.
    vouched = models.CharField("confirmé par", max_length=300, blank=True, db_default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="par")
    at = models.DateTimeField("reçu le", default=timezone.now)
    as_of = models.DateTimeField("date de la liste", default=timezone.now)
    file_name = models.CharField("fichier", max_length=200)
    sha256 = models.CharField("empreinte", max_length=64)
    stored = models.CharField("gardé sous", max_length=40, blank=True)  # in `folder()`; empty once applied or purged

    headers = models.JSONField("en-têtes", default=list)
    header_number = models.PositiveIntegerField("ligne des en-têtes", default=0)
    columns = models.JSONField("champ de chaque colonne", default=list)
    sample = models.JSONField("premières lignes", default=list)  # number and cells of each, as texts
    sheets = models.JSONField("feuilles", default=list)  # of a workbook; empty for a text
    sheet = models.CharField("feuille", max_length=100, blank=True)
    head = models.JSONField("début du fichier", default=list)  # number and cells, to choose the line of headers
    judged = models.JSONField("lecture des colonnes", default=dict)  # a Survey, once the whole has been read
    mended = models.JSONField("lignes corrigées", default=dict)  # number -> cells, in place of the file's
    # "" for what the columns tell.
    size_unit = models.CharField("unité des tailles", max_length=2, blank=True)
    date_order = models.CharField("ordre des dates", max_length=3, blank=True)
    state_words = models.JSONField("mots de l’état", default=dict)  # state_key -> name of a Said
    default_kind = models.CharField("type par défaut", max_length=3, choices=Bal.Kind, blank=True)

    stage = models.CharField("étape", max_length=10, choices=Stage, default=Stage.RECEIVED, editable=False)
    reason = models.TextField("raison", blank=True)
    done = models.PositiveIntegerField("lignes traitées", default=0)
    total = models.PositiveIntegerField("lignes", default=0)  # known once the file has been read to its end
    percent = models.PositiveSmallIntegerField("avancement (%)", default=0)
    created = models.PositiveIntegerField("inscrites", default=0)
    updated = models.PositiveIntegerField("mises à jour", default=0)
    unchanged = models.PositiveIntegerField("inchangées", default=0)
    rejected = models.PositiveIntegerField("rejetées", default=0)
    absent = models.PositiveIntegerField("absentes du fichier", default=0)
    corrected = models.PositiveIntegerField("lues avec une remarque", default=0)
    seen_at = models.DateTimeField("dernier signe de vie", default=timezone.now)
    applied_at = models.DateTimeField("appliqué le", null=True, blank=True)
    undone_at = models.DateTimeField("annulé le", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="annulé par"
    )

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["sha256"], name="import_of_content")]

    def __str__(self):
        return f"import n° {self.pk} ({self.file_name})"

    def get_absolute_url(self):
        return reverse("import", args=[self.pk])

    @property
    def source(self) -> str:
        """Whose list it is, in words: an operator's, else what it holds."""
        return str(self.operator or self.get_sort_display())

    @staticmethod
    def folder() -> Path:
        return settings.VAR_DIR / "imports"

    @property
    def path(self) -> Path:
        return self.folder() / self.stored

    @property
    def actor(self):
        return self.by or SYSTEM

    @property
    def note(self) -> str:
        """What the journal says of whatever the import writes begins so."""
        return f"{capfirst(str(self))}."

    @property
    def is_at_work(self) -> bool:
        return self.stage in self.AT_WORK

    @property
    def is_over(self) -> bool:
        return self.stage in (self.Stage.APPLIED, self.Stage.UNDONE, self.Stage.FAILED)

    @property
    def forecasts(self) -> bool:
        """True while its lines tell what would be done."""
        return self.stage in (self.Stage.READING, self.Stage.PREVIEWED)

    @property
    def created_said(self) -> str:
        """« 3 BAL », « 2 personnes »; of accesses, a line may give several."""
        return how_many(self.created, CREATED[self.sort])

    @property
    def accepted(self) -> int:
        return self.created + self.updated + self.unchanged


class ImportLineQuerySet(models.QuerySet):
    def corrected(self):
        return self.exclude(outcome=ImportLine.Outcome.REJECTED).exclude(remark="")

    def absent_from(self, run: "Import", bals: models.QuerySet[Bal]) -> int:
        """Keep those of `bals` that no line of the import names; how many."""
        named = run.lines.exclude(number=None)
        # By its alias a BAL is named too.
        gone = bals.exclude(address__in=named.values("address")).exclude(
            pk__in=named.filter(bal__isnull=False).values("bal")
        )
        gone = gone.order_by("address")
        rows = gone.values_list("pk", "address").iterator(chunk_size=2000)
        count = 0
        while some := list(islice(rows, 2000)):
            count += len(some)
            bulk.insert([self.model(run=run, bal_id=pk, address=address, outcome="absent") for pk, address in some])
        return count

    def writing(self):
        """Lines that wrote something which an undoing takes back; what a move told people stays told."""
        created = models.Q(outcome=ImportLine.Outcome.CREATED)
        return self.filter(created | ~models.Q(before={}) | models.Q(reading_id__isnull=False)).filter(verb="")


class ImportLine(models.Model):
    """What became of a line, or would; and of a BAL that no line names (`number` is then empty)."""

    class Outcome(models.TextChoices):
        CREATED = "created", "inscrite"
        UPDATED = "updated", "mise à jour"
        UNCHANGED = "unchanged", "inchangée"
        REJECTED = "rejected", "rejetée"
        ABSENT = "absent", "connue ici, absente du fichier"

    run = models.ForeignKey(Import, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField("ligne", null=True)
    address = models.CharField("adresse", max_length=254, blank=True)
    outcome = models.CharField("résultat", max_length=10, choices=Outcome)
    remark = models.TextField("remarque", blank=True)  # why it is rejected, or how what is doubtful was read
    cells = models.JSONField("contenu", default=list)  # of a rejected line alone, to be corrected and given again
    # What an undoing needs.
    bal = models.ForeignKey(Bal, models.PROTECT, null=True, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # of a list of people
    before = models.JSONField("avant", default=dict)  # column -> value
    after = models.JSONField("après", default=dict)
    reading_id = models.BigIntegerField("relevé", null=True)  # no foreign key: readings are purged by themselves
    verb = models.CharField("ce qui en a été annoncé", max_length=30, blank=True)  # a Verb or an Act
    mark = models.BigIntegerField("dernière ligne de journal", null=True)  # when it was written

    objects = ImportLineQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne d’import"
        verbose_name_plural = "lignes d’import"
        ordering = ["number", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="import_line_once")]
        indexes = [
            models.Index(fields=["run", "address"], name="import_line_address"),
            models.Index(fields=["run", "outcome", "number"], name="import_line_outcome"),
        ]

    def __str__(self):
        return f"ligne {self.number} : {self.get_outcome_display()}"

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """What each column that people read becomes: label, before, after."""
        labels = {one.name: str(one.verbose_name) for one in Bal._meta.concrete_fields}
        named = [name for name in SHOWN if name in self.before]
        return [(labels[name], _shown(self.before[name]), _shown(self.after.get(name))) for name in named]


def _shown(value) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, str) and (moment := parse_datetime(value)):
        return moment_of(moment)
    return "–" if value in (None, "") else str(value)
