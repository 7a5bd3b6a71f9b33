"""What the BAL cost a year, and what is paid for nothing; counted by the database, multiplied here, in euros and cents.

A BAL costs what its operator's price for its sort says, else the operator's general price. Where neither is known its
cost is unknown: it is counted apart, never taken for nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, QuerySet

from mailboxes.findings import KeptCount, kept_of_many
from mailboxes.models import Bal, Operator, Price, Structure, Use

Offer = Price.Offer


@dataclass
class Cost:
    """What some BAL cost a year: `amount` is of those whose price is known, and `unpriced` of them have none."""

    count: int = 0
    amount: Decimal = Decimal(0)
    unpriced: int = 0

    def add(self, count: int, price: Decimal | None) -> None:
        self.count += count
        self.amount += count * (price or 0)
        self.unpriced += count if price is None else 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.count + other.count, self.amount + other.amount, self.unpriced + other.unpriced)


@dataclass
class Bill:
    """The cost of some BAL, whole and by use; `idle` is what closing those without use would save."""

    total: Cost = field(default_factory=Cost)
    used: Cost = field(default_factory=Cost)
    idle: Cost = field(default_factory=Cost)
    unknown: Cost = field(default_factory=Cost)
    silent: Cost = field(default_factory=Cost)

    def add(self, use: str, count: int, price: Decimal | None) -> None:
        parts = {Use.USED: self.used, Use.NONE: self.idle, Use.UNKNOWN: self.unknown, Use.SILENT: self.silent}
        for cost in (self.total, parts[Use(use)]):
            cost.add(count, price)


class CostGroup(NamedTuple):
    """A number of BAL that are alike in everything a page breaks down by."""

    operator: int
    operator_name: str
    structure: int
    structure_name: str
    structure_kind: str
    service: str
    kind: str
    use: str
    number: int

    @property
    def offer(self) -> str:
        return offer_of(self.kind, self.structure_kind)


def offer_of(kind: str, structure_kind: str) -> str:
    """What the operator sells there: an APP of the organisme itself serves all its establishments."""
    if kind != Bal.Kind.APPLICATIVE:
        return kind
    return Offer.APP_ORGANISME if structure_kind == Structure.Kind.ORGANISME else Offer.APP_ESTABLISHMENT


class CostLine(NamedTuple):
    label: str
    query: dict[str, str | int]  # what narrows the register to these BAL
    bill: Bill

    @property
    def asked(self) -> str:
        return urlencode(self.query)


# name -> its title, and of a group: the label of its line, and what narrows the register to it
DIMENSIONS: dict[str, tuple[str, Callable[[CostGroup], tuple[str, tuple[tuple[str, str | int], ...]]]]] = {
    "type": ("type", lambda g: (f"{g.kind}, {Bal.Kind(g.kind).label}", (("kind", g.kind),))),
    "operateur": ("opérateur", lambda g: (g.operator_name, (("operator", g.operator),))),
    "structure": ("structure", lambda g: (g.structure_name, (("structure", g.structure),))),
    "service": (
        "service",
        lambda g: (
            f"{g.service or 'sans service'}, {g.structure_name}",
            (("structure", g.structure), ("service", g.service)),
        ),
    ),
}


class Prices:
    """Every operator's prices, read once."""

    def __init__(self) -> None:
        self.operators = list(Operator.objects.prefetch_related("prices"))
        self._own = {(op.pk, price.offer): price.yearly_cost for op in self.operators for price in op.prices.all()}
        self._general = {operator.pk: operator.yearly_cost for operator in self.operators}

    def of(self, operator: int, offer: str) -> Decimal | None:
        """The yearly price of one BAL. The general price says nothing of an APP that replaces many."""
        if (operator, offer) in self._own:
            return self._own[operator, offer]
        return None if offer == Offer.APP_ORGANISME else self._general.get(operator)


