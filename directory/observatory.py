"""The observatory: the figures of the last run, their course run after run, and both as files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst

from directory.csv_files import as_csv
from directory.dates import day_of
from directory.figures import label_of, latest, runs_counted
from directory.models import Figure
from directory.sheets import XLSX, as_xlsx

Dimension = Figure.Dimension
# address -> what it shows
VIEWS = {
    "type": Dimension.KIND,
    "departement": Dimension.DEPARTMENT,
    "structure": Dimension.STRUCTURE,
    "identifiant": Dimension.IDENTIFIER,
    "profession": Dimension.PROFESSION,
    "domaine": Dimension.DOMAIN,
}
BARS = 15
LINES = 100  # of a table; the files hold them all
POINTS = 100  # runs on the curve


def observatory(request: HttpRequest) -> HttpResponse:
    chosen = request.GET.get("par", "type")
    dimension = VIEWS.get(chosen, Dimension.KIND)
    runs = list(runs_counted()[:POINTS])
    figures = list(latest(dimension).order_by("-count", "key")[: LINES + 1])
    total = runs[0].total if runs else 0
    before = _former(runs, dimension, [figure.key for figure in figures])
    lines = [
        {
            "label": label_of(dimension, figure.key, figure.label),
            "count": figure.count,
            "share": 100 * figure.count / total if total else 0,
            "change": figure.count - before.get(figure.key, 0) if len(runs) > 1 else None,
        }
        for figure in figures
    ]
    course = _course(runs)
    context = {
        "tabs": [(name, view.label, name == chosen) for name, view in VIEWS.items()],
        "chosen": chosen if chosen in VIEWS else "type",
        "dimension": dimension,
        "run": runs[0] if runs else None,
        "oldest": runs[-1] if runs else None,
        "total": total,
        "lines": lines[:LINES],
        "is_cut": len(lines) > LINES,
        "bars": BARS,
        "chart": {
            "type": "bar",
            "labels": [line["label"] for line in lines[:BARS]],
            "values": [line["count"] for line in lines[:BARS]],
        },
        "course": course,
        "course_chart": _course_chart(course),
    }
    return render(request, "directory/observatory.html", context)


def _former(runs: list, dimension: str, keys: list[str]) -> dict[str, int]:
    """The same figures at the oldest run shown."""
    if not runs:
        return {}
    rows = Figure.objects.filter(run=runs[-1], dimension=dimension, key__in=keys)
    return dict(rows.values_list("key", "count"))


def _course(runs: list) -> list[dict]:
    """The course, run by run: the date, the total, and how many of each type."""
    kinds: dict[int, dict[str, int]] = {}
    for run, key, count in Figure.objects.filter(run__in=runs, dimension=Dimension.KIND).values_list(
        "run", "key", "count"
    ):
        kinds.setdefault(run, {})[key] = count
    return [{"run": run, "day": run.as_of, "total": run.total, "kinds": kinds.get(run.pk, {})} for run in runs]


def _course_chart(course: list[dict]) -> dict:
    points = [[timezone.localtime(point["day"]).isoformat(), point["total"]] for point in reversed(course)]
    return {"type": "line", "series": [{"label": "BAL publiées", "points": points}]}


def export(request: HttpRequest, view: str, form: str) -> HttpResponse:
    """Every figure kept of one dimension: a line per run and key."""
    if view not in VIEWS:
        raise Http404
    dimension = VIEWS[view]
    figures = (
        Figure.objects.filter(run__in=runs_counted().values("pk"), dimension=dimension)
        .select_related("run")
        .order_by("-run__started_at", "-count", "key")
    )
    header = ["Date", capfirst(dimension.label), "Code", "BAL publiées"]
    rows = ([day_of(f.run.as_of), label_of(dimension, f.key, f.label), f.key, f.count] for f in figures.iterator())
    if form == "csv":
        response = HttpResponse(as_csv(header, rows), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(as_xlsx(dimension.label, header, rows), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="observatoire-{view}.{form}"'
    return response
