"""The observatory's figures: counted once per run, set by set in SQL, read by the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from directory.models import Entry, Figure, SyncRun, current_in_sql
from directory.pictures import public_sources

ENTRY = Entry._meta.db_table
FIGURE = Figure._meta.db_table
CURRENT = current_in_sql("e")
Dimension = Figure.Dimension
KEPT_DAILY = timedelta(days=35)  # beyond it one run a month is kept

# Words of the name that tell what a structure is; the file says it nowhere. The first that fits.
STRUCTURES = {
    "ehpad": ("EHPAD", ["EHPAD", "RETRAITE"]),
    "ssiad": ("SSIAD et services à domicile", ["SSIAD", "SPASAD", "SOINS INFIRMIERS A DOMICILE"]),
    "had": ("hospitalisation à domicile", ["HAD ", "HOSPITALISATION A DOMICILE", "HOSPITALISATION À DOMICILE"]),
    "hospital": ("hôpital", ["HOPITAL", "HÔPITAL", "HOPITAUX", "HOSPITALIER", "CHU ", "CHR ", "CH ", "CLINIQUE"]),
    "laboratory": ("laboratoire", ["LABORATOIRE", "BIOLOGIE", "LABM", "SELAS BIO"]),
    "imaging": ("imagerie", ["IMAGERIE", "RADIOLOGIE", "SCANNER", "IRM"]),
    "pharmacy": ("pharmacie", ["PHARMACIE"]),
    "house": ("maison ou centre de santé", ["MAISON DE SANTE", "MAISON DE SANTÉ", "MSP ", "CENTRE DE SANTE",
                                            "CENTRE DE SANTÉ", "CENTRE MEDICAL"]),
    "network": ("CPTS ou réseau", ["CPTS", "RESEAU", "RÉSEAU", "COMMUNAUTE PROFESSIONNELLE", "DAC "]),
    "practice": ("cabinet", ["CABINET", "CAB "]),
}  # fmt: skip
IDENTIFIERS = {
    "0": "RPPS de cabinet (ancien)", "1": "FINESS", "2": "SIREN", "3": "SIRET", "4": "cabinet (RPPS-rang)",
    "5": "cabinet (ADELI-rang)", "6": "numéro de licence", "": "sans structure",
}  # fmt: skip


NAME = "upper(coalesce(nullif(e.structure_name, ''), e.trade_name))"


def _structure(name: str) -> str:
    """The CASE that tells the nature of a structure; a name is looked at with a space before and after."""
    name = f"(' ' || {name} || ' ')"
    cases = [f"WHEN {_holds_any(name, words)} THEN '{key}'" for key, (_, words) in STRUCTURES.items()]
    return f"CASE WHEN {name} = '  ' THEN '' {' '.join(cases)} ELSE 'other' END"


def _holds_any(name: str, words: list[str]) -> str:
    """The SQL that asks whether a text holds any of these words. The percent signs are doubled: the query takes
    values."""
    return " OR ".join(f"{name} LIKE '%% {word}%%'" for word in words)


# dimension -> its key and its label, in SQL, of a row of the two tables below
SQL = {
    Dimension.TOTAL: ("''", "''"),
    Dimension.KIND: ("e.kind", "e.kind"),
    Dimension.DEPARTMENT: ("e.department", "e.department"),
    Dimension.STRUCTURE: ("e.name", "''"),
    Dimension.IDENTIFIER: ("e.structure_id_type", "''"),
    Dimension.PROFESSION: ("e.profession_code", "e.profession"),
    Dimension.DOMAIN: ("e.domain", "e.domain"),
}
LABELS = {
    Dimension.STRUCTURE: {key: label for key, (label, _) in STRUCTURES.items()}
    | {"": "sans structure", "other": "autre ou inconnue"},
    Dimension.IDENTIFIER: IDENTIFIERS,
}
SEVERAL = f"""
    CREATE TEMP TABLE figure_several AS SELECT address FROM {ENTRY} e WHERE e.source = %s AND {CURRENT}
    GROUP BY address HAVING count(*) > 1"""
FACTS = f"e.kind, e.department, {NAME} AS name, e.structure_id_type, e.profession_code, e.domain"
# The lines are read once, and the dimensions counted over what is alike in all of them, a fraction of the lines.
BOXES = f"""
    CREATE TEMP TABLE figure_boxes AS SELECT {FACTS}, max(e.profession) AS profession, count(*) AS boxes
    FROM {ENTRY} e WHERE e.source = %s AND {CURRENT} AND e.address NOT IN (SELECT address FROM figure_several)
    GROUP BY 1, 2, 3, 4, 5, 6"""
# An address on several lines is one box: those few are counted apart, for count(DISTINCT) would sort them all.
LINES = f"""
    CREATE TEMP TABLE figure_lines AS SELECT {FACTS}, e.profession, e.address
    FROM {ENTRY} e WHERE e.source = %s AND {CURRENT} AND e.address IN (SELECT address FROM figure_several)"""
TABLES = {"figure_several": SEVERAL, "figure_boxes": BOXES, "figure_lines": LINES}
COUNT = """
    INSERT INTO {figure} (run_id, dimension, "key", label, "count")
    SELECT %s, %s, {final}, max(label), sum(boxes) FROM (
        SELECT {key} AS part, max({label}) AS label, sum(boxes) AS boxes FROM figure_boxes e GROUP BY 1
        UNION ALL
        SELECT {key}, max({label}), count(DISTINCT e.address) FROM figure_lines e GROUP BY 1) counted
    GROUP BY {final}"""


@contextmanager
def _by_way_of_the_disk(cursor: Any) -> Iterator[None]:
    """SQLite sorts in memory as much as its cache may hold: 48 MB of ours, beside all that a run holds already."""
    if connection.vendor != "sqlite":
        yield
        return
    usual = cursor.execute("PRAGMA cache_size").fetchone()[0]
    cursor.execute("PRAGMA cache_size=-8000")
    try:
        yield
    finally:
        cursor.execute(f"PRAGMA cache_size={int(usual)}")


def record(run: SyncRun) -> None:
    """Count the boxes of the run's source, once; a run that changed nothing adds no point to the curve."""
    if run.source not in public_sources() or not Entry.objects.current().filter(source=run.source).exists():
        return
    if run.status == SyncRun.Status.UNCHANGED and Figure.objects.filter(run__source=run.source).exists():
        return
    with transaction.atomic(), connection.cursor() as cursor, _by_way_of_the_disk(cursor):
        Figure.objects.filter(run=run).delete()
        for made in TABLES.values():
            cursor.execute(made, [run.source])
        for dimension, (key, label) in SQL.items():
            # A nature is told once for each name, not for each box.
            final = _structure("part") if dimension is Dimension.STRUCTURE else "part"
            cursor.execute(COUNT.format(key=key, label=label, final=final, figure=FIGURE), [run.pk, dimension.value])
        for name in TABLES:
            cursor.execute(f"DROP TABLE {name}")
    prune(run.source)


def prune(source: str) -> None:
    """Keep each run's figures for some weeks, then those of the last run of each month."""
    old = SyncRun.objects.filter(source=source, started_at__lt=timezone.now() - KEPT_DAILY, figures__isnull=False)
    monthly = old.annotate(month=TruncMonth("started_at")).values("month").annotate(last=Max("pk")).order_by()
    kept = [row["last"] for row in monthly]
    Figure.objects.filter(run__in=old.exclude(pk__in=kept).values("pk")).delete()


def label_of(dimension: str, key: str, label: str) -> str:
    known = LABELS.get(Dimension(dimension), {}).get(key)
    return known or label or key or "non renseigné"


def runs_counted() -> QuerySet[Any]:
    """The runs that have figures, with their `total`, the latest first; of one source, or the curve would leap."""
    counted = SyncRun.objects.filter(figures__dimension=Dimension.TOTAL).order_by("-started_at")
    source = next((name for name in public_sources() if counted.filter(source=name).exists()), "")
    return counted.filter(source=source).annotate(total=F("figures__count"))


def latest(dimension: str) -> QuerySet[Figure]:
    return Figure.objects.filter(run=runs_counted()[:1], dimension=dimension)
