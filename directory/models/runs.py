"""The runs that updated our copy from a source, what each changed and what it put aside."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from directory.clocks import heard_of
from directory.memory import once
from directory.pictures import public_sources, ranking_sources
from directory.prepared import prepared

SILENT_FOR = timedelta(minutes=5)  # without a sign of life a run is dead


class SyncRunQuerySet(models.QuerySet):
    def applied(self):
        """Runs after which our copy is known to be that of their source."""
        return self.filter(status__in=[SyncRun.Status.APPLIED, SyncRun.Status.UNCHANGED])

    def latest_of(self, source="extraction"):
        return self.applied().filter(source=source).order_by("-started_at").first()

    def at_work(self):
        return self.filter(status__in=[SyncRun.Status.WAITING, SyncRun.Status.RUNNING])

    def alive(self, now):
        """At work or waiting, and heard of lately."""
        return self.at_work().filter(heard_of("seen_at", now, SILENT_FOR))

    def silent(self, now):
        """At work or waiting, and without a sign of life: their process died, or never began."""
        return self.at_work().exclude(heard_of("seen_at", now, SILENT_FOR))

    def latest_of_each(self):
        """The latest of every source."""
        latest = self.applied().filter(source=OuterRef("source")).order_by("-started_at").values("pk")[:1]
        return self.filter(pk=Subquery(latest)).order_by("source")

    def last_of_each(self):
        """The last attempt of every source, whatever came of it."""
        last = self.filter(source=OuterRef("source")).order_by("-started_at").values("pk")[:1]
        return self.filter(pk=Subquery(last)).order_by("source")

    def latest_public(self):
        """The run that brought the latest picture of the public annuaire, from whichever source."""
        return self._latest_of(public_sources())

    def latest_ranking(self):
        """The run that brought the latest picture of which mailboxes are preferred; None where no source tells."""
        return self._latest_of(ranking_sources())

    def _latest_of(self, sources):
        runs = [run for run in once("latest_runs", _latest_two) if run.source in sources]
        return max(runs, key=lambda run: run.as_of, default=None)

    def latest_two(self):
        """Both in one query: most pages that ask for the one ask for the other."""
        rows = self.applied().order_by(Coalesce("generated_at", "started_at").desc())
        latest = [rows.filter(source__in=sources).values("pk")[:1] for sources in (public_sources(), ranking_sources())]
        return self.filter(Q(pk=Subquery(latest[0])) | Q(pk=Subquery(latest[1]))).order_by()


@prepared
def _latest_two():
    return SyncRun.objects.latest_two()


class SyncRun(models.Model):
    """One attempt to update our copy from a source.

    Its progress is written outside the transaction that applies it, its end inside.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "en attente"
        RUNNING = "running", "en cours"
        APPLIED = "applied", "appliquée"
        UNCHANGED = "unchanged", "sans changement"
        REFUSED = "refused", "refusée"
        FAILED = "failed", "en échec"
        DRY_RUN = "dry-run", "simulation"

    class Phase(models.TextChoices):
        """What a run at work is doing; the last has no measure, for nothing of it is seen before its end."""

        FETCHING = "fetching", "téléchargement"
        READING = "reading", "lecture"
        WRITING = "writing", "comparaison et écriture"

    source = models.CharField("source", max_length=30)
    status = models.CharField("état", max_length=10, choices=Status, default=Status.RUNNING)
    phase = models.CharField("phase", max_length=10, choices=Phase, default=Phase.FETCHING, db_default=Phase.FETCHING)
    reason = models.TextField("raison", blank=True)
    started_at = models.DateTimeField("début", default=timezone.now)
    seen_at = models.DateTimeField("dernier signe de vie", default=timezone.now)
    finished_at = models.DateTimeField("fin", null=True, blank=True)
    generated_at = models.DateTimeField("date du fichier", null=True, blank=True)
    origin = models.CharField("origine", max_length=500, blank=True)
    bytes_read = models.BigIntegerField("octets lus", default=0)
    bytes_total = models.BigIntegerField("octets à lire", default=0)
    lines = models.PositiveIntegerField("lignes", default=0)
    rejected = models.PositiveIntegerField("lignes écartées", default=0)
    addresses = models.PositiveIntegerField("adresses", default=0)  # or people, or domains: distinct keys
    appeared = models.PositiveIntegerField("apparues", default=0)
    changed = models.PositiveIntegerField("modifiées", default=0)
    withdrawn = models.PositiveIntegerField("retirées", default=0)
    seconds = models.FloatField("durée (s)", default=0)
    preview = models.JSONField("aperçu d'une simulation", default=list, blank=True)  # the first would-be changes
    upload = models.JSONField(null=True, blank=True)  # of a file not yet read to its end: where it lies, what was asked

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = "synchronisation"
        ordering = ["-started_at"]

    def __str__(self):
        return f"{self.source} du {timezone.localtime(self.started_at):%d/%m/%Y %H:%M}"

    @property
    def percent(self) -> int:
        """How much of the source has been fetched, then read, from 0 to 100."""
        return min(100, 100 * self.bytes_read // self.bytes_total) if self.bytes_total else 0

    @property
    def is_measured(self) -> bool:
        """Is there a percentage to show of what it is doing?"""
        return self.status == self.Status.RUNNING and self.phase != self.Phase.WRITING and bool(self.bytes_total)

    @property
    def is_over(self) -> bool:
        return self.status not in (self.Status.WAITING, self.Status.RUNNING)

    @property
    def as_of(self):
        """The date of the picture this run brought: the file's own stamp, else when it was fetched."""
        return self.generated_at or self.started_at

    @property
    def is_stale(self) -> bool:
        conf = settings.DIRECTORY_SOURCES.get(self.source, {})
        return timezone.now() - self.as_of > conf.get("STALE_AFTER", settings.ANNUAIRE_STALE_AFTER)


class SourceState(models.Model):
    """What we hold of a source; its row is the lock that lets one run at a time apply."""

    source = models.CharField("source", max_length=30, primary_key=True)
    generated_at = models.DateTimeField("date du fichier", null=True, blank=True)
    # What was asked of a source of which we keep a part: when it differs, absences may be of our own making.
    scope = models.CharField("périmètre", max_length=32, blank=True)
    lines = models.PositiveIntegerField("lignes du fichier", default=0)

    class Meta:
        verbose_name = "état d'une source"

    def __str__(self):
        return self.source


class RejectedLine(models.Model):
    """A line of a source put aside, so that nothing is lost in silence."""

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="rejected_lines")
    number = models.PositiveIntegerField("ligne")
    reason = models.CharField("raison", max_length=300)
    text = models.TextField("contenu")

    class Meta:
        verbose_name = "ligne écartée"
        verbose_name_plural = "lignes écartées"
        ordering = ["number"]

    def __str__(self):
        return f"ligne {self.number} : {self.reason}"


