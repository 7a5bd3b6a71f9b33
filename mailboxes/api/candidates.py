"""The addresses that might answer, read from our copy of the annuaire and tied to the register as the asker sees it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q, Window
from django.db.models.functions import Collate, DenseRank
from django.utils import timezone

from directory.likeness import Likeness, likeness
from directory.models import Entry
from directory.models.entries import IsShared
from directory.pictures import public_sources
from directory.prepared import prepared
from mailboxes.lifecycle import TO_BE_LEFT
from mailboxes.models import Bal, Person, Preference
from mailboxes.models.aliases import seen_at
from mailboxes.models.bulk import among
from mailboxes.models.thresholds import chosen

BY_NUMBER = {"postgresql": "C", "sqlite": "BINARY"}  # the collations that sort as Python does
ALTERNATIVES = 10  # shown beside the best
# The addresses of a place that are read for a question about a person; some of them may be on their way out.
FIRST = ALTERNATIVES + 6


@dataclass(frozen=True)
class ResolverQuestion:
    """What software asks: at least one of `rpps` and `structure` (a FINESS, SIRET or RPPS-rang) is given."""

    rpps: str = ""
    structure: str = ""
    service: str = ""
    purpose: str = ""

    @property
    def is_of_person(self) -> bool:
        """Are the other addresses of the place only shown beside the person's own?"""
        return bool(self.rpps) and not self.service


class AnnuaireLine(NamedTuple):
    """What is asked of a line of the annuaire: a tuple, for a batch reads thousands."""

    address: str
    kind: str
    person_id: str
    family_name: str
    given_name: str
    profession: str
    structure_id: str
    structure_name: str
    service: str


class Known(NamedTuple):
    """What is asked of a BAL of the register."""

    pk: int
    address: str
    state: str
    service: str
    percent_full: int | None
    read_at: datetime | None
    is_idle: bool


@dataclass
class Candidate:
    """One address that would do, as the annuaire shows it, with the register's BAL where the asker sees it."""

    entry: AnnuaireLine
    ranks: set[str]
    bal: Known | None = None
    wishes: set[tuple[str, str]] = field(default_factory=set)  # where and for what its holder chose it
    alias: str = ""  # the nature of this address, where it is not the one that its BAL goes by

    @property
    def address(self) -> str:
        return self.entry.address

    @property
    def is_leaving(self) -> bool:
        return self.bal is not None and self.bal.state in TO_BE_LEFT

    def is_of(self, question: ResolverQuestion) -> bool:
        return bool(question.rpps) and self.entry.person_id == question.rpps

    def is_here(self, question: ResolverQuestion) -> bool:
        return bool(question.structure) and self.entry.structure_id == question.structure

    def may_be_here(self, question: ResolverQuestion) -> bool:
        """True unless something says that it is elsewhere: a place is not asked, or the annuaire names none."""
        return self.is_here(question) or not question.structure or not self.entry.structure_id

    @property
    def service(self) -> str:
        """The service as the annuaire or the register names it; else the words of the address."""
        said = self.entry.service or (self.bal.service if self.bal else "")
        return said or self.address.partition("@")[0]

    def is_like(self, question: ResolverQuestion) -> Likeness:
        """How close its service is to the one asked."""
        return likeness(question.service, self.service) if question.service else Likeness.NONE

    def is_of_service(self, question: ResolverQuestion) -> bool:
        return self.is_like(question) >= Likeness.WIDER

    def is_of_another_service(self, question: ResolverQuestion) -> bool:
        """Is it of another service than the one asked? Then it is never the answer, at most proposed."""
        return bool(question.service) and not self.is_of(question) and not self.is_of_service(question)

    def is_chosen(self, question: ResolverQuestion, purpose: str) -> bool:
        """Did the professional choose it, for such messages, at the place where they are asked for?"""
        if not self.wishes or not self.is_of(question):
            return False
        places = {place for place, wanted in self.wishes if wanted == purpose}
        return bool(places) and question.structure in {"", *places}


class Candidates(NamedTuple):
    found: Collection[Candidate]
    first: dict[str, set[str]]  # of each place of which more may be published: the addresses that were read


