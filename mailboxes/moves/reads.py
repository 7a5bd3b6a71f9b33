"""A migration before it is prepared, and on its way: what it costs, what it asks of whom, what is in its way."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from directory.models import Entry
from mailboxes.indicators.costs import Cost, Prices, offer_of
from mailboxes.lifecycle import ANSWERED
from mailboxes.models import Bal
from mailboxes.models.bal_sets import IS_EXPECTED, BalQuerySet
from mailboxes.moves.models import MigratedBal, MigratedBalQuerySet, Migration, MigrationStep
from mailboxes.moves.rules import Surroundings
from mailboxes.rules import Refused

OF_ADDRESS = ("malformed", "domain", "taken", "twice")
AT_ONCE = 400  # BAL of a migration that are a line of its form each; the others go by the same rule, or stay
MOST_TICKED = 400  # whose numbers a page's address holds
MOST = 5000  # BAL of one migration


class Proposed(NamedTuple):
    """One BAL of the preview, the address it would have, and what is in its way."""

    bal: Bal
    address: str
    blocked: str
    is_mendable: bool  # by another address


@dataclass
class MigrationPreview:
    lines: list[Proposed]
    before: Cost = field(default_factory=Cost)
    after: Cost = field(default_factory=Cost)

    @property
    def free(self) -> list[Proposed]:
        return [line for line in self.lines if not line.blocked]

    @property
    def is_possible(self) -> bool:
        """Is there one that moves, or might at another address?"""
        return any(not line.blocked or line.is_mendable for line in self.lines)

    @property
    def blocked(self) -> list[Proposed]:
        return [line for line in self.lines if line.blocked]

    @property
    def is_priced(self) -> bool:
        return not self.before.unpriced and not self.after.unpriced

    @property
    def difference(self):
        return self.after.amount - self.before.amount

    @property
    def former_operators(self) -> list[str]:
        return sorted({str(line.bal.operator) for line in self.free})


def preview(migration: Migration, bals: BalQuerySet, typed: dict[int, str], *, by, after: int = 0) -> MigrationPreview:
    """What would become of the first BAL, or of those after so many; in as many queries for a thousand as for one."""
    rows = list(bals.with_holders().order_by("address", "pk")[after : MOST if after else AT_ONCE])
    wanted = {bal.pk: typed.get(bal.pk) or address_in(migration.domain, bal.address) for bal in rows}
    around = Surroundings(migration, wanted)
    found = MigrationPreview([_proposed(around, bal, by) for bal in rows])
    prices = Prices()
    for line in found.free:
        offer = offer_of(line.bal.kind, line.bal.structure.kind)
        found.before.add(1, prices.of(line.bal.operator_id, offer))
        found.after.add(1, prices.of(migration.operator.pk, offer))
    return found


def address_in(domain: str, address: str) -> str:
    """The local part kept; without a domain, the address itself."""
    return f"{address.rpartition('@')[0]}@{domain}" if domain else address


def _proposed(around: Surroundings, bal: Bal, by) -> Proposed:
    address = around.wanted[bal.pk]
    try:
        around.check(bal, by=by)
    except Refused as refused:
        return Proposed(bal, address, refused.messages[0], refused.code in OF_ADDRESS)
    return Proposed(bal, address, "", True)


class StepCount(NamedTuple):
    step: MigrationStep
    number: int


def progress(migration: Migration) -> list[StepCount]:
    counts = migration.rows.steps()
    return [StepCount(step, counts[step]) for step in MigrationStep if step in counts]


# --- Sweeps -----------------------------------------------------------------------------------------------------------
def to_switch(today: date) -> QuerySet[MigratedBal]:
    """Opened at the new operator, on or after the planned day."""
    return MigratedBal.objects.ready().filter(migration__planned_on__lte=today)


def to_depublish() -> QuerySet[MigratedBal]:
    """Switched, and their new address seen: in the annuaire, in a list of the new operator since, or never expected in
    the annuaire; while the former one is still published."""
    published = Entry.objects.published()
    seen = Q(Exists(published.filter(address=OuterRef("new_address"))))
    seen |= Q(bal__read_at__isnull=False)
    unexpected = Bal.objects.filter(pk=OuterRef("bal")).exclude(IS_EXPECTED)
    seen |= Q(Exists(unexpected))
    there = Exists(published.filter(address=OuterRef("former_address")))
    moved = MigratedBal.objects.standing().exclude(switched_at=None).exclude(new_address=F("former_address"))
    return moved.filter(seen, there, depublication=None)


def to_end() -> QuerySet[MigratedBal]:
    """BAL whose former box is deleted, by the former operator's word."""
    return MigratedBal.objects.standing().filter(deletion__stage__in=ANSWERED)


def closable(rows: MigratedBalQuerySet, today: date) -> QuerySet[MigratedBal]:
    """BAL whose overlap is over, and whose former box is to be closed."""
    open_still = rows.standing().exclude(switched_at=None).filter(due_on__lte=today)
    return open_still.with_step().filter(step=MigrationStep.OVERLAP)
