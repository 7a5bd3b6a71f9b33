"""What becomes of a request: sent by hand, answered, seen in the annuaire, cancelled, reminded, asked again."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, ManyToOneRel, Model, Prefetch, QuerySet
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.batches import Tally, keys_in_batches, one_at_a_time, sift
from mailboxes.actions.moves import check_verb, move, write_moves
from mailboxes.actions.requests import STAMPS, ask, cancel, give_gaps_back, note_all
from mailboxes.lifecycle import STEPS, Act, Letter, Party, RequestKind, Verb
from mailboxes.models import SYSTEM, Bal, Notice, Request, bulk
from mailboxes.notices.writing import gestionnaires_of, notices_of_delay
from mailboxes.rules.requests import Shown, shown_of


@transaction.atomic
def step(request: Request, act: Act, *, by, answer: str = "") -> Request:
    """One line of `lifecycle.STEPS`; where the state of its BAL awaits the request, the BAL moves with it."""
    request = held(request)
    _check(request, act, by=by, answer=answer)
    if act in ALONE:
        return ALONE[act](request, act, by=by, answer=answer.strip())
    TOGETHER[act]([request], act, by=by, answer=answer.strip())
    return request


def step_each(requests: QuerySet[Request], act: Act, *, by, answer: str = "") -> Tally:
    """One step for many requests; a refusal is counted, and one bad request stops nothing."""
    do = partial(_step_batch, act=act, by=by, answer=answer)
    if act in ALONE:
        return one_at_a_time(requests, do)
    tally = Tally()
    for pks in _apart(requests):
        tally += keys_in_batches(pks, do, Request)
    return tally


@transaction.atomic
def _step_batch(pks: list[int], act: Act, *, by, answer: str) -> Tally:
    requests = _held(pks, act)
    shown = shown_of(requests) if act == Act.VERIFY_REQUEST else None
    due = _due(requests, act)
    ready, tally = sift(requests, partial(_check, act=act, by=by, answer=answer, shown=shown, due=due))
    if act in ALONE:
        for request in ready:
            ALONE[act](request, act, by=by, answer=answer.strip())
    elif ready:
        TOGETHER[act](ready, act, by=by, answer=answer.strip())
    return tally


def _check(
    request: Request, act: Act, *, by, answer: str, shown: Shown | None = None, due: set[int] | None = None
) -> None:
    """`shown`, `due`: what was read for all the requests of a batch at once."""
    rules.check_step(request, act, by=by, shown=shown)
    if act == Act.RECORD_REFUSAL:
        rules.check_refusal_told(answer)
    if act in DUE:
        is_due = request.pk in (_due([request], act) if due is None else due)
        (rules.check_remind if act == Act.REMIND_OPERATOR else rules.check_escalate)(request, is_due, by=by)
    if act not in ALONE and (verb := rules.verb_of(request, act)):
        assert request.bal  # noqa: S101 - it moves
        check_verb(request.bal, verb, by=by, note=answer, run=shown.run if shown else None)


def _due(requests: list[Request], act: Act) -> set[int]:
    """The keys of these requests that the night's sweep still finds, now that they are locked."""
    if act not in DUE:
        return set()
    these = bulk.among("pk", [request.pk for request in requests])
    return set(DUE[act](timezone.now()).filter(these).values_list("pk", flat=True))


def _apart(requests: QuerySet[Request]) -> list[list[int]]:
    """Groups of their keys, so that no two of one list are about the same BAL: the second looks at it once the first
    has moved it."""
    rounds: list[list[int]] = []
    seen: Counter[int] = Counter()
    for pk, bal in requests.order_by("pk").values_list("pk", "bal"):
        round_ = seen[bal] if bal else 0
        seen[bal] += 1
        if round_ == len(rounds):
            rounds.append([])
        rounds[round_].append(pk)
    return rounds


def held(request: Request) -> Request:
    """The request as it stands now, locked after its BAL: every action takes the two in this order."""
    return _held([request.pk])[0]


def _held(pks: list[int], act: Act | None = None) -> list[Request]:
    of_these = Request.objects.filter(pk__in=pks)
    list(Bal.objects.locked().filter(pk__in=of_these.values("bal")).order_by("pk").values_list("pk"))
    bals = Bal.objects.with_holders()
    if act == Act.VERIFY_REQUEST:
        bals = bals.with_publication()
    # Many rows have few structures and operators: prefetched, each is made once.
    related = ("structure", "operator", "by", "person", Prefetch("bal", bals))
    return list(of_these.select_for_update(of=("self",)).order_by("pk").prefetch_related(*related))