def candidates_of(questions: list[ResolverQuestion], user, *, at_length: bool) -> Candidates:
    """Candidates of all the questions; `at_length`: with the whole of each place, which is hundreds of lines of a large
    hospital."""
    people = {question.rpps for question in questions} - {""}
    whole = {question.structure for question in questions if at_length or not question.is_of_person} - {""}
    others = {question.structure for question in questions} - whole - {""}
    shared = _first_shared(places=others) if others else []
    found = _one_each([*_lines(people=people, structures=whole), *shared])
    _tie_to_register(found, user)
    _tie_to_wishes(found, user)
    return Candidates(found, _full(shared))


COLUMNS = ("source", "pk", "rank", *AnnuaireLine._fields)


@prepared
def _lines(people, structures):
    shared = among("structure_id", structures) & Q(IsShared())
    return Entry.objects.published().filter(among("person_id", people) | shared).values_list(*COLUMNS)


@prepared
def _first_shared(places):
    """The lines of the first addresses of each place, in the order in which answers are shown: that of the letters'
    numbers, whatever the language of the database."""
    place, address = F("structure_id"), Collate("address", BY_NUMBER[connection.vendor])
    turn = Window(DenseRank(), partition_by=place, order_by=address)
    shared = Entry.objects.published().shared().filter(among("structure_id", places))
    first = shared.annotate(turn=turn).filter(turn__lte=FIRST)
    return Entry.objects.filter(pk__in=first.values("pk")).values_list(*COLUMNS)


def _full(shared: Iterable[tuple]) -> dict[str, set[str]]:
    first = defaultdict(set)
    for _, _, _, *facts in shared:
        line = AnnuaireLine._make(facts)
        first[line.structure_id].add(line.address)
    return {place: addresses for place, addresses in first.items() if len(addresses) == FIRST}


def _one_each(rows: Iterable[tuple]) -> Collection[Candidate]:
    """One per person, structure and address, whichever public source says it first."""
    sources = public_sources()
    found: dict[tuple[str, str, str], Candidate] = {}
    for _, _, rank, *facts in sorted(rows, key=lambda row: (sources.index(row[0]), row[1])):
        line = AnnuaireLine._make(facts)
        key = (line.person_id, line.structure_id, line.address)
        candidate = found.get(key)
        if candidate is None:
            candidate = found[key] = Candidate(line, set())
        candidate.ranks.add(rank)
    return found.values()


def _tie_to_register(candidates: Iterable[Candidate], user) -> None:
    """What we know of a BAL is said only to who sees it: another structure's idleness is its own business."""
    addresses = {candidate.address for candidate in candidates}
    fresh_days, now = chosen.READING_FRESH_DAYS, timezone.now()
    seen = _known(fresh_days, timezone.localdate(), now=now, user=user, addresses=addresses)
    bals = {row[1]: Known(*row) for row in seen}
    others = seen_at(addresses - bals.keys(), user)
    hidden = {bal for bal, _ in others.values()}
    behind = {row[0]: Known(*row) for row in _known_behind(fresh_days, now=now, pks=hidden)} if others else {}
    for candidate in candidates:
        candidate.bal = bals.get(candidate.address)
        if candidate.address in others:
            bal, candidate.alias = others[candidate.address]
            candidate.bal = behind[bal]


@prepared
def _known(fresh_days, today, now, user, addresses):
    seen = Bal.objects.visible_to(user).filter(among("address", addresses))
    return seen.with_idleness(now).values_list(*Known._fields)


@prepared
def _known_behind(fresh_days, now, pks):
    return Bal.objects.filter(among("pk", pks)).with_idleness(now).values_list(*Known._fields)


@prepared
def _wishes(people):
    rows = Preference.objects.filter(among("person__rpps", people)).order_by()
    return rows.values_list("person", "person__rpps", "address", "situation", "purpose")


def _tie_to_wishes(candidates: Iterable[Candidate], user) -> None:
    """A wish that the annuaire does not show yet, or never will, for a sort of message: told to who sees the person."""
    people = {candidate.entry.person_id for candidate in candidates} - {""}
    if not (told := _wishes(people=people)):
        return  # as for most: who sees whom need not be asked
    seen = set(Person.objects.visible_to(user).filter(among("rpps", people)).values_list("pk", flat=True))
    wishes: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for person, rpps, address, place, purpose in told:
        if person in seen:
            wishes[rpps or "", address].add((place, purpose))
    for candidate in candidates:
        candidate.wishes = wishes[candidate.entry.person_id, candidate.address]
