"""The rows of the inbox: a finding about one BAL or about a group of equals, the most pressing first."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Count, Prefetch, Q, QuerySet, Value
from django.urls import reverse

from directory.dates import day_of
from directory.prepared import written_once
from mailboxes.findings import (
    BY_NAME,
    KEPT,
    Finding,
    are_many,
    as_of,
    asked_within,
    bals_within,
    count_findings,
    narrowed,
    reach_of,
)
from mailboxes.inbox.models import Desk, Todo, is_done, is_paused
from mailboxes.inbox.seen import Seen
from mailboxes.inbox.subjects import ASIDE, UNINDEXED, aside_counts, bals_of, subject_of, worst_first
from mailboxes.lifecycle import Act, Severity, Verb
from mailboxes.lists.bulk import KINDS
from mailboxes.models import Bal, JournalEntry, Structure
from mailboxes.models.roles import managed_structures, seen_structures
from mailboxes.views.findings import QUICK, address_of, remedy_for

ORDER = list(Severity)


class Tab(NamedTuple):
    name: str
    label: str


TABS = [
    Tab("", "À traiter"),
    Tab("nouveau", "Nouveau"),
    Tab("urgent", "Urgent"),
    Tab("a-faire", "À faire"),
    Tab("pause", "En pause"),
    Tab("fait", "Fait"),
]


class Example(NamedTuple):
    bal: Bal
    why: str
    todo: Todo | None
    remedy: str  # the address of the act that mends it, for who may do it


class TodoRow(NamedTuple):
    finding: Finding
    number: int
    new: int
    mine: int
    url: str
    own: int  # of them, those of structures that one manages: the others are only read
    day: date | None  # of the measure that it was counted by; None: now
    example: Example | None  # of a group, the worst

    @property
    def is_of_bals(self) -> bool:
        return bool(self.finding.bals)

    @property
    def is_followed(self) -> bool:
        """Can it be paused, entrusted, said done?"""
        return subject_of(self.finding) is not None

    @property
    def bulk_remedy(self) -> Act | Verb | None:
        return bulk_act_of(self.finding)


def bulk_act_of(finding: Finding) -> Act | Verb | None:
    """The remedy, where it can be given to many at once."""
    kind = KINDS.get(finding.about)
    return kind.act_named(finding.remedy) if kind and finding.remedy else None


class Follow(NamedTuple):
    """What was decided of a finding's BAL, and what came since the visit before."""

    paused: int = 0
    done: int = 0
    new: int = 0
    mine: int = 0


