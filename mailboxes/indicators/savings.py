"""What is paid for BAL that serve nobody, or of which nobody knows, by what stands in the way of closing them.

In as many queries for any number of BAL; amounts in euros a year, unknown prices counted apart.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.db.models import Case, Count, DecimalField, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from mailboxes.findings import KeptCount, kept_of_many
from mailboxes.indicators.costs import Cost, Prices, offer_of
from mailboxes.lifecycle import PAID, TO_BE_LEFT, State, Verb
from mailboxes.models import Bal, JournalEntry, Structure, Use
from mailboxes.models.bal_sets import BalQuerySet, is_orphan

SHOWN = 5  # of each hurdle, the dearest BAL
CLOSING = (Verb.CONFIRM_DELETION, Verb.OPERATOR_DELETED)


class Hurdle(NamedTuple):
    """Why BAL paid for nothing are still there: the first that a BAL meets is its own."""

    name: str
    is_met: Callable[[], Q]
    title: str
    whose: str  # whose turn it is
    says: str


HURDLES = (
    Hurdle(
        "depubliee", lambda: Q(state=State.DEPUBLISHED), "Dépubliées, et encore payées", "leurs titulaires",
        "Elles ne sont plus à l’annuaire. Seule leur suppression arrête le paiement.",
    ),
    Hurdle(
        "orpheline", is_orphan, "Personne ne les tient", "vous",
        "Désignez un principal : sans lui, personne ne peut en demander la suppression.",
    ),
    Hurdle(
        "operateur", lambda: Q(state__in=TO_BE_LEFT), "Une demande attend l’opérateur", "l’opérateur",
        "Relancez les demandes en retard ; une réponse déjà reçue s’enregistre sur la demande.",
    ),
    Hurdle(
        "alertee", lambda: Q(state=State.IDLE_ALERTED), "Leurs titulaires sont prévenus", "leurs titulaires",
        "Sans réponse à l’échéance, la dépublication est demandée.",
    ),
    Hurdle(
        "active", lambda: Q(use=Use.NONE), "Sans usage, et rien n’est encore demandé", "vous",
        "Demandez leur dépublication, ou posez d’abord la question à leurs titulaires.",
    ),
    Hurdle(
        "inconnue", Q, "Usage inconnu", "vous",
        "Inconnu ne veut pas dire inutile : importez un relevé de l’opérateur, ou posez la question.",
    ),
)  # fmt: skip


def with_hurdle(bals: BalQuerySet, now: datetime) -> BalQuerySet:
    """The BAL among these that are paid without a known use, each with `hurdle`, the name of what keeps it."""
    unused = bals.paid().with_use(now).filter(use__in=[Use.NONE, Use.UNKNOWN])
    cases = [When(hurdle.is_met(), then=Value(hurdle.name)) for hurdle in HURDLES[:-1]]
    return unused.annotate(hurdle=Case(*cases, default=Value(HURDLES[-1].name)))


@dataclass
class Blocked:
    """The BAL that one hurdle keeps."""

    hurdle: Hurdle
    cost: Cost = field(default_factory=Cost)
    dearest: list[Bal] = field(default_factory=list)  # with `price`, None where unknown


class Savings:
    """What these structures would save, and what they saved since the first of January, at `now`."""

    def __init__(self, structures: QuerySet[Structure], now: datetime):
        self.structures = structures
        self.now = now
        self.prices = Prices()

    @cached_property
    def _kept(self) -> KeptCount[tuple[list[tuple], list[int]]]:
        return kept_of_many("savings", self.structures, self._counted)

    @property
    def counted_at(self) -> datetime | None:
        return self._kept.at

    def _counted(self) -> tuple[list[tuple], list[int]]:
        """How many of each sort each hurdle keeps, and the dearest of each hurdle."""
        facts = ("hurdle", "operator", "kind", "structure__kind")
        return list(self._bals().order_by().values_list(*facts).annotate(n=Count("pk"))), self._dearest()

    def blocked(self) -> list[Blocked]:
        """BAL by hurdle, what weighs most first; none is empty. A BAL that is shown is kept by that hurdle now."""
        found = {hurdle.name: Blocked(hurdle) for hurdle in HURDLES}
        groups, dearest = self._kept.found
        for name, *group, number in groups:
            found[name].cost.add(number, self._price(*group))
        rows = self._bals().filter(pk__in=dearest).select_related("structure", "operator").in_bulk()
        for bal in (rows[pk] for pk in dearest if pk in rows):
            bal.price = self._price(bal.operator_id, bal.kind, bal.structure.kind)
            found[bal.hurdle].dearest.append(bal)
        kept = [blocked for blocked in found.values() if blocked.cost.count]
        return sorted(kept, key=lambda blocked: (-blocked.cost.amount, -blocked.cost.count))

    def gained(self) -> Cost:
        """What the BAL closed since the first of January would cost a year, had they been kept."""
        closed = JournalEntry.objects.filter(
            what__in=CLOSING, at__gte=self.now.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0),
        )  # fmt: skip
        bals = self._here().exclude(state__in=PAID).filter(pk__in=closed.values("bal"))
        cost = Cost()
        facts = ("operator", "kind", "structure__kind")
        for *group, number in bals.order_by().values_list(*facts).annotate(n=Count("pk")):
            cost.add(number, self._price(*group))
        return cost

    def _here(self) -> BalQuerySet:
        return Bal.objects.filter(structure__in=self.structures.values("pk"))

    def _bals(self) -> BalQuerySet:
        return with_hurdle(self._here(), self.now)

    def _dearest(self) -> list[int]:
        price = self._price_in_sql()
        ranked = self._bals().annotate(
            price=price,
            rank=Window(
                RowNumber(),
                partition_by=F("hurdle"),
                order_by=[price.desc(nulls_last=True), F("clock_at").asc(nulls_first=True), "address"],
            ),
        )
        return list(ranked.filter(rank__lte=SHOWN).order_by("hurdle", "rank").values_list("pk", flat=True))

    def _price(self, operator: int, kind: str, structure_kind: str):
        return self.prices.of(operator, offer_of(kind, structure_kind))

    def _price_in_sql(self) -> Case:
        """`_price`, written out for each sort of BAL there is."""
        sorts = self._bals().order_by().values_list("operator", "kind", "structure__kind").distinct()
        alike: dict[Decimal, Q] = defaultdict(Q)
        for operator, kind, structure_kind in sorts:
            known = self._price(operator, kind, structure_kind)
            if known is not None:
                alike[known] |= Q(operator=operator, kind=kind, structure__kind=structure_kind)
        whens = [When(same, then=Value(price)) for price, same in alike.items()]
        return Case(*whens, default=None, output_field=DecimalField(max_digits=8, decimal_places=2))
