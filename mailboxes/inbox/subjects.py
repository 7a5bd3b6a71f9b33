"""What a finding is about, as its things are followed: BAL, gaps with the annuaire, arrivals and departures."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Value

from mailboxes.actions.journal import entry_of
from mailboxes.findings import BY_NAME, Finding
from mailboxes.gaps import Gap, Gaps
from mailboxes.inbox.models import Todo, TodoQuerySet
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, JournalEntry, Movement, Structure

BATCH = 500
Key = Any  # a primary key; of a gap its own (`Gap.key`)

# What is worst of a kind comes first in its group; the others go by their address.
FIRST: dict[str, str | F] = {
    "pleine": "-percent_full",
    "bientot-pleine": "-percent_full",
    "se-remplit": "-percent_full",
    "inactive": "clock_at",
    "sert-encore": "state_since",
}


@dataclass
class Seen:
    """What `user` sees, in all their structures or in one and those below it."""

    user: Any
    place: Structure | None = None

    @cached_property
    def within(self) -> QuerySet[Structure] | None:
        return Structure.objects.under(self.place) if self.place else None

    @cached_property
    def structures(self) -> QuerySet[Structure]:
        seen = Structure.objects.visible_to(self.user)
        return seen if self.within is None else seen.filter(pk__in=self.within.values("pk"))

    @cached_property
    def bals(self) -> QuerySet[Bal]:
        seen = Bal.objects.visible_to(self.user)
        return seen if self.within is None else seen.filter(structure__in=self.within.values("pk"))

    @cached_property
    def movements(self) -> QuerySet[Movement]:
        seen = Movement.objects.visible_to(self.user)
        return seen if self.within is None else seen.filter(stay__structure__in=self.within.values("pk"))

    def todos(self) -> list[TodoQuerySet]:
        """The things followed that are seen, by what they are about: each list by its own index."""
        rows = Todo.objects.all()
        return [
            rows.filter(bal__in=self.bals.values("pk")),
            rows.filter(movement__in=self.movements.values("pk")),
            rows.filter(structure__in=self.structures.values("pk")),
        ]


class Subject(NamedTuple):
    nouns: tuple[str, str]
    picks: str  # the field of the rows that are ticked
    none_chosen: str
    keys: Callable[[Finding, Seen, str, datetime], list[Key]]  # of a tab, in its order
    seen: Callable[[Seen, Sequence[str]], list[Key]]  # of those ticked
    structures: Callable[[Sequence[Key]], set[int]]  # that they are of
    todo: Callable[[Finding, Key], Todo]  # a row to write
    todos: Callable[[Finding, Sequence[Key]], QuerySet[Todo]]
    entries: Callable[..., Iterable[JournalEntry]]  # (finding, keys, said, by=)


def _numbers(said: Sequence[str]) -> list[int]:
    return [int(pk) for pk in said if pk.isascii() and pk.isdecimal() and len(pk) < 18]


# --- BAL --------------------------------------------------------------------------------------------------------------
def bals_of(finding: Finding, bals: QuerySet[Bal], tab: str, now: datetime) -> QuerySet[Bal]:
    """Those of a tab, the worst first, in a total order."""
    assert finding.bals  # noqa: S101 - asked of findings about BAL alone
    return _of_tab(finding, finding.bals(bals), "bal", tab, now).order_by(
        FIRST.get(finding.name, "address"), "address", "pk"
    )


def _of_tab(finding: Finding, rows: QuerySet, column: str, tab: str, now: datetime) -> QuerySet:
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
    assert finding.movements  # noqa: S101 - asked of findings about movements alone
    return _of_tab(finding, finding.movements(movements), "movement", tab, now).order_by("planned_on", "pk")


def _movement_entries(finding: Finding, keys: Sequence[Key], said: str, *, by) -> list[JournalEntry]:
    rows = Movement.objects.filter(pk__in=keys).select_related("stay").order_by("pk")
    return [
        entry_of(None, Act.FOLLOW, by=by, before=finding.title, after=said, person_id=row.stay.person_id,
                 structure_id=row.stay.structure_id)
        for row in rows
    ]  # fmt: skip


# --- Gaps -------------------------------------------------------------------------------------------------------------
def gap_keys(finding: Finding, seen: Seen, tab: str, now: datetime) -> list[str]:
    """Of the gaps that are open: what is put aside or asked for is said on the list of gaps."""
    todos = Todo.objects.filter(finding=finding.name, structure__in=seen.structures.values("pk"))
    if tab in ("pause", "fait"):
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
    rows: QuerySet, column: str, seen_by: Callable[[Seen], QuerySet], of_tab: Callable[..., QuerySet], structure: str
) -> dict[str, Callable]:
    """What a `Subject` asks of a table: `column`, of Todo, names it; `structure`: the path to it from there."""

    def pks(rows: QuerySet) -> list[Key]:
        return list(rows.values_list("pk", flat=True))

    return {
        "keys": lambda finding, seen, tab, now: pks(of_tab(finding, seen_by(seen), tab, now)),
        "seen": lambda seen, said: pks(seen_by(seen).filter(pk__in=_numbers(said))),
        "structures": lambda keys: set(rows.filter(pk__in=keys).order_by().values_list(structure, flat=True)),
        "todo": lambda finding, key: Todo(finding=finding.name, **{f"{column}_id": key}),
        "todos": lambda finding, keys: Todo.objects.filter(finding=finding.name, **{f"{column}__in": keys}),
    }


# fmt: off
SUBJECTS: dict[str, Subject] = {
    "bals": Subject(
        ("BAL", "BAL"), "bals", "Cochez au moins une BAL.",
        **_of_rows(Bal.objects.all(), "bal", lambda seen: seen.bals, bals_of, "structure"), entries=_bal_entries,
    ),
    "movements": Subject(
        ("dossier", "dossiers"), "dossiers", "Cochez au moins un dossier.",
        **_of_rows(Movement.objects.all(), "movement", lambda seen: seen.movements, movements_of, "stay__structure"),
        entries=_movement_entries,
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
        _gap_entries,
    ),
}
# fmt: on


def subject_of(finding: Finding) -> Subject | None:
    """None where nothing of it can be followed: it is one alone, or has decisions of its own."""
    return SUBJECTS.get(finding.about)


def aside_counts(seen: Seen, names: Iterable[str], now: datetime) -> dict[str, int]:
    """How many of each finding are paused or said done, of those that hold still; a statement for BAL and files, one
    for gaps."""
    findings = [BY_NAME[name] for name in sorted(names) if name in BY_NAME]
    asked = []
    for finding in findings:
        todos = Todo.objects.aside(now).filter(finding=finding.name)
        if finding.bals:
            asked.append((finding, finding.bals(seen.bals).filter(pk__in=todos.values("bal"))))
        elif finding.movements:
            asked.append((finding, finding.movements(seen.movements).filter(pk__in=todos.values("movement"))))
    counted = [rows.order_by().values(name=Value(finding.name)).annotate(number=Count("pk")) for finding, rows in asked]
    counts = dict(counted[0].union(*counted[1:], all=True).values_list("name", "number")) if counted else {}
    return counts | (gaps_aside(seen, now) if any(finding.situation for finding in findings) else {})
