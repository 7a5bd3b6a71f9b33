"""What becomes of a request: sent by hand, answered, seen in the annuaire, cancelled, reminded, asked again."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import tell_of
from mailboxes.actions.moves import Tally, move
from mailboxes.actions.requests import STAMPS, ask, cancel, note
from mailboxes.lifecycle import STEPS, Act, Letter, Party, RequestKind
from mailboxes.models import SYSTEM, Bal, Notice, Request
from mailboxes.notices.telling import notices_of_delay


@transaction.atomic
def step(request: Request, act: Act, *, by, answer: str = "") -> Request:
    """One line of `lifecycle.STEPS`; where the state of its BAL awaits the request, the BAL moves with it."""
    request = held(request)
    rules.check_step(request, act, by=by)
    if act == Act.RECORD_REFUSAL:
        rules.check_refusal_told(answer)
    return DO[act](request, act, by=by, answer=answer.strip())


def step_each(requests: QuerySet[Request], act: Act, *, by, answer: str = "") -> Tally:
    """One step for many requests, each in its own transaction; a refusal is counted."""
    tally = Tally()
    for request in requests.order_by("pk"):
        try:
            step(request, act, by=by, answer=answer)
            tally.done += 1
        except rules.Refused as refused:
            tally.refused[str(request)] = refused.messages[0]
    return tally


def held(request: Request) -> Request:
    """The request as it stands now, locked after its BAL: every action takes the two in this order."""
    if request.bal_id:
        Bal.objects.locked().get(pk=request.bal_id)
    rows = Request.objects.select_for_update(of=("self",)).select_related("structure", "operator", "entry", "by")
    found = rows.get(pk=request.pk)
    if found.bal_id:
        found.bal = Bal.objects.with_holders().get(pk=found.bal_id)
    return found


def _mark_sent(request: Request, act: Act, *, by, answer: str) -> Request:
    """Note that a person passed the request on (portal, telephone, post): the letter that waits is not mailed."""
    now = timezone.now()
    Request.objects.filter(pk=request.pk).mark_sent(now)
    waiting = Notice.objects.filter(entry=request.entry_id, party=Party.OPERATOR, sent_at=None)
    waiting.update(channel=Notice.Channel.HAND, sent_at=now)
    request.refresh_from_db(fields=["stage", "sent_at", "due_on"])
    note(request, act, by=by, reason=answer)
    return request


def _settle(request: Request, act: Act, *, by, answer: str) -> Request:
    verb = rules.verb_of(request, act)
    if verb:
        assert request.bal  # noqa: S101 - it moves
        move(request.bal, verb, by=by, note=answer)
    request.stage, request.answer = STEPS[act].after, answer or request.answer
    stamp = STAMPS[STEPS[act].after]
    setattr(request, stamp, timezone.now())
    request.save(update_fields=["stage", "answer", stamp])
    if not verb:
        note(request, act, by=by, reason=answer)
    return request


def _cancel(request: Request, act: Act, *, by, answer: str) -> Request:
    verb = rules.verb_of(request, act)
    if verb:
        assert request.bal  # noqa: S101 - it moves
        move(request.bal, verb, by=by, note=answer)
    else:
        cancel(Request.objects.filter(pk=request.pk), by=by, reason=answer)
    request.refresh_from_db()
    return request


def _ask_again(request: Request, act: Act, *, by, answer: str) -> Request:
    """A new request, for the operator's refusal stands."""
    reason = answer or request.reason
    about: dict = {"bal": request.bal}
    if not request.bal:
        about = {"structure": request.structure, "operator": request.operator, "address": request.address}
    facts: dict = {"detail": request.detail, "reason": reason, "person": request.person}
    return ask(RequestKind(request.kind), by=by, act=act, **facts, **about)


def _remind(request: Request, act: Act, *, by, answer: str) -> Request:
    """Write to the operator again. The job does so once a cycle; a reminder by hand opens a new cycle, with a new date
    to answer by."""
    now = timezone.now()
    rules.check_remind(request, now, by=by)
    is_by_hand = by is not SYSTEM
    request.cycle += is_by_hand
    note(request, act, by=by, letter=Letter.REMIND, reason=answer)
    request.reminded_at = now
    if is_by_hand:
        request.due_on = timezone.localdate(now) + timedelta(days=request.operator.answer_days)
        request.escalated_at = None
    request.save(update_fields=["cycle", "reminded_at", "due_on", "escalated_at"])
    return request


def _escalate(request: Request, act: Act, *, by, answer: str) -> Request:
    now = timezone.now()
    rules.check_escalate(request, now)
    entry = note(request, act, by=by, parties=[Party.GESTIONNAIRES])
    tell_of(entry, notices_of_delay(entry, request))
    request.escalated_at = now
    request.save(update_fields=["escalated_at"])
    return request


DO = {
    Act.MARK_SENT: _mark_sent,
    Act.RECORD_DONE: _settle,
    Act.VERIFY_REQUEST: _settle,
    Act.RECORD_REFUSAL: _settle,
    Act.CANCEL_REQUEST: _cancel,
    Act.REMIND_OPERATOR: _remind,
    Act.ESCALATE_REQUEST: _escalate,
    Act.ASK_AGAIN: _ask_again,
}