def _mark_sent(requests: list[Request], act: Act, *, by, answer: str) -> None:
    """Note that a person passed them on (portal, telephone, post): the letters that wait are not mailed."""
    now = timezone.now()
    rows = Request.objects.filter(pk__in=[request.pk for request in requests])
    rows.mark_sent(now)
    entries = [request.entry_id for request in requests]
    waiting = Notice.objects.filter(entry__in=entries, party=Party.OPERATOR, sent_at=None)
    waiting.update(channel=Notice.Channel.HAND, sent_at=now)
    sent = {row.pk: row for row in rows.only("stage", "sent_at", "due_on")}
    for request in requests:
        for name in ("stage", "sent_at", "due_on"):
            setattr(request, name, getattr(sent[request.pk], name))
    note_all(requests, act, by=by, reason=answer)


def _settle(requests: list[Request], act: Act, *, by, answer: str) -> None:
    """The BAL whose states await them move first, then they are as answered."""
    moving: dict[Verb, list[Bal]] = defaultdict(list)
    still = []
    for request in requests:
        if request.bal and (verb := rules.verb_of(request, act)):
            moving[verb].append(request.bal)
        else:
            still.append(request)
    for verb, bals in moving.items():
        write_moves(bals, verb, by=by, note=answer)
    stage, now = STEPS[act].after, timezone.now()
    facts = {"stage": stage, STAMPS[stage]: now} | ({"answer": answer} if answer else {})
    Request.objects.filter(pk__in=[request.pk for request in requests]).update(**facts)
    for request in requests:
        for name, value in facts.items():
            setattr(request, name, value)
    if act == Act.RECORD_REFUSAL:  # of a BAL, the refusal is a finding by itself
        give_gaps_back([request.pk for request in requests if request.bal is None])
    note_all(still, act, by=by, reason=answer)


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
    """A new request, for the operator's refusal stands; what waited for the one waits for the other."""
    reason = answer or request.reason
    about: dict = {"bal": request.bal}
    if not request.bal:
        about = {"structure": request.structure, "operator": request.operator, "address": request.address}
    facts: dict = {"detail": request.detail, "reason": reason, "person": request.person}
    again = ask(RequestKind(request.kind), by=by, act=act, **facts, **about)
    for model, column in _waiting():
        model._default_manager.filter(**{column: request}).update(**{column: again})
    return again


def _waiting() -> Iterator[tuple[type[Model], str]]:
    """What keeps the request that it waits for, whichever room it stands in: the model and its column."""
    for one in Request._meta.get_fields(include_hidden=True):
        if isinstance(one, ManyToOneRel) and one.related_model is not Request.lines.through:
            yield one.related_model, one.field.name


def _remind(requests: list[Request], act: Act, *, by, answer: str) -> None:
    """Write to the operators again. The job does so once a cycle; a reminder by hand opens a new cycle, with a new date
    to answer by."""
    now = timezone.now()
    facts: dict[str, Any] = {"reminded_at": now}
    if by is not SYSTEM:
        facts |= {"cycle": F("cycle") + 1, "escalated_at": None}
        for request in requests:
            request.cycle += 1
    note_all(requests, act, by=by, letter=Letter.REMIND, reason=answer)
    spans = defaultdict(list)
    for request in requests:
        spans[request.operator.answer_days if by is not SYSTEM else None].append(request)
    for days, rows in spans.items():
        if days is not None:
            facts["due_on"] = timezone.localdate(now) + timedelta(days=days)
        Request.objects.filter(pk__in=[request.pk for request in rows]).update(**facts)
        for request in rows:
            request.reminded_at = now
            if days is not None:
                request.due_on, request.escalated_at = facts["due_on"], None


def _escalate(requests: list[Request], act: Act, *, by, answer: str) -> None:
    now = timezone.now()
    accounts = gestionnaires_of(requests)
    note_all(
        requests,
        act,
        by=by,
        parties=[Party.GESTIONNAIRES],
        notices=lambda entry, request: notices_of_delay(entry, request, accounts),
    )
    Request.objects.filter(pk__in=[request.pk for request in requests]).update(escalated_at=now)
    for request in requests:
        request.escalated_at = now


DUE: dict[Act, Callable[[datetime], QuerySet[Request]]] = {
    Act.REMIND_OPERATOR: lambda now: Request.objects.to_remind(timezone.localdate(now)),
    Act.ESCALATE_REQUEST: Request.objects.to_escalate,
}
# What is written for many requests in one go, and what for each by itself.
TOGETHER: dict[Act, Callable] = {
    Act.MARK_SENT: _mark_sent,
    Act.RECORD_DONE: _settle,
    Act.VERIFY_REQUEST: _settle,
    Act.RECORD_REFUSAL: _settle,
    Act.REMIND_OPERATOR: _remind,
    Act.ESCALATE_REQUEST: _escalate,
}
ALONE: dict[Act, Callable] = {
    Act.CANCEL_REQUEST: _cancel,
    Act.ASK_AGAIN: _ask_again,
}
