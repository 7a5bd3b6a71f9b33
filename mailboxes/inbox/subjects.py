"""What a finding is about, as its things are followed: BAL, gaps with the annuaire, arrivals and departures, what the
annuaire no longer shows, engagements, requests."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Concat

from mailboxes.actions.journal import entry_of
from mailboxes.findings import BY_NAME, Finding, narrowed
from mailboxes.gaps import Gap, Gaps
from mailboxes.inbox.models import Todo
from mailboxes.inbox.seen import COLUMNS, Seen
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Engagement, JournalEntry, Movement, Request, Sighting, Structure

BATCH = 500
ASIDE = ("pause", "fait")  # the tabs of what is not to be done now
Key = Any  # a primary key; of a gap its own (`Gap.key`)

# What is worst of a kind comes first in its group; the others go by their address.
FIRST: dict[str, str | F] = {
    "pleine": "-percent_full",
    "bientot-pleine": "-percent_full",
    "se-remplit": "-percent_full",
    "inactive": "clock_at",
    "sert-encore": "state_since",
}


class Subject(NamedTuple):
    nouns: tuple[str, str]
    picks: str  # the field of the rows that are ticked
    none_chosen: str
    keys: Callable[[Finding, Seen, str, datetime], list[Key]]  # of a tab, in its order
    seen: Callable[[Seen, Sequence[str]], list[Key]]  # of those ticked
    structures: Callable[[Sequence[Key]], set[int]]  # that they are of
    todo: Callable[[Finding, Key], Todo]  # a row to write
    todos: Callable[[Finding, Sequence[Key]], QuerySet[Todo]]
    key_of: Callable[[Todo], Key]
    entries: Callable[..., Iterable[JournalEntry]]  # (finding, keys, said, by=)


def _numbers(said: Sequence[str]) -> list[int]:
    return [int(pk) for pk in said if pk.isascii() and pk.isdecimal() and len(pk) < 18]


# --- BAL --------------------------------------------------------------------------------------------------------------
def bals_of(finding: Finding, bals: QuerySet[Bal], tab: str, now: datetime) -> QuerySet[Bal]:
    return worst_first(finding, _of_tab(finding, bals, tab, now))


# Of the order of an index, PostgreSQL walks the whole register to the first of the few that one sees.
UNINDEXED = Concat("address", Value(""))


def worst_first(finding: Finding, bals: QuerySet[Bal], address: str | Concat = "address") -> QuerySet[Bal]:
    """BAL in a total order."""
    return bals.order_by(FIRST.get(finding.name, address), address, "pk")


def _of_tab(finding: Finding, seen: QuerySet, tab: str, now: datetime) -> QuerySet:
    rows, (column, _) = narrowed(finding, seen), COLUMNS[finding.about]
    todos = Todo.objects.filter(finding=finding.name, **{f"{column}__isnull": False})
    if tab == "pause":
        return rows.filter(pk__in=todos.paused(now).values(column))
    if tab == "fait":
        return rows.filter(pk__in=todos.done(now).values(column))
    return rows.exclude(pk__in=todos.aside(now).values(column))


def _bal_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    rows = Bal.objects.filter(pk__in=keys).order_by("pk")
    return [entry_of(bal, Act.FOLLOW, by=by, before=finding.title, after=said) for bal in rows]


# --- Arrivals and departures ------------------------------------------------------------------------------------------
def movements_of(finding: Finding, movements: QuerySet[Movement], tab: str, now: datetime) -> QuerySet[Movement]:
    return _of_tab(finding, movements, tab, now).order_by("planned_on", "pk")


def _movement_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    rows = Movement.objects.filter(pk__in=keys).select_related("stay").order_by("pk")
    return [
        entry_of(None, Act.FOLLOW, by=by, before=finding.title, after=said, person_id=row.stay.person_id,
                 structure_id=row.stay.structure_id)
        for row in rows
    ]  # fmt: skip


# --- What the annuaire no longer shows, engagements, requests ---------------------------------------------------------
def sightings_of(finding: Finding, sightings: QuerySet[Sighting], tab: str, now: datetime) -> QuerySet[Sighting]:
    return _of_tab(finding, sightings, tab, now).order_by("seen_at", "pk")


def _sighting_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    rows = Sighting.objects.filter(pk__in=keys).select_related("stay", "bal__structure").order_by("pk")
    abouts = [
        (None, {"person_id": row.stay.person_id, "structure_id": row.stay.structure_id}) if row.stay else (row.bal, {})
        for row in rows
    ]
    return [entry_of(bal, Act.FOLLOW, by=by, before=finding.title, after=said, **about) for bal, about in abouts]


def engagements_of(finding: Finding, rows: QuerySet[Engagement], tab: str, now: datetime) -> QuerySet[Engagement]:
    return _of_tab(finding, rows, tab, now).order_by("due_on", "pk")


def _engagement_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    return [
        entry_of(None, Act.FOLLOW, by=by, before=f"{finding.title}, {row}", after=said, structure_id=row.structure_id)
        for row in Engagement.objects.filter(pk__in=keys).order_by("pk")
    ]


def requests_of(finding: Finding, rows: QuerySet[Request], tab: str, now: datetime) -> QuerySet[Request]:
    return _of_tab(finding, rows, tab, now).order_by("due_on", "pk")


def _request_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    return [
        entry_of(None, Act.FOLLOW, by=by, before=finding.title, after=said, structure_id=place, address=address)
        for place, address in Request.objects.filter(pk__in=keys).order_by("pk").values_list("structure", "address")
    ]


# --- Gaps -------------------------------------------------------------------------------------------------------------
def gap_keys(finding: Finding, seen: Seen, tab: str, now: datetime) -> list[str]:
    """Keys of the gaps that are open: what is put aside or asked for is said on the list of gaps."""
    todos = Todo.objects.filter(finding=finding.name, structure__in=seen.structures.values("pk"))
    if tab in ASIDE:
        return open_keys(seen.structures, todos.paused(now) if tab == "pause" else todos.done(now))
    aside = {todo.key for todo in todos.aside(now)}
    keys = Gaps(seen.structures, situation=finding.name, status="open").keys()
    return [key for key in keys if key not in aside]


def open_keys(structures: QuerySet[Structure], todos: QuerySet[Todo]) -> list[str]:
    """The keys of those followed whose gap is still open; a few queries, whatever the annuaire holds beside them."""
    wanted = {todo.key: todo.address for todo in todos}
    addresses, found = sorted(set(wanted.values())), []
    for start in range(0, len(addresses), BATCH):
        gaps = Gaps(structures, status="open", addresses=tuple(addresses[start : start + BATCH]))
        found += [key for key in gaps.keys() if key in wanted]  # noqa: SIM118 - no dictionary
    return found


def _gap_todos(finding: Finding, keys: Sequence[Key]) -> QuerySet[Todo]:
    by_place: dict[int, list[str]] = {}
    for key in keys:
        _, place, address = Gap.parts_of(key)
        by_place.setdefault(place, []).append(address)
    which = Q(pk__in=[])
    for place, addresses in by_place.items():
        which |= Q(structure=place, address__in=addresses)
    return Todo.objects.filter(which, finding=finding.name)


def _gap_todo(finding: Finding, key: str) -> Todo:
    _, place, address = Gap.parts_of(key)
    return Todo(finding=finding.name, structure_id=place, address=address)


def _gaps_ticked(seen: Seen, said: Sequence[str]) -> list[Key]:
    return [gap.key for gap in Gaps(seen.structures, status="open").keyed(said)]


def _gap_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    return [
        entry_of(None, Act.FOLLOW, by=by, before=finding.title, after=said, structure_id=place, address=address)
        for _, place, address in map(Gap.parts_of, sorted(keys))
    ]


def gaps_aside(seen: Seen, now: datetime) -> Counter[str]:
    """How many of each situation are paused or said done, of those that are open still."""
    todos = Todo.objects.aside(now).filter(structure__in=seen.structures.values("pk"))
    return Counter(key.partition(":")[0] for key in open_keys(seen.structures, todos))


def _of_rows(
    about: str,
    nouns: tuple[str, str],
    picks: str,
    none_chosen: str,
    of_tab: Callable,
    structure: str,
    entries: Callable,
) -> Subject:
    """Subjects of a table; `structure`: the column, or the two, that say whose each is."""
    column, model = COLUMNS[about]

    def structures(keys: Sequence[Key]) -> set[int]:
        rows = model._default_manager.filter(pk__in=keys).order_by()
        return {pk for name in structure.split() for pk in rows.values_list(name, flat=True) if pk}

    return Subject(
        nouns,
        picks,
        none_chosen,
        lambda finding, seen, tab, now: list(of_tab(finding, seen.rows(about), tab, now).values_list("pk", flat=True)),
        lambda seen, said: list(seen.rows(about).filter(pk__in=_numbers(said)).values_list("pk", flat=True)),
        structures,
        lambda finding, key: Todo(finding=finding.name, **{f"{column}_id": key}),
        lambda finding, keys: Todo.objects.filter(finding=finding.name, **{f"{column}__in": keys}),
        lambda todo: getattr(todo, f"{column}_id"),
        entries,
    )


SUBJECTS: dict[str, Subject] = {
    "bals": _of_rows("bals", ("BAL", "BAL"), "bals", "Cochez au moins une BAL.", bals_of, "structure", _bal_entries),
    "movements": _of_rows(
        "movements",
        ("dossier", "dossiers"),
        "dossiers",
        "Cochez au moins un dossier.",
        movements_of,
        "stay__structure",
        _movement_entries,
    ),
    "sightings": _of_rows(
        "sightings",
        ("proposition", "propositions"),
        "propositions",
        "Cochez au moins une proposition.",
        sightings_of,
        "stay__structure bal__structure",
        _sighting_entries,
    ),
    "engagements": _of_rows(
        "engagements",
        ("engagement", "engagements"),
        "engagements",
        "Cochez au moins un engagement.",
        engagements_of,
        "structure",
        _engagement_entries,
    ),
    "requests": _of_rows(
        "requests",
        ("demande", "demandes"),
        "requests",
        "Cochez au moins une demande.",
        requests_of,
        "structure",
        _request_entries,
    ),
    "gaps": Subject(
        ("écart", "écarts"),
        "gaps",
        "Cochez au moins un écart.",
        gap_keys,
        _gaps_ticked,
        lambda keys: {Gap.parts_of(key)[1] for key in keys},
        _gap_todo,
        _gap_todos,
        lambda todo: todo.key,
        _gap_entries,
    ),
}


def subject_of(finding: Finding) -> Subject | None:
    """None where nothing of it can be followed: it is one alone, or has decisions of its own."""
    return SUBJECTS.get(finding.about)


def aside_counts(seen: Seen, names: Iterable[str], now: datetime) -> dict[str, int]:
    """How many of each finding are paused or said done, of those that hold still; a statement for those of a
    table, one for gaps."""
    findings = [BY_NAME[name] for name in sorted(names) if name in BY_NAME]
    asked = []
    for finding in findings:
        if finding.about in COLUMNS:
            column, _ = COLUMNS[finding.about]
            todos = Todo.objects.aside(now).filter(finding=finding.name, **{f"{column}__isnull": False})
            rows = narrowed(finding, seen.rows(finding.about))
            asked.append((finding, rows.filter(pk__in=todos.values(column))))
    counted = [rows.order_by().values(name=Value(finding.name)).annotate(number=Count("pk")) for finding, rows in asked]
    counts = dict(counted[0].union(*counted[1:], all=True).values_list("name", "number")) if counted else {}
    return counts | (gaps_aside(seen, now) if any(finding.situation for finding in findings) else {})
