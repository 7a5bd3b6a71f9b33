"""The history of runs, one run as it goes, and a run that one asks for: from its address, or from a file."""

import logging
import uuid
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from directory.forms import UploadForm
from directory.kept import TITLES, Kept, kept_of, title_of
from directory.models import Change, SyncRun
from directory.sources import get_source, source_class
from directory.sources.published import PublishedFile
from directory.tasks import sync_upload, uploads

logger = logging.getLogger(__name__)

RUNS_PER_PAGE = 25
LINES_PER_PAGE = 50


def _staff_only(user) -> bool:
    if not user.is_staff:
        raise PermissionDenied
    return True


def runs(request: HttpRequest) -> HttpResponse:
    page = Paginator(SyncRun.objects.defer("preview"), RUNS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [(run, title_of(run.source)) for run in page]
    return render(request, "directory/runs.html", {"page": page, "rows": rows, "sources": described_sources()})


class DescribedSource(NamedTuple):
    """A source as whoever looks after the copy sees it: what we hold of it, and what came of the last attempt."""

    name: str
    title: str
    purpose: str
    nouns: str
    address: str  # where it is fetched from; "" where no setting says it
    takes_files: bool
    latest: SyncRun | None  # that brought our picture
    attempt: SyncRun | None  # the last, where it did not


def described_sources() -> list[DescribedSource]:
    """Sources that are fetched, that take a file, or of which we hold something."""
    latest = {run.source: run for run in SyncRun.objects.latest_of_each()}
    attempts = {run.source: run for run in SyncRun.objects.last_of_each()}
    found = []
    for name, (title, purpose) in TITLES.items():
        address, takes_files = get_source(name).origin, issubclass(source_class(name), PublishedFile)
        run, attempt = latest.get(name), attempts.get(name)
        if address or takes_files or run:
            other = attempt if attempt != run else None
            nouns = kept_of(name).nouns
            found.append(DescribedSource(name, title, purpose, nouns, address, takes_files, run, other))
    return found


def run(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(SyncRun, pk=pk)
    kept = kept_of(run.source)
    if request.headers.get("HX-Request"):  # the page asks for its progress alone while the run lasts
        response = render(request, "directory/_progress.html", {"run": run, "nouns": kept.nouns})
        if run.is_over:
            response["HX-Refresh"] = "true"
        return response
    kind = request.GET.get("kind", "")
    changes = run.changes.order_by("id")
    if kind in Change.Kind.values:
        changes = changes.filter(kind=kind)
    page = Paginator(changes, LINES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "run": run,
        "title": title_of(run.source),
        "page": page,
        "nouns": kept.nouns,
        "changes": [_shown(kept, c.kind, c.address, c.details) for c in page],
        "preview": [_shown(kept, *change) for change in run.preview],
        "kind": kind,
        "kinds": [(value, kept.label_of(value)) for value in Change.Kind.values],
        "rejected": Paginator(run.rejected_lines.all(), LINES_PER_PAGE).get_page(request.GET.get("rejected")),
    }
    return render(request, "directory/run.html", context)


@require_POST
@user_passes_test(_staff_only)
def download(request: HttpRequest) -> HttpResponse:
    """Fetch a source now: one run of it at a time."""
    name = request.POST.get("source", "")
    if name not in settings.DIRECTORY_SOURCES or not get_source(name).origin:
        raise Http404
    if at_work := SyncRun.objects.alive(timezone.now()).filter(source=name).first():
        messages.info(request, "Cette source est déjà en cours de lecture.")
        return redirect("directory:run", pk=at_work.pk)
    run = _queue(name, origin=get_source(name).origin)
    messages.success(request, "Le téléchargement est demandé : il commence dans un instant.")
    return redirect("directory:run", pk=run.pk)


@user_passes_test(_staff_only)
def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None, initial={"source": request.GET.get("source")})
    if not form.is_valid():
        return render(request, "directory/upload.html", {"form": form}, status=422 if form.is_bound else 200)
    file = form.cleaned_data["file"]
    path = _keep(file)
    dated = form.cleaned_data["dated"]
    run = _queue(
        form.cleaned_data["source"],
        origin=file.name,
        path=str(path),
        filename=file.name,
        dated=dated.isoformat() if dated else None,
        dry_run=form.cleaned_data["dry_run"],
        max_withdrawn=1.0 if form.cleaned_data["accept_withdrawals"] else None,
    )
    messages.success(request, "Le fichier est reçu : sa lecture commence.")
    return redirect("directory:run", pk=run.pk)


@transaction.atomic
def _queue(
    source: str, *, origin: str, path="", filename="", dated: str | None = None, dry_run=False,
    max_withdrawn: float | None = None,
) -> SyncRun:  # fmt: skip
    """A run that waits for a worker: of a file where `path` says which, else of the source's address."""
    asked = {
        "path": path, "filename": filename, "tries": 1, "dated": dated, "dry_run": dry_run,
        "max_withdrawn": max_withdrawn,
    }  # fmt: skip
    run = SyncRun.objects.create(source=source, status=SyncRun.Status.WAITING, origin=origin, upload=asked)
    transaction.on_commit(partial(_start, run))
    return run


def _keep(file: UploadedFile) -> Path:
    uploads().mkdir(parents=True, exist_ok=True)
    path = uploads() / uuid.uuid4().hex  # never the name that the browser gave
    try:
        with path.open("wb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
    except OSError:  # a full disk
        path.unlink(missing_ok=True)
        raise
    return path


def _start(run: SyncRun) -> None:
    try:
        sync_upload.delay(run.pk)
    except OperationalError:
        logger.exception("The run %s could not be queued: it will be taken up later", run.pk)


def _shown(kept: Kept, kind: str, key: str, details: dict[str, list]) -> tuple:
    named = [(kept.labels.get(field, field), before, after) for field, (before, after) in details.items()]
    return key, kept.label_of(kind), named
