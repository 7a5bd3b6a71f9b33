"""The addresses to write to instead of BAL that leave."""

from collections import defaultdict
from collections.abc import Iterable

from mailboxes.lifecycle import LED_TO
from mailboxes.models import Bal, Cotitulaire, Preference


def successors_of(bals: Iterable[Bal]) -> dict[int, list[str]]:
    """The addresses to write to instead of BAL that leave, by BAL, the likeliest first, in constant queries.

    The one that was named when its depublication was asked; what its principal prefers, what they hold, what its other
    holders share.
    """
    bals = list(bals)
    holders = {holder.person_id for bal in bals for holder in bal.cotitulaires.all()}
    held: dict[int, list[Bal]] = defaultdict(list)
    for row in Cotitulaire.objects.filter(person__in=holders, bal__state__in=LED_TO).select_related("bal"):
        held[row.person_id].append(row.bal)
    wishes = set(Preference.objects.main().filter(person__in=holders).values_list("person", "address"))
    return {bal.pk: _successors(bal, held, wishes) for bal in bals}


def _successors(bal: Bal, held: dict[int, list[Bal]], wishes: set[tuple[int, str]]) -> list[str]:
    ranked: dict[str, tuple] = {}
    for holder in bal.cotitulaires.all():
        for other in held.get(holder.person_id, []):
            if other.pk != bal.pk and (holder.is_principal or other.is_shared):
                is_wished = (holder.person_id, other.address) in wishes
                rank = (not is_wished, other.kind != bal.kind, not holder.is_principal, other.address)
                ranked[other.address] = min(rank, ranked.get(other.address, rank))
    likely = sorted(ranked, key=lambda address: ranked[address])
    return list(dict.fromkeys(filter(None, [bal.replaced_by, *likely])))