class Costs:
    """The costs of the BAL of these structures, at `now`; in as many queries for any number of BAL.

    `exact`: counted now even of many BAL, for a file or a measure, of which nobody sees at what time it was counted.
    """

    def __init__(self, structures: QuerySet[Structure], now: datetime, *, exact: bool = False):
        self.structures = structures
        self.now = now
        self.exact = exact

    @cached_property
    def prices(self) -> Prices:
        return Prices()

    @cached_property
    def _kept(self) -> KeptCount[list[tuple]]:
        return KeptCount(self._counted(), None) if self.exact else kept_of_many("costs", self.structures, self._counted)

    @property
    def counted_at(self) -> datetime | None:
        return self._kept.at

    @cached_property
    def groups(self) -> list[CostGroup]:
        return [CostGroup(*row) for row in self._kept.found]

    def _counted(self) -> list[tuple]:
        paid = Bal.objects.filter(structure__in=self.structures.values("pk")).paid().with_use(self.now)
        facts = ("operator", "operator__name", "structure", "structure__name", "structure__kind", "service", "kind")
        return list(paid.order_by().values_list(*facts, "use").annotate(n=Count("pk")))

    @cached_property
    def total(self) -> Bill:
        return self._bill(self.groups)

    def _bill(self, groups: Iterable[CostGroup]) -> Bill:
        bill = Bill()
        for group in groups:
            bill.add(group.use, group.number, self.prices.of(group.operator, group.offer))
        return bill

    @cached_property
    def wasted(self) -> dict[int, Cost]:
        """What is paid for BAL without use, by structure; only those where something is."""
        found: dict[int, Cost] = defaultdict(Cost)
        for group in self.groups:
            if group.use == Use.NONE:
                found[group.structure].add(group.number, self.prices.of(group.operator, group.offer))
        return dict(found)

    def by(self, dimension: str) -> list[CostLine]:
        """The costs by one dimension, the dearest first."""
        _, key_of = DIMENSIONS[dimension]
        parts = defaultdict(list)
        for group in self.groups:
            parts[key_of(group)].append(group)
        lines = [CostLine(label, dict(query), self._bill(groups)) for (label, query), groups in parts.items()]
        return sorted(lines, key=lambda line: (-line.bill.total.amount, -line.bill.total.count, line.label))

    def compared(self) -> list["Compared"]:
        """The two ways of paying for one software's APP, by establishment or for all at once, in each organisme of two
        or more."""
        organismes = self.structures.filter(kind=Structure.Kind.ORGANISME).annotate(n=Count("children", distinct=True))
        of_structure = Structure.objects.filter(pk__in=self.structures.values("pk")).lines()
        apps = [group for group in self.groups if group.kind == Bal.Kind.APPLICATIVE]
        found = []
        for organisme in organismes.filter(n__gte=2).order_by("name"):
            here = [group for group in apps if organisme.pk in of_structure[group.structure]]
            models = [
                Model(
                    operator.name,
                    organisme.n,
                    self._bill(group for group in here if group.operator == operator.pk).total,
                    self.prices.of(operator.pk, Offer.APP_ESTABLISHMENT),
                    self.prices.of(operator.pk, Offer.APP_ORGANISME),
                )
                for operator in self.prices.operators
            ]
            found.append(Compared(organisme, organisme.n, [model for model in models if model.says_something]))
        return found


@dataclass
class Model:
    """An operator's two ways of connecting one software to the establishments of an organisme, a year."""

    operator: str
    establishments: int
    today: Cost  # the APP that the organisme and its establishments have there
    establishment_price: Decimal | None
    organisme_price: Decimal | None

    @property
    def per_establishment(self) -> Decimal | None:
        return None if self.establishment_price is None else self.establishments * self.establishment_price

    @property
    def saved(self) -> Decimal | None:
        """What one APP for all saves over one each; negative where it costs more."""
        if self.per_establishment is None or self.organisme_price is None:
            return None
        return self.per_establishment - self.organisme_price

    @property
    def extra(self) -> Decimal | None:
        return None if self.saved is None else -self.saved

    @property
    def says_something(self) -> bool:
        return bool(self.today.count) or self.establishment_price is not None or self.organisme_price is not None


@dataclass
class Compared:
    organisme: Structure
    establishments: int
    models: list[Model]

    @property
    def cheapest(self) -> Decimal | None:
        """The lowest known price of all operators, either way."""
        known = [price for model in self.models for price in (model.per_establishment, model.organisme_price)]
        return min((price for price in known if price is not None), default=None)
