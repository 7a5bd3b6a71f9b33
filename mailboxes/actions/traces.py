"""Who looked at what; and forgetting what is kept no longer."""

import re
from urllib.parse import unquote_plus

from django.db.models import QuerySet
from django.utils import timezone

from directory.controls import without_controls
from directory.prepared import add_row
from directory.typography import cut
from mailboxes.actions.batches import Tally
from mailboxes.models import AccessTrace

NUMBER = re.compile(r"(?<![\w.-])(?:\d[\s.]?){10,14}\d(?![\w-])")  # RPPS, national identifier, INS, however spaced


def trace(user, what: str, target: str = "") -> None:
    """`target` may be what an address asked (`?q=…`): the numbers of people are taken out of it."""
    said = cut(NUMBER.sub("‹numéro›", without_controls(unquote_plus(target))), 300)
    add_row(AccessTrace, user=user.pk, at=timezone.now(), what=what, target=said)


def delete(rows: QuerySet) -> Tally:
    return Tally(done=rows.delete()[0])