class Inbox:
    """What is to be done in the structures that `user` sees, or in one of them and those below."""

    def __init__(self, user, desk: Desk, now: datetime, place: Structure | None = None):
        self.user, self.desk, self.now, self.place = user, desk, now, place
        self.seen = Seen(user, place)
        self.follows = self._follows()
        self.own = self._own()
        self.rows = self._rows()

    def of(self, tab: str, *, mine: bool = False) -> list[TodoRow]:
        """The rows of a tab, each with the worst of its group; in as many queries whatever the rows and the BAL."""
        rows = [row for row in self.chosen(tab) if row.mine or not mine]
        worst = self._worst([row.finding for row in rows if row.is_of_bals], tab)
        return [row._replace(example=worst.get(row.finding.name)) for row in rows]

    def chosen(self, tab: str) -> list[TodoRow]:
        if tab in ASIDE:
            part = "paused" if tab == "pause" else "done"
            found = {name: getattr(follow, part) for name, follow in self.follows.items()}
            rows = [self._row(BY_NAME[name], number) for name, number in found.items() if number and name in BY_NAME]
            return [self._of_aside(row, tab) for row in rows]
        if tab == "nouveau":
            return [row for row in self.rows if row.new]
        if tab == "urgent":
            return [row for row in self.rows if row.finding.severity == Severity.URGENT]
        return [row for row in self.rows if tab == "" or row.finding.severity != Severity.URGENT]

    def _of_aside(self, row: TodoRow, tab: str) -> TodoRow:
        """Only who manages them put things aside: they are theirs to take up."""
        own = row.number if managed_structures(self.user) else 0
        return row._replace(url=f"{row.url}{'&' if '?' in row.url else '?'}onglet={tab}", own=own)

    def count(self, tab: str) -> int:
        rows = self.chosen(tab)
        return sum(row.new if tab == "nouveau" else row.number for row in rows)

    def _rows(self) -> list[TodoRow]:
        aside = self._aside()
        counted = count_findings(self.user, within=self.seen.within)
        rows = [
            self._row(one.finding, one.number - aside.get(one.finding.name, 0), one.day)
            for one in counted
            if one.number > aside.get(one.finding.name, 0)
        ]
        return sorted(rows, key=lambda row: ORDER.index(row.finding.severity))

    def _row(self, finding: Finding, number: int, day: date | None = None) -> TodoRow:
        follow = self.follows.get(finding.name, Follow())
        new = min(follow.new, number)
        is_followed = subject_of(finding) is not None
        url = reverse("finding", args=[finding.name]) if is_followed else address_of(finding)
        if self.place and is_followed:
            url += f"{'&' if '?' in url else '?'}structure={self.place.pk}"
        own = number if self.own is None else min(number, self.own.get(finding.name, 0))
        return TodoRow(finding, number, new, follow.mine, url, own, day, None)

    def _own(self) -> dict[str, int] | None:
        """How many of each are theirs to decide; None where all that they see is."""
        managed = managed_structures(self.user)
        if not managed or seen_structures(self.user) <= managed:
            return None if managed else {}
        theirs = Seen(self.user, self.place, is_theirs=True)
        aside = aside_counts(theirs, names, self.now) if (names := self._names_aside()) else {}
        counted = count_findings(self.user, within=theirs.within)
        return {one.finding.name: one.number - aside.get(one.finding.name, 0) for one in counted}

    def _follows(self) -> dict[str, Follow]:
        before = self.desk.before_at or self.now
        paused, done = is_paused(self.now), is_done(self.now)
        counts = {
            "paused": Count("pk", filter=paused),
            "done": Count("pk", filter=done & ~paused),
            "new": Count("pk", filter=Q(since__gt=before)),
            "mine": Count("pk", filter=Q(assignee=self.user)),
        }
        counted = [rows.order_by().values("finding").annotate(**counts) for rows in self.seen.todos()]
        found = counted[0].union(*counted[1:], all=True).values_list("finding", *Follow._fields)
        return {name: Follow(*numbers) for name, *numbers in found}

    def _aside(self) -> dict[str, int]:
        names = self._names_aside()
        return aside_counts(self.seen, names, self.now) if names else {}

    def _names_aside(self) -> set[str]:
        return {name for name, follow in self.follows.items() if follow.paused or follow.done}

    def _worst(self, findings: list[Finding], tab: str) -> dict[str, Example]:
        """The first BAL of each finding: one statement says which, a few more load them."""
        firsts = self._kept_firsts(findings, tab) if are_many(self.seen.structures) else self._firsts(findings, tab)
        names = list(firsts)
        bals = Bal.objects.with_holders().prefetch_related(todos_of(*names)).in_bulk(set(firsts.values()))
        return {name: example_of(BY_NAME[name], bals[pk], self.user) for name, pk in firsts.items() if pk in bals}

    def _firsts(self, findings: list[Finding], tab: str) -> dict[str, int]:
        """The first BAL of each finding. Of nearly all, none is aside: they need not be told apart."""
        usual = set() if tab in ASIDE else {one.name for one in findings if self._is_usual(one)}
        firsts = self._firsts_asked([one for one in findings if one.name not in usual], tab)
        if usual:
            found = asked_within(reach_of(self.user, self.seen.within), _firsts_of_all, now=self.now)
            firsts |= {name: pk for name, pk in found if name in usual}
        return firsts

    def _is_usual(self, finding: Finding) -> bool:
        follow = self.follows.get(finding.name, Follow())
        return finding in QUICK and not (follow.paused or follow.done)

    def _firsts_asked(self, findings: list[Finding], tab: str) -> dict[str, int]:
        return dict(_first_of_each({one: bals_of(one, self.seen.bals, tab, self.now) for one in findings}))

    def _kept_firsts(self, findings: list[Finding], tab: str) -> dict[str, int]:
        """The first BAL of each finding; of many BAL, kept as long as the counts, but for those acted on since."""
        name = f"inbox-firsts-{self.user.pk}-{self.place.pk if self.place else ''}-{tab}"
        kept: tuple[datetime, dict[str, int]] = cache.get(name) or (self.now, {})
        at, firsts = kept
        if any(finding.name not in firsts for finding in findings):
            at, firsts = self.now, {finding.name: 0 for finding in findings} | self._firsts_asked(findings, tab)
            cache.set(name, (at, firsts), KEPT)
        asked = {finding.name: pk for finding in findings if (pk := firsts.get(finding.name))}
        touched = set(JournalEntry.objects.filter(bal__in=asked.values(), at__gte=at).values_list("bal", flat=True))
        return {name: pk for name, pk in asked.items() if pk not in touched}


def _first_of_each(rows: dict[Finding, QuerySet[Bal]]) -> Iterable[tuple[str, int]]:
    """The worst of each of these BAL."""
    asked = [
        Bal.objects.filter(pk__in=worst_first(finding, bals, UNINDEXED).values("pk")[:1])
        .order_by()
        .values_list(Value(finding.name), "pk")
        for finding, bals in rows.items()
    ]
    return asked[0].union(*asked[1:], all=True) if asked else []


@written_once
def _firsts_of_all(sort, *_, structures, bals, now):
    bals = bals_within(sort, structures, bals)
    with as_of(now):
        return _first_of_each({one: narrowed(one, bals) for one in QUICK})


def todos_of(*names: str) -> Prefetch:
    todos = Todo.objects.filter(finding__in=names).select_related("assignee")
    return Prefetch("todos", todos, to_attr="followed")


def example_of(finding: Finding, bal: Bal, user) -> Example:
    """What a finding says of one BAL, read with `todos_of` and `with_holders`; costs no query."""
    followed: Iterable[Todo] = getattr(bal, "followed", [])
    todo = next((todo for todo in followed if todo.finding == finding.name), None)
    return Example(bal, why(finding, bal), todo, remedy_for(finding, bal, user))


def why(finding: Finding, bal: Bal) -> str:
    """What is the matter with this one, in a few words."""
    if finding.name in ("pleine", "se-remplit", "bientot-pleine"):
        when = f", pleine vers le {day_of(bal.full_on)}" if bal.full_on and (bal.percent_full or 0) < 100 else ""
        return f"remplie à {bal.percent_full} %{when}"
    if finding.name == "inactive" and bal.clock_at:
        return f"sans usage depuis le {day_of(bal.clock_at)}"
    if finding.name in ("sert-encore", "a-confirmer"):
        return f"{bal.get_state_display()} depuis le {day_of(bal.state_since)}"
    return ""
