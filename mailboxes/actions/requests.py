"""What the operator is asked, and what is written when he is told, has answered, or is no longer asked."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.lifecycle import OPENS, SETTLES, Act, Party, RequestKind, RequestStage, Verb
from mailboxes.models import Bal, JournalEntry, Request
from mailboxes.models.requests import AWAITED

STAMPS = {
    RequestStage.DONE: "done_at",
    RequestStage.VERIFIED: "verified_at",
    RequestStage.REFUSED: "closed_at",
    RequestStage.CANCELLED: "closed_at",
}


@transaction.atomic
def open_request(bal: Bal, kind: RequestKind, *, by, detail: str = "", note: str = "") -> Request:
    """Ask the operator for something that moves no state: a change, a preferred BAL. `detail` is what he reads."""
    bal = locked(bal)
    rules.check_open_request(bal, kind, by=by)
    text = "\n".join(filter(None, [detail, note]))
    entry = write(bal, Act.ASK_OPERATOR, by=by, parties=frozenset({Party.OPERATOR}), before=kind.label, note=text)
    request = request_of(entry, bal, kind)
    request.save()
    return request


def request_of(entry: JournalEntry, bal: Bal, kind: RequestKind) -> Request:
    """The request that a saved line of the journal makes, unsaved."""
    return Request(
        structure_id=bal.structure_id,
        operator_id=bal.operator_id,
        bal=bal,
        address=bal.address,
        kind=kind,
        entry=entry,
        by_id=entry.by_id,
    )


def write_requests(bals: Iterable[Bal], entries: Iterable[JournalEntry], verb: Verb | Act) -> None:
    """What a move opens and settles, in one statement each."""
    bals = list(bals)
    for kind, stage in SETTLES.get(verb, ()):
        awaited = Request.objects.filter(bal__in=bals, kind=kind, stage__in=[*AWAITED, RequestStage.DONE])
        awaited.update(stage=stage, **{STAMPS[stage]: timezone.now()})
    if verb in OPENS:
        Request.objects.bulk_create(
            request_of(entry, bal, OPENS[verb]) for bal, entry in zip(bals, entries, strict=True)
        )
