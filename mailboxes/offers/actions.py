"""What a structure writes of an operator's offer."""

from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Operator, Structure
from mailboxes.offers.models import Criterion, Rating


class RatingSaid(NamedTuple):
    mark: int | None = None
    words: str = ""


@transaction.atomic
def rate_operator(structure: Structure, operator: Operator, said: dict[str, dict[str, Any]], *, by) -> int:
    """Write the mark, the words or both that are said by criterion; what is emptied is taken out. How many changed."""
    Structure.objects.select_for_update(no_key=True).get(pk=structure.pk)
    rules.check_may(Act.RATE_OPERATOR, structure=structure, by=by)
    held = {row.criterion: row for row in Rating.objects.filter(structure=structure, operator=operator)}
    changed = 0
    for criterion, facts in said.items():
        row = held.get(criterion)
        before = RatingSaid(row.mark, row.words) if row else RatingSaid()
        after = before._replace(**facts)
        if before == after:
            continue
        _keep(row, structure, operator, criterion, after, by)
        told: dict = {"before": _shown(before), "after": _shown(after), "note": Criterion(criterion).label}
        write_about(Act.RATE_OPERATOR, by=by, about={"structure": structure, "operator": operator}, **told)
        changed += 1
    return changed


def _keep(row: Rating | None, structure: Structure, operator: Operator, criterion: str, said: RatingSaid, by) -> None:
    if said == RatingSaid():
        assert row  # noqa: S101 - else nothing changed
        row.delete()
        return
    row = row or Rating(structure=structure, operator=operator, criterion=criterion)
    row.mark, row.words, row.by, row.at = said.mark, said.words, by, timezone.now()
    rules.check_row(row)
    row.save()


def _shown(said: RatingSaid) -> str:
    mark = f"{said.mark} sur {Rating.MOST}" if said.mark else ""
    return " : ".join(filter(None, [mark, said.words]))
