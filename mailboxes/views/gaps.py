"""The gaps between the register and the annuaire: the list, one of them, its export, and a remedy for those ticked."""

from dataclasses import dataclass
from functools import cached_property

from django.http import Http404, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from directory.csv_files import csv_lines
from directory.models import SyncRun
from mailboxes import actions
from mailboxes.findings import are_many
from mailboxes.forms import GapFilterForm
from mailboxes.gaps import COLUMNS, REMEDIES, SITUATIONS, Gap, Gaps, request_for
from mailboxes.lifecycle import Act
from mailboxes.lists.bulk import KINDS
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of
from mailboxes.models import JournalEntry, Structure
from mailboxes.rules import allows, check_act, check_read_history, check_somewhere, may_at
from mailboxes.views.batches import asked_of, begin
from mailboxes.views.files import csv_file
from mailboxes.views.findings import said_of_one

RECENT = 10
BULK = KINDS["gaps"]


@dataclass
class ReadGaps:
    """The gaps of which some are read already."""

    gaps: Gaps
    start: int
    rows: list[Gap]

    def __getitem__(self, cut: slice) -> list[Gap]:
        return self.rows if cut.start == self.start else self.gaps[cut]


class GapList(Listing):
    name, view, nouns = "gaps", "gap-list", BULK.nouns
    row, empty = "mailboxes/gaps/_row.html", "mailboxes/gaps/_none.html"
    picks, bulk_view = "gaps", "gap-bulk"
    inline = ("q", "situation", "status")
    implied = frozenset({"status"})
    columns = (
        Column("address", "Adresse"),
        Column("structure", "Structure"),
        Column("situation", "Écart"),
        Column("facts", "Ce qu’on en sait"),
        Column("status", "Suite"),
    )

    @classmethod
    def within(cls, rows: Gaps, place: Structure | None) -> Gaps:
        if place is None:
            return rows
        below = Structure.objects.under(place).values("pk")
        return rows.narrowed(structures=rows.structures.filter(pk__in=below))

    @cached_property
    def read(self) -> tuple[dict[tuple[str, str], int], ReadGaps]:
        """How many of each, and the page's rows, of one reading."""
        size = self.taste.size
        start = size * (_page_number(self.request) - 1)
        counts, rows = self.rows.counted(start, start + size)
        return counts, ReadGaps(self.rows, start, rows)

    def ordered(self) -> ReadGaps:
        return self.read[1]

    def counted(self) -> int:
        gaps, (counts, _) = self.rows, self.read
        return sum(
            n for (name, status), n in counts.items() if gaps.situation in ("", name) and gaps.status in ("", status)
        )


def _page_number(request) -> int:
    said = request.GET.get("page", "")
    return max(int(said[:6]), 1) if said.isascii() and said.isdigit() else 1


def asked(request, said: QueryDict | None = None) -> tuple[GapFilterForm, Gaps]:
    form = GapFilterForm(request.GET if said is None else said, user=request.user)
    return form, GapList.within(form.asked(), place_of(request))


def gap_list(request):
    form, gaps = asked(request)
    gaps = gaps.lately() if are_many(gaps.structures) else gaps
    run = SyncRun.objects.latest_public()
    offered = [*REMEDIES, Act.RESUME_GAP] if gaps.status in ("", "ignored") else REMEDIES
    remedies = [act for act in offered if allows(check_somewhere, act, by=request.user)]
    acts = [(value, label) for value, label in BULK.choices if value in remedies]
    listing = GapList(request, gaps, form=form, acts=acts)
    counts, _ = listing.read
    return render(
        request,
        "mailboxes/gaps/list.html",
        {
            "listing": listing,
            "page": listing.page,
            "situation": next((s for s in SITUATIONS if s.name == gaps.situation), None),
            "situations": [(s, counts.get((s.name, "open"), 0)) for s in SITUATIONS],
            "is_fresh": bool(run and not run.is_stale),
            "counted_at": gaps.found_at,
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
    remedies = [act for act in row.situation.remedies if row.status != "ignored" or act != Act.IGNORE_GAP]
    if row.status == "ignored":
        remedies = [Act.RESUME_GAP, *remedies]
    return render(
        request,
        "mailboxes/gaps/gap.html",
        {
            "gap": row,
            "said": said_of_one(row.situation.name),
            "remedies": [act for act in remedies if may_at(act, row.structure_id, by=request.user)],
            "can_correct": bool(row.bal and allows(check_act, row.bal, Act.CORRECT, by=request.user)),
            "request_text": request_for(row) if Act.ASK_OPERATOR in row.situation.remedies else "",
            "journal": lines.select_related("by", "person", "signatory")[:RECENT],
        },
    )


def gap_export(request):
    _, gaps = asked(request)
    actions.trace(request.user, "export", f"écarts, {request.GET.urlencode()}")
    return csv_file("ecarts-annuaire", csv_lines(COLUMNS, gaps))


@require_POST
def gap_bulk(request):
    """The gaps that were ticked, or all those of the list: what would be done is foreseen first."""
    if request.POST.get("scope") == "all":
        _, gaps = asked(request, asked_of(request))
        return begin(request, BULK, gaps.keys())
    return begin(request, BULK, request.POST.getlist("gaps"))