class Change(models.Model):
    """What a run changed for one key of its source. The first load of a source is a baseline: it records none."""

    class Kind(models.TextChoices):
        APPEARED = "appeared", "apparue"
        CHANGED = "changed", "modifiée"
        WITHDRAWN = "withdrawn", "absente de l'annuaire public (supprimée, non publiée ou en liste rouge)"

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="changes")
    # The key of what the source is about: an address, a person's national identifier, a domain.
    address = models.CharField("adresse", max_length=254)
    kind = models.CharField("nature", max_length=10, choices=Kind)
    # For "changed": field -> [before, after]; "lines" -> [before, after] when the address changed its number of lines.
    details = models.JSONField("détail", default=dict, blank=True)

    class Meta:
        verbose_name = "changement"
        indexes = [models.Index(fields=["address"], name="change_address")]

    def __str__(self):
        return f"{self.address} {self.get_kind_display()}"


class Figure(models.Model):
    """How many published BAL of one sort there were after a run; written once per run, never worked out for a page."""

    class Dimension(models.TextChoices):
        TOTAL = "total", "ensemble"
        KIND = "kind", "type de BAL"
        DEPARTMENT = "department", "département"
        STRUCTURE = "structure", "nature de structure"
        IDENTIFIER = "identifier", "identifiant de structure"
        PROFESSION = "profession", "profession"
        DOMAIN = "domain", "domaine"

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="figures")
    dimension = models.CharField("dimension", max_length=10, choices=Dimension)
    key = models.TextField("clé", blank=True)
    label = models.TextField("libellé", blank=True)
    count = models.PositiveIntegerField("nombre")

    class Meta:
        verbose_name = "chiffre de l'observatoire"
        verbose_name_plural = "chiffres de l'observatoire"
        constraints = [models.UniqueConstraint(fields=["run", "dimension", "key"], name="figure_once")]

    def __str__(self):
        return f"{self.get_dimension_display()} {self.label or self.key} : {self.count}"
