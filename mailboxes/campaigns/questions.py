"""The campaigns, as one table: what each asks, of which BAL, who cannot be reached, who is left out and why."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast

from directory.models import Entry
from directory.typography import of
from mailboxes.campaigns.models import CampaignTarget, Outcome
from mailboxes.gaps.preferred import PracticePlaces
from mailboxes.lifecycle import OPENED, WITH_ACCESSES, CampaignKind, State
from mailboxes.models import Bal, Cotitulaire, Delegataire, Person, Structure
from mailboxes.models.bal_sets import HAS_USERS
from mailboxes.models.thresholds import chosen
from mailboxes.notices import idleness

KINDS, ANSWERS = CampaignKind, CampaignTarget.Answer


class Fate(NamedTuple):
    """What becomes of the BAL of which the condition is true; the first that is true counts."""

    name: str
    sentence: str
    condition: Any


class CampaignQuestion(NamedTuple):
    kind: CampaignKind
    title: str
    asks: str  # to whoever is asked
    explains: str  # to the gestionnaire
    answers: tuple[CampaignTarget.Answer, ...]
    left_out: Callable[[datetime], list[Fate]]
    by_link: bool  # answered by the signed link of its mail
    of_people: bool = False  # put to a person about themselves, not about each of their BAL

    @property
    def unit(self) -> str:
        return "professionnel" if self.of_people else "BAL"

    @property
    def outcomes(self) -> dict[str, str]:
        """What may become of its targets, in words."""
        return {answer.value: str(answer.label) for answer in self.answers} | dict(Outcome.choices)


def _out_of_cleanup(now: datetime) -> list[Fate]:
    months = chosen.CLEANUP_IDLE_MONTHS
    lately = idleness.asked(now, at__gt=now - settings.UNIDENTIFIED_REMIND_AFTER)
    alerted = Q(state=State.IDLE_ALERTED)
    return [
        Fate("app", "BAL applicatives : un logiciel les utilise", ~HAS_USERS),
        Fate("alerted", "déjà alertées pour inactivité : l’alerte pose la question", alerted),
        Fate("state", "ni actives ni alertées : demandées, ou en cours de retrait", ~Q(state=State.ACTIVE)),
        Fate("used", f"ont servi il y a moins de {months} mois", Q(clock_at__gt=now - relativedelta(months=months))),
        Fate("lately", "interrogées ces derniers jours par la question sur l’usage", Q(lately)),
    ]


def _out_of_recertification(now: datetime) -> list[Fate]:
    others = Cotitulaire.objects.filter(bal=OuterRef("pk"), is_principal=False)
    lent = Delegataire.objects.current().filter(bal=OuterRef("pk"))
    return [
        Fate("app", "BAL applicatives : un logiciel les utilise", ~HAS_USERS),
        Fate("state", "pas encore ouvertes, ou supprimées", ~Q(state__in=OPENED & WITH_ACCESSES)),
        Fate("alone", "personne d’autre que leur titulaire n’y a accès", ~Exists(others) & ~Exists(lent)),
    ]


def _out_of_preference(now: datetime) -> list[Fate]:
    """The annuaire says where each practises; a choice is one among several addresses, wherever they are hosted."""
    places = PracticePlaces(Structure.objects.all())
    active = Cotitulaire.objects.filter(person=OuterRef("pk"), bal__state=State.ACTIVE)
    several = active.order_by().values("person").annotate(count=Count("pk")).filter(count__gt=1)
    held = Cotitulaire.objects.filter(person=OuterRef(OuterRef("pk"))).values("bal__address")
    elsewhere = Entry.objects.published().filter(person_id=OuterRef("rpps")).exclude(address__in=held)
    return [
        Fate("one", "n’ont qu’une adresse : rien à choisir", ~Exists(several) & ~(Exists(active) & Exists(elsewhere))),
        Fate("nowhere", "l’annuaire ne leur donne aucun lieu d’exercice ici", ~Q(pk__in=places.people())),
        Fate("chosen", "ont déjà choisi", ~Q(pk__in=places.narrowed(sort="sans").people())),
    ]


# fmt: off
QUESTIONS: dict[str, CampaignQuestion] = {question.kind: question for question in [
    CampaignQuestion(
        KINDS.CLEANUP, "Boîtes inutilisées", "Vous servez-vous de cette BAL ?",
        "Les BAL dont l’usage est inconnu ou ancien : leur principal dit s’il s’en sert. Le silence ne retire rien.",
        (ANSWERS.USED, ANSWERS.UNUSED, ANSWERS.NOT_MINE), _out_of_cleanup, by_link=True,
    ),
    CampaignQuestion(
        KINDS.RECERTIFICATION, "Revoir qui a accès", "Ces personnes doivent-elles garder leur accès ?",
        "Chaque principal relit qui a accès à sa BAL, confirme, ou retire des accès. Le silence ne retire rien.",
        (ANSWERS.CONFIRMED, ANSWERS.WITHDRAWN), _out_of_recertification, by_link=False,
    ),
    CampaignQuestion(
        KINDS.PREFERRED, "BAL privilégiée", "Quelle BAL privilégiez-vous là où vous exercez ?",
        "Qui a plusieurs adresses choisit celle où ses confrères écriront, pour chacun de ses lieux d’exercice.",
        (ANSWERS.CHOSEN, ANSWERS.DECLINED), _out_of_preference, by_link=False, of_people=True,
    ),
]}
# fmt: on


# --- Who would be asked -----------------------------------------------------------------------------------------------
ASKED, UNREACHABLE = "asked", ("orphan", "hand", "no_account", "no_address")
ALREADY = "already"
REACHED_OR_NOT: dict[str, str] = {
    ASKED: "seront interrogées",
    "orphan": "sans principal : personne n’en répond",
    "hand": "à prévenir par vous, de vive voix ou par courrier, comme leur titulaire le demande",
    "no_account": "leur titulaire n’a pas de compte ici : il ne pourrait pas répondre",
    "no_address": "aucune adresse connue pour leur titulaire",
}


def _unreachable(question: CampaignQuestion) -> list[Fate]:
    principal = Cotitulaire.objects.filter(bal=OuterRef("pk"), is_principal=True)

    def is_so(of: str, **facts) -> Any:
        """The condition, on the person or on whoever answers for the BAL."""
        conditions = Q(**{f"{of}{name}": value for name, value in facts.items()})
        return conditions if question.of_people else Exists(principal.filter(conditions))

    of, channel = "" if question.of_people else "person__", Person.Channel
    nowhere = is_so(of, email="") & ~is_so(of, channel=channel.HAND)
    if settings.MSSANTE_MAIL:
        nowhere &= is_so(of, mssante_address="") | ~is_so(of, channel=channel.MSSANTE)
    conditions = {"hand": is_so(of, channel=channel.HAND), "no_address": nowhere}
    if not question.by_link:
        conditions = {"no_account": is_so(of, user=None), **conditions}
    if not question.of_people:
        conditions = {"orphan": ~Exists(principal), **conditions}
    return [Fate(name, REACHED_OR_NOT[name], condition) for name, condition in conditions.items()]


def _cases(question: CampaignQuestion, now: datetime) -> list[Fate]:
    row = {"bal": None, "person": OuterRef("pk")} if question.of_people else {"bal": OuterRef("pk")}
    asked = CampaignTarget.objects.filter(open_kind=question.kind, **row)
    already = Fate(ALREADY, "déjà dans une campagne ouverte de la même sorte", Exists(asked))
    return [*question.left_out(now), already, *_unreachable(question)]


def candidates(
    question: CampaignQuestion, bals: QuerySet[Bal], now: datetime, rows: QuerySet | None = None
) -> QuerySet:
    """The BAL, or their titulaires; with the `fate` that the campaign would give each, and who would be `asked`.

    `rows`: how to read the BAL.
    """
    whens = [When(case.condition, then=Value(case.name)) for case in _cases(question, now)]
    fate = Case(*whens, default=Value(ASKED), output_field=CharField())
    principals = Cotitulaire.objects.filter(is_principal=True)
    if question.of_people:
        holders = principals.filter(bal__in=bals.order_by().values("pk")).values("person")
        nothing = Cast(Value(None), BigIntegerField())  # PostgreSQL wants to know of what type
        return Person.objects.filter(pk__in=holders).annotate(fate=fate, asked=F("pk"), about=nothing)
    rows = Bal.objects.all() if rows is None else rows
    principal = Subquery(principals.filter(bal=OuterRef("pk")).values("person")[:1])
    return rows.filter(pk__in=bals.order_by().values("pk")).annotate(fate=fate, asked=principal, about=F("pk"))


def targets_among(question: CampaignQuestion, bals: QuerySet[Bal], now: datetime) -> QuerySet:
    """The targets of a campaign: who cannot be reached enters too, to be seen and mended."""
    return candidates(question, bals, now).filter(fate__in=[ASKED, *UNREACHABLE])


class FateLine(NamedTuple):
    name: str
    sentence: str
    bals: int


class Preview(NamedTuple):
    asked: int
    people: int
    unreachable: list[FateLine]
    left_out: list[FateLine]

    @property
    def total(self) -> int:
        """How many enter the campaign."""
        return self.asked + sum(line.bals for line in self.unreachable)


def preview(question: CampaignQuestion, bals: QuerySet[Bal], now: datetime) -> Preview:
    """The people whom a campaign would ask, and who is left out and why; in two queries, whatever the number of BAL."""
    rows = candidates(question, bals, now)
    counts = dict(rows.values_list("fate").annotate(count=Count("pk")).order_by())
    people = rows.filter(fate=ASKED).aggregate(people=Count("asked", distinct=True))["people"]
    lines = [
        FateLine(case.name, case.sentence, counts[case.name]) for case in _cases(question, now) if case.name in counts
    ]
    return Preview(
        asked=counts.get(ASKED, 0),
        people=people,
        unreachable=[line for line in lines if line.name in UNREACHABLE],
        left_out=[line for line in lines if line.name not in UNREACHABLE],
    )


def sentence_of(question: CampaignQuestion, name: str, now: datetime) -> str:
    return {ASKED: "sera interrogé", **{case.name: case.sentence for case in _cases(question, now)}}[name]


# --- What is put to a principal ---------------------------------------------------------------------------------------
class Access(NamedTuple):
    """One person's access to a BAL, as the principal reads it; `key` is what the form sends back."""

    key: str
    person: Person
    says: str
    row: Cotitulaire | Delegataire


def accesses(bal: Bal) -> list[Access]:
    """The accesses of everybody but the principal; `bal` by `with_holders`."""
    shared = [holder for holder in bal.cotitulaires.all() if not holder.is_principal]
    giving = {row.under_id for row in bal.current_delegations()}
    held = [Access(f"cotitulaire-{row.person_id}", row.person, _held(row, giving), row) for row in shared]
    return held + [Access(f"delegation-{row.pk}", row.person, _lent(row), row) for row in bal.current_delegations()]


def _held(row: Cotitulaire, giving: set[int]) -> str:
    gives = " ; les accès que donne cette personne prennent fin avec le sien" if row.person_id in giving else ""
    return f"cotitulaire{gives}"


def _lent(row: Delegataire) -> str:
    end = f"jusqu’au {row.ends_on:%d/%m/%Y}" if row.ends_on else "sans date de fin"
    return f"délégataire sous la responsabilité {of(row.under)}, {end} : {row.reason}"
