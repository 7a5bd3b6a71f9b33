"""The history of runs, one run as it goes, and a run from an uploaded file."""

import logging
import uuid
from functools import partial
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from kombu.exceptions import OperationalError

from directory.forms import UploadForm
from directory.kept import Kept, kept_of
from directory.models import Change, SyncRun
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
    latest = [(run, kept_of(run.source).nouns) for run in SyncRun.objects.latest_of_each()]
    return render(request, "directory/runs.html", {"page": page, "latest": latest})


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
        "page": page,
        "nouns": kept.nouns,
        "changes": [_shown(kept, c.kind, c.address, c.details) for c in page],
        "preview": [_shown(kept, *change) for change in run.preview],
        "kind": kind,
        "kinds": [(value, kept.label_of(value)) for value in Change.Kind.values],
        "rejected": Paginator(run.rejected_lines.all(), LINES_PER_PAGE).get_page(request.GET.get("rejected")),
    }
    return render(request, "directory/run.html", context)


@user_passes_test(_staff_only)
def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return render(request, "directory/upload.html", {"form": form}, status=422 if form.is_bound else 200)
    file = form.cleaned_data["file"]
    path = _keep(file)
    with transaction.atomic():
        dated = form.cleaned_data["dated"]
        asked = {
            "path": str(path),
            "filename": file.name,
            "tries": 1,
            "dated": dated.isoformat() if dated else None,
            "dry_run": form.cleaned_data["dry_run"],
            "max_withdrawn": 1.0 if form.cleaned_data["accept_withdrawals"] else None,
        }
        run = SyncRun.objects.create(source="extraction", status=SyncRun.Status.WAITING, origin=file.name, upload=asked)
        transaction.on_commit(partial(_start, run))
    messages.success(request, "Le fichier est reçu : sa lecture commence.")
    return redirect("directory:run", pk=run.pk)


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
