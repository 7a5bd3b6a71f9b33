"""The pages of one finding: its BAL, its files, its sightings, its engagements, its requests or its
gaps, the worst first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from django.http import HttpRequest

from mailboxes.findings import Finding
from mailboxes.gaps import Gap, Gaps
from mailboxes.inbox.models import Todo
from mailboxes.inbox.rows import example_of, todos_of
from mailboxes.inbox.seen import Seen
from mailboxes.inbox.subjects import (
    SUBJECTS,
    bals_of,
    engagements_of,
    gap_keys,
    movements_of,
    requests_of,
    sightings_of,
)
from mailboxes.indicators.progress import progress_of
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Bal, Engagement, Movement, Request, Sighting
from mailboxes.models.checklists import files
from mailboxes.rules import allows, check_may
from mailboxes.views.requests import ASKED, DUE
from mailboxes.views.sightings import SEEN, offer_of

Acts = Sequence[tuple[str, str]]
# Of every list whose rows are entrusted to somebody, and have their remedy.
FOLLOWED = (Column("assignee", "Confié à"), Column("remedy", "Ce qu’on peut faire"))


class FindingList(Listing):
    """The BAL of one finding."""

    name, view, nouns = "finding", "finding", SUBJECTS["bals"].nouns
    row, empty = "mailboxes/inbox/_bal.html", "mailboxes/inbox/_settled.html"
    picks, bulk_view, bulk_template = SUBJECTS["bals"].picks, "finding", "mailboxes/inbox/_decide.html"
    keeps_views = False
    columns: ClassVar[tuple[Column, ...]] = (
        Column("address", "Adresse", ("address",)),
        Column("structure", "Structure et service", ("structure__name", "address")),
        Column("why", "Pourquoi"),
        Column("since", "Signalé le"),
        Column("holder", "Qui en répond"),
        Column("remedy", "Ce qu’on peut faire"),
    )
    finding: Finding
    tab = ""

    @property
    def total(self) -> str:
        return super().total + {"pause": " en pause", "fait": ", à revoir si rien ne change"}.get(self.tab, "")


class FindingMovements(FindingList):
    """The files of one finding."""

    name, nouns, picks = "finding-movements", SUBJECTS["movements"].nouns, SUBJECTS["movements"].picks
    row, place_path = "mailboxes/inbox/_movement.html", "stay__structure"
    columns = (
        Column("who", "Qui", ("stay__person__family_name", "stay__person__given_name")),
        Column("structure", "Structure", ("stay__structure__name",)),
        Column("planned", "Jour prévu", ("planned_on",)),
        Column("steps", "Étapes"),
        Column("since", "Signalé le"),
        Column("assignee", "Confié à"),
    )


class FindingSightings(FindingList):
    """What the annuaire no longer shows, of one finding."""

    name, nouns, picks = "finding-sightings", SUBJECTS["sightings"].nouns, SUBJECTS["sightings"].picks
    row, place_path = "mailboxes/inbox/_sighting.html", ""
    columns = (*SEEN, *FOLLOWED)


class FindingEngagements(FindingList):
    """The engagements of one finding."""

    name, nouns, picks = "finding-engagements", SUBJECTS["engagements"].nouns, SUBJECTS["engagements"].picks
    row, place_path = "mailboxes/inbox/_engagement.html", "structure"
    columns = (
        Column("programme", "Programme", ("programme",)),
        Column("progress", "Avancement"),
        Column("due", "Échéance", ("due_on",)),
        *FOLLOWED,
    )


class FindingRequests(FindingList):
    """The requests of one finding."""

    name, nouns, picks = "finding-requests", SUBJECTS["requests"].nouns, SUBJECTS["requests"].picks
    row, place_path = "mailboxes/inbox/_request.html", "structure"
    columns = (*ASKED, DUE, Column("assignee", "Confié à"))


class FindingGaps(FindingList):
    """The gaps of one finding."""

    name, nouns, picks = "finding-gaps", SUBJECTS["gaps"].nouns, SUBJECTS["gaps"].picks
    row, place_path = "mailboxes/inbox/_gap.html", ""
    columns = (
        Column("address", "Adresse"),
        Column("structure", "Structure"),
        Column("facts", "Ce qu’on en sait"),
        *FOLLOWED,
    )


def list_bals(request: HttpRequest, finding: Finding, seen: Seen, tab: str, now: datetime, acts: Acts) -> FindingList:
    rows = Bal.objects.with_holders().with_publication().prefetch_related(todos_of(finding.name))
    listing = FindingList(
        request, bals_of(finding, seen.bals, tab, now), loaded=rows, acts=acts, view_args=[finding.name]
    )
    for bal in listing.page:
        bal.example = example_of(finding, bal, request.user)
    return listing


def list_movements(request, finding: Finding, seen: Seen, tab: str, now: datetime, acts: Acts) -> FindingMovements:
    rows = Movement.objects.prefetch_related(todos_of(finding.name))
    listing = FindingMovements(
        request, movements_of(finding, seen.movements, tab, now), loaded=rows, acts=acts, view_args=[finding.name]
    )
    found = {file.movement.pk: file for file in files(Movement.objects.filter(pk__in=[row.pk for row in listing.page]))}
    for row in listing.page:
        row.file, row.todo = found[row.pk], next(iter(row.followed), None)
    return listing


def list_sightings(request, finding: Finding, seen: Seen, tab: str, now: datetime, acts: Acts) -> FindingSightings:
    rows = Sighting.objects.select_related("stay__person", "stay__structure__parent", "bal__structure__parent")
    rows = rows.prefetch_related(todos_of(finding.name))
    listing = FindingSightings(
        request, sightings_of(finding, seen.sightings, tab, now), loaded=rows, acts=acts, view_args=[finding.name]
    )
    for row in listing.page:
        row.offer, row.todo = offer_of(row, request.user), next(iter(row.followed), None)
    return listing


def list_engagements(request, finding: Finding, seen: Seen, tab: str, now: datetime, acts: Acts) -> FindingEngagements:
    rows = Engagement.objects.select_related("structure").prefetch_related(todos_of(finding.name))
    listing = FindingEngagements(
        request, engagements_of(finding, seen.engagements, tab, now), loaded=rows, acts=acts, view_args=[finding.name]
    )
    progress = progress_of(Engagement.objects.filter(pk__in=[row.pk for row in listing.page]))
    found = {one.engagement.pk: one for one in progress}
    for row in listing.page:
        row.progress, row.todo = found[row.pk], next(iter(row.followed), None)
        row.may_change = allows(check_may, Act.SET_ENGAGEMENT, structure=row.structure, by=request.user)
    return listing


def list_requests(request, finding: Finding, seen: Seen, tab: str, now: datetime, acts: Acts) -> FindingRequests:
    rows = Request.objects.select_related("structure", "operator").prefetch_related(todos_of(finding.name))
    listing = FindingRequests(
        request, requests_of(finding, seen.requests, tab, now), loaded=rows, acts=acts, view_args=[finding.name]
    )
    for row in listing.page:
        row.todo = next(iter(row.followed), None)
    return listing


class ChosenGaps:
    """The gaps of these keys, of which a page alone is read with its facts."""

    def __init__(self, seen: Seen, keys: list[str]):
        self.seen, self.keys = seen, keys

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, cut: slice) -> list[Gap]:
        keys = self.keys[cut]
        return sorted(Gaps(self.seen.structures, status="open").keyed(keys), key=lambda gap: keys.index(gap.key))


def list_gaps(request, finding: Finding, seen: Seen, tab: str, now: datetime, acts: Acts) -> FindingGaps:
    rows = ChosenGaps(seen, gap_keys(finding, seen, tab, now))
    listing = FindingGaps(request, rows, acts=acts, view_args=[finding.name])
    keys = [gap.key for gap in listing.page]
    todos: dict[str, Todo] = {
        todo.key: todo for todo in SUBJECTS["gaps"].todos(finding, keys).select_related("assignee")
    }
    for gap in listing.page:
        gap.todo = todos.get(gap.key)
    return listing


LISTERS: dict[str, Callable[..., FindingList]] = {
    "bals": list_bals,
    "movements": list_movements,
    "sightings": list_sightings,
    "engagements": list_engagements,
    "requests": list_requests,
    "gaps": list_gaps,
}


def list_of(request: HttpRequest, finding: Finding, seen: Seen, tab: str, now: datetime, *, acts: Acts) -> FindingList:
    listing = LISTERS[finding.about](request, finding, seen, tab, now, acts)
    listing.finding, listing.tab = finding, tab
    return listing
