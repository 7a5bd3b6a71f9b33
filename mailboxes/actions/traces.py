"""Who looked at what; and forgetting what is kept no longer."""

from django.db.models import QuerySet

from mailboxes.actions.moves import Tally
from mailboxes.models import AccessTrace


def trace(user, what: str, target: str = "") -> None:
    AccessTrace.objects.create(user=user, what=what, target=target[:300])


def delete(rows: QuerySet) -> Tally:
    return Tally(done=rows.delete()[0])
