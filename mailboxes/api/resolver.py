"""Which address, for this person or this team, here, now: the best one, why, what else there is, and what to beware of.

From our copy of the annuaire, public for all, and from the register, as far as the asker sees it. No network.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from directory.folding import name_key
from directory.likeness import Likeness
from directory.models import Entry, SyncRun
from directory.prepared import prepared
from directory.typography import quoted
from mailboxes.api.candidates import ALTERNATIVES, Candidate, Known, ResolverQuestion, candidates_of
from mailboxes.lifecycle import BECAUSE, TO_BE_LEFT, State
from mailboxes.models import Alias, Bal
from mailboxes.models.bulk import among
from mailboxes.models.fill import Fill, fill_of

MAX_QUESTIONS = 500  # of one batch
IDLE = "Personne ne s’est connecté à cette BAL depuis longtemps : un message pourrait n’y être pas lu."


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

    @property
    def is_of_structure(self) -> bool:
        return self.reason.code == "structure"


@dataclass
class ResolverAnswer:
    question: ResolverQuestion
    ranked: list[Ranked] = field(default_factory=list)
    proposed: list[Ranked] = field(default_factory=list)  # of another service than the one asked, which nobody has
    warnings: list[tuple[str, str]] = field(default_factory=list)  # stable code, sentence
    is_settled: bool = True  # of what was read of its place; see `_is_settled`

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
    answers = dict(_answers(questions, user, at_length=False))
    if open_still := [question for question in questions if not answers[question].is_settled]:
        answers |= _answers(open_still, user, at_length=True)
    _warn(answers.values())
    return [answers[question] for question in questions]


def _answers(
    questions: list[ResolverQuestion], user, *, at_length: bool
) -> Iterator[tuple[ResolverQuestion, ResolverAnswer]]:
    candidates = candidates_of(questions, user, at_length=at_length)
    by_person: dict[str, list[Candidate]] = defaultdict(list)
    by_place: dict[str, dict[str, Candidate]] = defaultdict(dict)  # of a box that many hold, its first line will do
    for candidate in candidates.found:
        by_person[candidate.entry.person_id].append(candidate)
        if candidate.entry.kind != Bal.Kind.NOMINATIVE:
            by_place[candidate.entry.structure_id].setdefault(candidate.address, candidate)
    for question in questions:
        own = by_person[question.rpps] if question.rpps else []
        shared = by_place[question.structure].values() if question.structure else ()
        answer = _answer(question, [*own, *(one for one in shared if not one.is_of(question))])
        answer.is_settled = _is_settled(answer, candidates.first.get(question.structure))
        yield question, answer


def _is_settled(answer: ResolverAnswer, first: set[str] | None) -> bool:
    """Would the other lines of the place change nothing of it? `first`: the addresses that were read; None: all.

    They come after: where as many of the first stand as are shown, none of the others is. The best is the person's own,
    for of the place's own boxes it is told how many would do as well.
    """
    if first is None:
        return True
    if answer.ranked[0].is_of_structure:
        return False
    read = [one.candidate for one in answer.ranked if one.is_of_structure and one.candidate.address in first]
    return len([one for one in read if not one.is_leaving and not one.alias]) >= ALTERNATIVES


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
def _warn(answers: Collection[ResolverAnswer]) -> None:
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


@prepared
def _namesakes(structures, families):
    """Who is published there under these family names."""
    there = Entry.objects.published().filter(among("structure_id", structures), among("family_name", families))
    return there.values_list("structure_id", "family_name", "given_name", "person_id")


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
