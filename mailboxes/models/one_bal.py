"""One BAL with all that tells who may do what, as `with_holders` reads it: each act begins so, and the questions are
prepared, for the ORM took longer to write them than the rest of the act to be done.
"""

from datetime import date
from typing import Any

from django.utils import timezone

from directory.prepared import prepared
from mailboxes.models.bal_sets import delegations_of_today, holder_left_in_row, holders
from mailboxes.models.bals import Bal
from mailboxes.models.holders import Cotitulaire, Delegataire


def locked_bal(pk: int) -> Bal:
    """The BAL as it stands now, locked until the end of the transaction."""
    today = timezone.localdate()
    found = _locked(today, pk=pk)
    if not found:
        raise Bal.DoesNotExist
    (bal,) = found
    _know(bal, _holders(pk=pk), _delegations(today, pk=pk))
    return bal


@prepared
def _locked(today: date, pk):
    rows = Bal.objects.locked().select_related("structure", "operator")
    return rows.annotate(holder_has_left=holder_left_in_row()).filter(pk=pk)


@prepared
def _holders(pk):
    return holders().filter(bal=pk)


@prepared
def _delegations(today: date, pk):
    return delegations_of_today().filter(bal=pk)


def _know(bal: Bal, held: list[Cotitulaire], lent: list[Delegataire]) -> None:
    """Keep them with the BAL, where Django keeps what it read together."""
    rows: list[Cotitulaire | Delegataire] = [*held, *lent]
    for one in rows:
        one.bal = bal
    kept: Any = bal.cotitulaires.all()
    kept._result_cache, kept._prefetch_done = held, True
    bal._prefetched_objects_cache = {"cotitulaires": kept}
    bal.delegations = lent
