"""One BAL with all that tells who may do what, as `with_holders` reads it: each act begins so, and the questions are
prepared, for the ORM took longer to write them than the rest of the act to be done.
"""

from datetime import date
from typing import Any

from django.utils import timezone

from directory.prepared import prepared
from mailboxes.models.bal_sets import BalQuerySet, delegations_of_today, holder_left_in_row, holders
from mailboxes.models.bals import Bal
from mailboxes.models.holders import Cotitulaire, Delegataire


def locked_bal(pk: int) -> Bal:
    """The BAL as it stands now, locked until the end of the transaction."""
    today = timezone.localdate()
    return _known(_locked(today, pk=pk), today)


def seen_bal(pk: int, user) -> Bal:
    """The BAL, where `user` sees it; to any other it does not exist."""
    today = timezone.localdate()
    return _known(_seen(today, pk=pk, user=user), today)


@prepared
def _locked(today: date, pk):
    return _alone(Bal.objects.locked(), pk)


@prepared
def _seen(today: date, pk, user):
    return _alone(Bal.objects.visible_to(user), pk)


def _alone(bals: BalQuerySet, pk) -> BalQuerySet:
    rows = bals.filter(pk=pk).select_related("structure", "operator")
    return rows.annotate(holder_has_left=holder_left_in_row())


@prepared
def _holders(pk):
    return holders().filter(bal=pk)


@prepared
def _delegations(today: date, pk):
    return delegations_of_today().filter(bal=pk)


def _known(found: list[Bal], today: date) -> Bal:
    """With its holders and delegations, kept where Django keeps what it read together."""
    if not found:
        raise Bal.DoesNotExist
    (bal,) = found
    held, lent = _holders(pk=bal.pk), _delegations(today, pk=bal.pk)
    rows: list[Cotitulaire | Delegataire] = [*held, *lent]
    for one in rows:
        one.bal = bal
    kept: Any = bal.cotitulaires.all()
    kept._result_cache, kept._prefetch_done = held, True
    bal._prefetched_objects_cache = {"cotitulaires": kept}
    bal.delegations = lent
    return bal
