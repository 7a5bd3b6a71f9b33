"""The gaps between the register and the annuaire: the list, one of them, its export, and a remedy for those ticked."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from directory.csv_files import csv_lines
from directory.models import SyncRun
from mailboxes import actions
from mailboxes.forms import GapFilterForm, RemedyForm
from mailboxes.gaps import COLUMNS, REMEDIES, SITUATIONS, Gap, Gaps, request_for
from mailboxes.lifecycle import Act
from mailboxes.models import JournalEntry
from mailboxes.rules import allows, check_act, check_read_history, check_somewhere, may_at
from mailboxes.views.files import csv_file
from mailboxes.views.register import tell_tally

PER_PAGE = 25
RECENT = 10


@dataclass
class ReadGaps:
    """The gaps of which some are read already."""

    gaps: Gaps
    start: int
    rows: list[Gap]

    def __getitem__(self, cut: slice) -> list[Gap]:
        return self.rows if cut.start == self.start else self.gaps[cut]


def _page_number(request) -> int:
    said = request.GET.get("page", "")
    return max(int(said[:6]), 1) if said.isascii() and said.isdigit() else 1


def gap_list(request):
    form = GapFilterForm(request.GET, user=request.user)
    gaps = form.asked()
    start = PER_PAGE * (_page_number(request) - 1)
    counts, rows = gaps.counted(start, start + PER_PAGE)
    read = ReadGaps(gaps, start, rows)
    paginator: Paginator = Paginator(read, PER_PAGE)  # type: ignore[arg-type]
    wanted = [n for (name, status), n in counts.items() if gaps.situation in ("", name) and gaps.status in ("", status)]
    paginator.count = sum(wanted)  # known already: not counted again
    run = SyncRun.objects.latest_public()
    remedies = [act for act in REMEDIES if allows(check_somewhere, act, by=request.user)]
    return render(
        request,
        "mailboxes/gaps/list.html",
        {
            "form": form,
            "page": paginator.get_page(request.GET.get("page")),
            "situation": next((s for s in SITUATIONS if s.name == gaps.situation), None),
            "situations": [(s, counts.get((s.name, "open"), 0)) for s in SITUATIONS],
            "is_fresh": bool(run and not run.is_stale),
            "remedies": remedies,
            "can_mend": bool(remedies),
        },
    )


def gap(request, situation, structure, address):
    found = Gaps.visible_to(request.user).keyed([f"{situation}:{structure}:{address}"])
    if not found:
        raise Http404
    row = found[0]
    lines = row.bal.journal if row.bal else JournalEntry.objects.filter(structure=row.structure, address=row.address)
    if row.bal and not allows(check_read_history, row.bal, by=request.user):
        lines = lines.none()
    return render(
        request,
        "mailboxes/gaps/gap.html",
        {
            "gap": row,
            "remedies": [act for act in row.situation.remedies if may_at(act, row.structure_id, by=request.user)],
            "can_correct": bool(row.bal and allows(check_act, row.bal, Act.CORRECT, by=request.user)),
            "request_text": request_for(row) if Act.ASK_OPERATOR in row.situation.remedies else "",
            "journal": lines.select_related("by", "person", "signatory")[:RECENT],
        },
    )


def gap_export(request):
    gaps = GapFilterForm(request.GET, user=request.user).asked()
    actions.trace(request.user, "export", f"écarts, {request.GET.urlencode()}")
    return csv_file("ecarts-annuaire", csv_lines(COLUMNS, gaps))


@require_POST
def gap_bulk(request):
    """First what will be done is shown for confirmation; once confirmed, each is mended or says why not."""
    if len(request.POST.getlist("gaps")) > PER_PAGE:
        return HttpResponseBadRequest("Trop d’adresses à la fois.")
    form = RemedyForm(request.POST, user=request.user)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect("gap-list")
    if "confirmed" in request.POST:
        tell_tally(request, form.act, form.perform(by=request.user))
        return redirect("gap-list")
    return render(
        request,
        "mailboxes/gaps/bulk.html",
        {
            "form": form,
            "act": form.act,
            "rows": [(gap, request_for(gap) if form.act == Act.ASK_OPERATOR else "") for gap in form.gaps],
        },
    )
