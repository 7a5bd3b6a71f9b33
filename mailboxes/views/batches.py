"""Many rows at once: what would be done and what would not, the confirmation, how far it is, the report."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from directory.typography import grouped
from mailboxes.lists import actions
from mailboxes.lists.bulk import KINDS, Kind
from mailboxes.lists.models import SIZES, Batch
from mailboxes.lists.undo import WayBack, way_back, why_none
from mailboxes.rules import Refused
from mailboxes.views.crumbs import crumbs_of
from mailboxes.views.refusals import refusals_told
from mailboxes.views.tally import NAMED, reasons_of, say_tally

RECENT = 50


def picked(request: HttpRequest, name: str) -> list[int]:
    """The rows that were ticked."""
    return [int(pk) for pk in request.POST.getlist(name) if pk.isascii() and pk.isdecimal() and len(pk) < 18]


def asked_of(request: HttpRequest) -> QueryDict:
    """How the list was narrowed, where all its rows are meant."""
    return QueryDict(request.POST.get("query", ""))


def begin(request: HttpRequest, kind: Kind, keys: Iterable) -> HttpResponse:
    """A batch begun from a list: the rows that were ticked or all that it shows, and the act. Nothing is done yet."""
    query = request.POST.get("query", "")
    back = reverse(kind.view) + (f"?{query}" if query else "")
    act = kind.act_offered(request.POST.get("act", ""))
    if act is None:
        messages.error(request, "Choisissez ce qu’il faut faire de la sélection.")
        return redirect(back)
    keys = list(keys)
    if len(keys) <= max(SIZES):  # those that were ticked are anybody's word; those of a list are seen
        keys = [kind.key(row) for row in kind.find(request.user, keys)]
    with refusals_told(request):
        return redirect(actions.begin(kind, act, keys, back=back, by=request.user))
    return redirect(back)


def _find(request, pk) -> Batch:
    return get_object_or_404(Batch.objects.filter(by=request.user), pk=pk)


def batch_list(request):
    rows = Batch.objects.filter(by=request.user).exclude(stage=Batch.Stage.FORESEEN).order_by("-pk")[:RECENT]
    named = [(row, _words(row), grouped(len(row.keys))) for row in rows]
    return render(request, "mailboxes/batches/list.html", {"rows": named})


def _words(row: Batch) -> str:
    kind = KINDS[row.kind]
    act = kind.act_named(row.act)
    return kind.label_of(act) if act else row.act


def batch(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(request, pk)
    kind = KINDS[row.kind]
    if row.stage == Batch.Stage.FORESEEN:
        return _foreseen(request, row, kind)
    if request.headers.get("HX-Request"):  # the page asks for its progress alone while the work lasts
        response = render(request, "mailboxes/batches/_progress.html", {"batch": row})
        if not row.is_at_work:
            response["HX-Refresh"] = "true"
        return response
    facts = {
        "batch": row,
        "label": _words(row),
        "crumbs": crumbs_of(request, follows=True, below=kind.view),
        "noun": kind.nouns[1],
        "reasons": reasons_of((why, label) for label, why in row.refused.values()),
        **_back_of(row),
        "rest": len(row.keys) - row.position if row.stage == Batch.Stage.STOPPED else 0,
    }
    return render(request, "mailboxes/batches/batch.html", facts)


def _foreseen(request: HttpRequest, row: Batch, kind: Kind) -> HttpResponse:
    act = kind.act_named(row.act)
    assert act  # noqa: S101 - it was chosen among the kind's
    foreseen = kind.foresee(request.user, row.keys, act)
    form = kind.form(request.POST if request.method == "POST" else None, act=act)
    if request.method == "POST" and form.is_valid():
        try:
            done = actions.confirm(row, form.cleaned_data, possible=len(foreseen.possible))
        except Refused as refused:
            form.add_error(None, refused)
        else:
            return redirect(_tell(request, done, kind))
    facts = {
        "batch": row,
        "label": kind.label_of(act),
        "crumbs": crumbs_of(request, follows=True, below=kind.view),
        "nouns": kind.nouns,
        "possible": len(foreseen.possible),
        "named": [(str(one), kind.says(one, act)) for one in foreseen.possible[:NAMED]],
        "others": max(0, len(foreseen.possible) - NAMED),
        "impossible": foreseen.refused_count,
        "reasons": reasons_of((why, str(one)) for why, rows in foreseen.refused.items() for one in rows),
        "form": form,
        "is_long": len(row.keys) > actions.PAGE,
        **_back_of(row),
    }
    return render(request, "mailboxes/batches/foreseen.html", facts, status=422 if form.errors else 200)


def _tell(request: HttpRequest, row: Batch, kind: Kind) -> str:
    """A short act is over: what came of it is said on the list that it comes from. A long one has its page."""
    if row.is_at_work:
        return row.get_absolute_url()
    refused = ((why, name) for name, why in row.refused.values())
    say_tally(request, _words(row), row.done, refused, kind.nouns)
    if row.done and _back(row):
        messages.info(request, format_html('<a href="{}">Revenir en arrière</a>', row.get_absolute_url()))
    return row.back


def _back(row: Batch) -> WayBack | None:
    act = KINDS[row.kind].act_named(row.act)
    return way_back(row, act) if act else None


def _back_of(row: Batch) -> dict:
    """The words, for the report, of the act that undoes it, or why none does. Whether it still can be is foreseen row
    by row."""
    act, back = KINDS[row.kind].act_named(row.act), _back(row)
    return {
        "way_back": back,
        "back_label": KINDS[back.kind].label_of(back.act) if back else "",
        "why_no_way_back": why_none(row.kind, act) if act and not back else "",
    }


@require_POST
def batch_stop(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(request, pk)
    with refusals_told(request):
        actions.stop(row)
        messages.success(request, "C’est arrêté : ce qui était fait le reste, la suite ne le sera pas.")
    return redirect(row)


@require_POST
def batch_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """What undoes it, on what was done, foreseen like any other act."""
    row = _find(request, pk)
    back = _back(row)
    if back is None or row.is_at_work or row.stage == Batch.Stage.FORESEEN:
        messages.error(request, _back_of(row)["why_no_way_back"] or "Attendez que ce soit fini, ou arrêtez-le d’abord.")
        return redirect(row)
    keys = back.keys(row)
    if not keys:
        messages.error(request, "Il n’y a plus rien à reprendre : tout a reçu sa réponse, ou est déjà repris.")
        return redirect(row)
    return redirect(actions.begin(KINDS[back.kind], back.act, keys, back=row.back, by=request.user))
