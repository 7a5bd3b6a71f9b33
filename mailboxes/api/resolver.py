"""Which address, for this person or this team, here, now: the best one, why, what else there is, and what to beware of.

From our copy of the annuaire, public for all, and from the register, as far as the asker sees it. No network.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from directory.folding import name_key
from directory.likeness import Likeness, likeness
from directory.models import Entry, SyncRun
from directory.pictures import public_sources
from directory.prepared import prepared
from directory.typography import quoted
from mailboxes.lifecycle import BECAUSE, TO_BE_LEFT, State
from mailboxes.models import Alias, Bal, Person, Preference
from mailboxes.models.aliases import seen_at
from mailboxes.models.bulk import among
from mailboxes.models.fill import Fill, fill_of
from mailboxes.models.thresholds import chosen

MAX_QUESTIONS = 500  # of one batch
ALTERNATIVES = 10  # shown beside the best
IDLE = "Personne ne s’est connecté à cette BAL depuis longtemps : un message pourrait n’y être pas lu."


@dataclass(frozen=True)
class ResolverQuestion:
    """What software asks: at least one of `rpps` and `structure` (a FINESS, SIRET or RPPS-rang) is given."""

    rpps: str = ""
    structure: str = ""
    service: str = ""
    purpose: str = ""


class AnnuaireLine(NamedTuple):
    """What is asked of a line of the annuaire: a tuple, for an answer reads hundreds."""

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
        """Nothing says that it is elsewhere: a place is not asked, or the annuaire names none."""
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


class Reason(NamedTuple):
    code: str
    label: str
    holds: Callable[[Candidate, ResolverQuestion], bool]


def _nominative(candidate: Candidate, question: ResolverQuestion) -> bool:
    return candidate.is_of(question) and candidate.entry.kind == Bal.Kind.NOMINATIVE


def _shared(candidate: Candidate, question: ResolverQuestion) -> bool:
    return candidate.entry.kind != Bal.Kind.NOMINATIVE and candidate.is_here(question)


# The first that holds of a candidate is its reason; of two candidates, the one whose reason stands first is the better.
# fmt: off
REASONS = [
    Reason("purpose", "BAL choisie par le professionnel pour ces messages",
           lambda c, q: bool(q.purpose) and c.is_chosen(q, q.purpose)),
    Reason("chosen", "BAL choisie par le professionnel",
           lambda c, q: c.is_chosen(q, "")),
    Reason("preferred", "BAL privilégiée de la situation d’exercice",
           lambda c, q: _nominative(c, q) and "1" in c.ranks and c.may_be_here(q)),
    Reason("here", "BAL nominative publiée dans cette structure",
           lambda c, q: _nominative(c, q) and c.is_here(q)),
    Reason("alone", "BAL nominative, sans structure",
           lambda c, q: _nominative(c, q) and not c.entry.structure_id),
    Reason("service", "BAL organisationnelle du service",
           lambda c, q: _shared(c, q) and c.is_of_service(q)),
    Reason("anywhere", "BAL nominative publiée à son nom",
           lambda c, q: _nominative(c, q) and not q.structure),
    Reason("structure", "BAL organisationnelle de la structure",
           lambda c, q: _shared(c, q)),
    Reason("held", "BAL partagée où le professionnel est publié",
           lambda c, q: c.is_of(q) and not _nominative(c, q)),
    Reason("elsewhere", "BAL nominative publiée dans une autre structure",
           lambda c, q: _nominative(c, q)),
]
# fmt: on


class Ranked(NamedTuple):
    candidate: Candidate
    reason: Reason
    merit: tuple[bool, int, int, bool]  # the least is the best


@dataclass
class ResolverAnswer:
    question: ResolverQuestion
    ranked: list[Ranked] = field(default_factory=list)
    proposed: list[Ranked] = field(default_factory=list)  # of another service than the one asked, which nobody has
    warnings: list[tuple[str, str]] = field(default_factory=list)  # stable code, sentence

    @property
    def best(self) -> Ranked | None:
        return self.ranked[0] if self.ranked else None

    @property
    def alternatives(self) -> list[Ranked]:
        return (self.ranked[1:] + self.proposed)[:ALTERNATIVES]

    @property
    def why(self) -> str:
        """Why the best is the best; that it is the only one says more than any rank."""
        if self.best is None:
            return ""
        if len(self.ranked + self.proposed) > 1:
            return self.best.reason.label
        return "Seule BAL publiée de ce professionnel" if self.question.rpps else "Seule BAL publiée de cette structure"


class Freshness(NamedTuple):
    as_of: datetime | None  # of the annuaire; None: never loaded
    is_stale: bool


def freshness() -> Freshness:
    run = SyncRun.objects.latest_public()
    return Freshness(run.as_of, run.is_stale) if run else Freshness(None, True)


def resolve(questions: list[ResolverQuestion], *, user) -> list[ResolverAnswer]:
    """An answer to each question, in as many queries for 500 as for one."""
    candidates = _candidates(questions)
    _tie_to_register(candidates.values(), user)
    _tie_to_wishes(candidates.values(), user)
    by_person: dict[str, dict] = defaultdict(dict)
    by_place: dict[str, dict] = defaultdict(dict)
    for key, candidate in candidates.items():
        by_person[candidate.entry.person_id][key] = candidate
        if candidate.entry.kind != Bal.Kind.NOMINATIVE:
            by_place[candidate.entry.structure_id][key] = candidate
    answers = []
    for question in questions:
        own = by_person[question.rpps] if question.rpps else {}
        shared = by_place[question.structure] if question.structure else {}
        answers.append(_answer(question, (own | shared).values()))
    _warn(answers)
    return answers


@prepared
def _lines(people, structures):
    shared = among("structure_id", structures) & ~Q(kind=Bal.Kind.NOMINATIVE)
    lines = Entry.objects.published().filter(among("person_id", people) | shared)
    return lines.values_list("source", "pk", "rank", *AnnuaireLine._fields)


def _candidates(questions: list[ResolverQuestion]) -> dict[tuple[str, str, str], Candidate]:
    """One per person, structure and address, whichever public source says it first."""
    people = {question.rpps for question in questions} - {""}
    structures = {question.structure for question in questions} - {""}
    sources, read = public_sources(), _lines(people=people, structures=structures)
    found: dict[tuple[str, str, str], Candidate] = {}
    for _, _, rank, *facts in sorted(read, key=lambda row: (sources.index(row[0]), row[1])):
        line = AnnuaireLine._make(facts)
        key = (line.person_id, line.structure_id, line.address)
        candidate = found.get(key)
        if candidate is None:
            candidate = found[key] = Candidate(line, set())
        candidate.ranks.add(rank)
    return found


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


@prepared
def _namesakes(structures, families):
    """Who is published there under these family names."""
    there = Entry.objects.published().filter(among("structure_id", structures), among("family_name", families))
    return there.values_list("structure_id", "family_name", "given_name", "person_id")


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


def _answer(question: ResolverQuestion, candidates: Iterable[Candidate]) -> ResolverAnswer:
    ranked = [one for candidate in candidates if (one := _ranked(candidate, question))]
    ranked.sort(key=lambda one: (one.merit, one.candidate.address))
    once = {_box(one.candidate): one for one in reversed(ranked)}  # the best line of each BAL, whatever its addresses
    ranked = [one for one in ranked if once[_box(one.candidate)] is one]
    others = [one for one in ranked if one.candidate.is_of_another_service(question)]
    kept = [one for one in ranked if not one.candidate.is_of_another_service(question)] if others else ranked
    return ResolverAnswer(question, kept, others)


def _box(candidate: Candidate) -> str:
    return candidate.bal.address if candidate.bal else candidate.address


def _ranked(candidate: Candidate, question: ResolverQuestion) -> Ranked | None:
    for place, reason in enumerate(REASONS):
        if reason.holds(candidate, question):
            merit = (candidate.is_leaving, place, -candidate.is_like(question), bool(candidate.alias))
            return Ranked(candidate, reason, merit)
    return None


# --- Warnings ---------------------------------------------------------------------------------------------------------
def _warn(answers: list[ResolverAnswer]) -> None:
    homonyms = _homonyms([answer.best.candidate for answer in answers if answer.best])
    for answer in answers:
        answer.warnings += _of_service(answer)
        if answer.best is None:
            if not answer.proposed:
                answer.warnings.append(("nothing", "L’annuaire ne montre aucune BAL qui réponde à cette demande."))
            continue
        answer.warnings += _of_bal(answer.best.candidate.bal)
        answer.warnings += _of_alias(answer.best.candidate)
        answer.warnings += _of_rank(answer)
        if answer.best.candidate.address in homonyms:
            names = f"{answer.best.candidate.entry.given_name} {answer.best.candidate.entry.family_name}"
            answer.warnings.append(("homonym", f"Une autre personne nommée {names} est publiée dans cette structure."))


def _of_service(answer: ResolverAnswer) -> list[tuple[str, str]]:
    """The warning that the service asked was not found, or only one whose name says more."""
    question, best = answer.question, answer.best
    if not question.service or not question.structure or (best and best.candidate.is_of(question)):
        return []  # the professional's own answers, whatever the service
    if best and best.candidate.is_of_service(question):
        return _of_wider_service(best.candidate, question)
    also = " Les autres BAL de la structure sont proposées." if answer.proposed else ""
    return [
        ("service-not-found", f"Aucune BAL publiée du service {quoted(question.service)} dans cette structure.{also}")
    ]


def _of_wider_service(candidate: Candidate, question: ResolverQuestion) -> list[tuple[str, str]]:
    if candidate.is_like(question) > Likeness.WIDER:
        return []
    name = candidate.service
    return [
        (
            "service-wider",
            f"Le service publié, {quoted(name)}, n’est peut-être qu’une part de celui demandé : vérifiez.",
        )
    ]


def _of_bal(bal: Known | None) -> list[tuple[str, str]]:
    if bal is None:
        return []
    said = []
    if bal.state in TO_BE_LEFT:
        said.append(("leaving", f"Cherchez une autre adresse : {BECAUSE[State(bal.state)]}."))
    elif bal.state == State.IDLE_ALERTED or bal.is_idle:
        said.append(("idle", IDLE))
    if fill_of(bal.percent_full) == Fill.FULL:
        said.append(("full", f"Cette BAL est remplie à {bal.percent_full} % : un envoi peut être refusé."))
    return said


def _of_alias(candidate: Candidate) -> list[tuple[str, str]]:
    if not candidate.alias or candidate.bal is None:
        return []
    nature = Alias.Nature(candidate.alias).label
    return [("alias", f"Cette adresse est {quoted(nature)} de la BAL {candidate.bal.address}.")]


def _of_rank(answer: ResolverAnswer) -> list[tuple[str, str]]:
    """The warning that several are as good as the best: software may take it, a person should look."""
    assert answer.best  # noqa: S101 - its caller has seen to it
    equals = [one for one in answer.ranked[1:] if one.merit == answer.best.merit]
    if equals and answer.best.reason.code not in {"purpose", "chosen", "preferred"}:
        return [("several", f"{len(equals) + 1} adresses répondent aussi bien : vérifiez que c’est la bonne.")]
    if len([one for one in answer.ranked if one.reason.code == "preferred"]) > 1:
        return [("contradiction", "L’annuaire donne plusieurs BAL privilégiées à ce professionnel.")]
    return []


def _homonyms(candidates: list[Candidate]) -> set[str]:
    """The addresses of those whose full name another person bears in the same structure."""
    named = [c.entry for c in candidates if c.entry.structure_id and c.entry.family_name and c.entry.person_id]
    if not named:
        return set()
    structures, families = ({getattr(entry, name) for entry in named} for name in ("structure_id", "family_name"))
    bearers = defaultdict(set)
    for structure, family, given, person in _namesakes(structures=structures, families=families):
        bearers[structure, name_key(family, given)].add(person)
    return {
        entry.address
        for entry in named
        if bearers[entry.structure_id, name_key(entry.family_name, entry.given_name)] - {entry.person_id, ""}
    }
