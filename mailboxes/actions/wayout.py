"""The guided beginning of the way out: where correspondents are led, then the request to the operator."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.journal import locked
from mailboxes.actions.moves import write_moves
from mailboxes.lifecycle import Verb
from mailboxes.models import Bal

WRITTEN = ["replaced_by", "auto_reply"]


@transaction.atomic
def request_depublication(bal: Bal, *, by, replaced_by: str = "", auto_reply: str = "", note: str = "") -> Bal:
    """`replaced_by`: the address to use instead; `auto_reply`: what the operator is asked to answer meanwhile."""
    bal = locked(bal)
    rules.check_move(bal, Verb.REQUEST_DEPUBLICATION, by=by)
    bal.replaced_by, bal.auto_reply = replaced_by.strip().lower(), auto_reply.strip()
    rules.check_replacement(bal)
    rules.check_values(bal, only=WRITTEN)
    led = f"BAL à utiliser à la place : {bal.replaced_by}" if bal.replaced_by else ""
    write_moves([bal], Verb.REQUEST_DEPUBLICATION, by=by, note=note, led=led, also=WRITTEN)
    return bal
