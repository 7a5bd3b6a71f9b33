"""What the operator is asked, and what is written when they are told, or when it is no longer wanted."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from directory.dates import day_of
from mailboxes import rules
from mailboxes.actions.journal import entry_of, locked, tell_of, write_all
from mailboxes.gaps.table import SITUATIONS
from mailboxes.lifecycle import (
    ANSWERED,
    AWAITED,
    HOLDING,
    OPENS,
    PUBLISHES_AGAIN,
    REOPENS,
    SETTLES,
    STANDING,
    Act,
    Letter,
    Party,
    RequestKind,
    RequestStage,
    Verb,
)
from mailboxes.models import Bal, GapDecision, JournalEntry, Notice, Operator, Person, Request, Structure
from mailboxes.models.journal import is_held
from mailboxes.notices.writing import letter_to_operator
from mailboxes.requests.letters import Layouts

STAMPS = {
    RequestStage.SENT: "sent_at",
    RequestStage.DONE: "done_at",
    RequestStage.VERIFIED: "verified_at",
    RequestStage.REFUSED: "closed_at",
    RequestStage.CANCELLED: "closed_at",
}


@transaction.atomic
def open_request(bal: Bal, kind: RequestKind, *, by, detail: str = "", note: str = "") -> Request:
    """Ask the operator for something that moves no state: a change, a preferred BAL. They read `detail`."""
    bal = locked(bal)
    rules.check_open_request(bal, kind, by=by)
    return ask(kind, by=by, bal=bal, detail=detail, reason=note)


def ask(
    kind: RequestKind,
    *,
    by,
    bal: Bal | None = None,
    structure: Structure | None = None,
    operator: Operator | None = None,
    address: str = "",
    person: Person | None = None,
    act: Act = Act.ASK_OPERATOR,
    detail: str = "",
    reason: str = "",
) -> Request:
    """Save a request and its letter, already checked: about a BAL, or an address that the register does not hold."""
    about = {} if bal else {"structure": structure, "address": address}
    note = "\n".join(filter(None, [detail, reason]))
    entry = entry_of(bal, act, by=by, before=kind.label, note=note, parties=[Party.OPERATOR], **about)
    entry.save()
    if bal:
        request = request_of(entry, bal, kind, person=person, detail=detail, reason=reason)
    else:
        request = Request(structure=structure, operator=operator, address=address, kind=kind, entry=entry, by=entry.by)
        request.detail, request.reason = detail, reason
    request.save()
    tell_of(entry, letters([request]))
    return request


def request_of(entry: JournalEntry, bal: Bal, kind: RequestKind, **facts) -> Request:
    """The request that a saved line of the journal makes, unsaved."""
    return Request(
        structure=bal.structure,
        operator=bal.operator,
        bal=bal,
        address=bal.address,
        kind=kind,
        entry=entry,
        by=entry.by,
        **facts,
    )


def letters(requests: list[Request]) -> list[Notice]:
    layouts = Layouts(requests)
    return [letter_to_operator(request.entry, request, Letter.ASK, layouts) for request in requests]


def write_requests(
    bals: Iterable[Bal], entries: Iterable[JournalEntry], verb: Verb | Act, *, by, reason: str = ""
) -> None:
    """Write the requests that a move opens, and settle those that it answers, for many BAL at once."""
    moved = {bal.pk: (bal, entry) for bal, entry in zip(bals, entries, strict=True)}
    for kind, stage in SETTLES.get(verb, ()):
        rows = Request.objects.filter(bal__in=moved, kind=kind, stage__in=STANDING)
        if stage == RequestStage.CANCELLED:
            cancel(rows.filter(stage__in=AWAITED), by=by, reason=reason)
        else:
            settle(rows, stage, {pk: entry for pk, (_, entry) in moved.items()})
    if verb in REOPENS:
        _reopen(Request.objects.filter(bal__in=moved, kind=REOPENS[verb]).done(), moved)
    if verb in PUBLISHES_AGAIN:
        _publish_again(moved, by=by, reason=f"{verb.label}.")
    if verb in OPENS:
        _open(moved, OPENS[verb], by=by, reason=reason)


def _open(moved: dict[int, tuple[Bal, JournalEntry]], kind: RequestKind, *, by, reason: str) -> None:
    """What was asked beside the move is now asked by it: the letter says as much, no other is due."""
    awaited = Request.objects.filter(bal__in=moved).awaited()
    kinds = set(awaited.order_by().values_list("kind", flat=True).distinct())
    if kind in kinds:
        same = awaited.filter(kind=kind)
        _unsent(same.values("entry")).update(channel=Notice.Channel.WITHDRAWN)
        same.update(stage=RequestStage.CANCELLED, closed_at=timezone.now())
    if kind == RequestKind.DEPUBLISH and RequestKind.PUBLISH in kinds:
        cancel(awaited.filter(kind=RequestKind.PUBLISH), by=by, reason="Cette BAL est à retirer de l’annuaire.")
    opened = [request_of(entry, bal, kind, reason=reason or reason_of(entry, bal)) for bal, entry in moved.values()]
    Request.objects.bulk_create(opened)
    Notice.objects.bulk_create(letters(opened), ignore_conflicts=True)


def _reopen(rows, moved: dict[int, tuple[Bal, JournalEntry]]) -> None:
    """Said to be done by mistake: the operator's answer is awaited again."""
    settle(rows, RequestStage.SENT, {pk: entry for pk, (_, entry) in moved.items()}, sent_at=F("sent_at"), done_at=None)


def _unsent(entries):
    """The letters of these entries that have not left."""
    return Notice.objects.filter(entry__in=entries, party=Party.OPERATOR, sent_at=None)


def reason_of(entry: JournalEntry, bal: Bal) -> str:
    """The reason to give the operator where nobody wrote one."""
    if entry.what == Verb.DEPUBLISH_IDLE and bal.clock_at:
        return f"Inactive depuis le {day_of(bal.clock_at)} ; son titulaire en a été averti."
    return ""


def settle(rows, stage: RequestStage, entries: dict[int, JournalEntry], **stamps) -> None:
    """Settle the requests that a move answers; `entries` by BAL."""
    settled = list(rows.values_list("pk", "bal"))
    Request.objects.filter(pk__in=[pk for pk, _ in settled]).update(
        stage=stage, **{STAMPS[stage]: timezone.now(), **stamps}
    )
    Request.lines.through.objects.bulk_create(
        Request.lines.through(request_id=pk, journalentry_id=entries[bal].pk) for pk, bal in settled
    )


def cancel(rows, *, by, reason: str = "") -> None:
    """Cancel requests. The operator hears of it where the request has left, or may be leaving at this very moment.

    A letter not yet sent is withdrawn, so that no later sweep sends what is no longer wanted.
    """
    # Held before it is looked at: a sender either had claimed the entry, and it shows, or finds the letter withdrawn.
    entries = JournalEntry.objects.select_for_update().filter(pk__in=rows.values("entry")).order_by("pk")
    if not list(entries.values_list("pk")):
        return
    now = timezone.now()
    tried = Q(entry__notices__party=Party.OPERATOR, entry__notices__attempts=0, entry__leased_until__isnull=False)
    on_its_way = is_held("entry__leased_until", now) | tried
    told = set(rows.filter(Q(stage=RequestStage.SENT) | on_its_way).values_list("pk", flat=True))
    # Locked in one order, before the sender's own mark can come between.
    held = rows.select_for_update(of=("self",)).select_related("structure", "operator", "by", "person").order_by("pk")
    cancelled = list(held)
    for request in cancelled:
        request.stage, request.closed_at = RequestStage.CANCELLED, now
        request.save(update_fields=["stage", "closed_at"])
        _unsent([request.entry_id]).update(channel=Notice.Channel.WITHDRAWN)
        is_told = request.pk in told or request.sent_at is not None
        note(request, Act.CANCEL_REQUEST, by=by, letter=Letter.CANCEL if is_told else None, reason=reason)
    give_gaps_back([request.pk for request in cancelled])


def give_gaps_back(closed: list[int]) -> None:
    """What these requests asked of gaps with the annuaire is asked no more: they are to be mended again."""
    if not closed:
        return
    about = Request.objects.filter(structure=OuterRef("structure"), address=OuterRef("address"))
    theirs = Q()
    for situation in SITUATIONS:
        if situation.asks:
            same = about.filter(kind=situation.asks)
            given_up = Exists(same.filter(pk__in=closed)) & ~Exists(same.awaited())
            theirs |= Q(situation=situation.name) & given_up
    GapDecision.objects.filter(theirs, decision=GapDecision.Decision.ASKED).delete()


def note(request: Request, act: Act, *, by, letter: Letter | None = None, reason: str = "") -> JournalEntry:
    """Write in the journal about a request; with the letter that the operator gets, if any."""
    return note_all([request], act, by=by, letter=letter, reason=reason)[0]


def note_all(
    requests: list[Request],
    act: Act,
    *,
    by,
    letter: Letter | None = None,
    reason: str = "",
    parties: Iterable[Party] = (),
    notices: Callable[[JournalEntry, Request], list[Notice]] | None = None,
) -> list[JournalEntry]:
    """`note` for many requests, in as many statements as for one; `notices`: those of `parties`, of each."""
    told = [*parties, letter] if letter else parties
    entries = [_line_about(request, act, by=by, note=reason, parties=told) for request in requests]
    said = [_said_of(request, reason) for request in requests]
    layouts = Layouts(said) if letter and said else None

    def to_tell() -> Iterator[Notice]:
        for entry, request in zip(entries, said, strict=True):
            if letter and layouts:
                yield letter_to_operator(entry, request, letter, layouts)
            if notices:
                yield from notices(entry, request)

    write_all(entries, to_tell)
    through = Request.lines.through
    through.objects.bulk_create(
        through(request_id=request.pk, journalentry_id=entry.pk)
        for entry, request in zip(entries, requests, strict=True)
    )
    return entries


def _line_about(request: Request, act: Act, **facts) -> JournalEntry:
    about = {} if request.bal_id else {"structure": request.structure, "address": request.address}
    after = f"{request.asks} : {request.get_stage_display()}"
    return entry_of(request.bal, act, after=after, **about, **facts)


def _said_of(request: Request, reason: str) -> Request:
    """The request as one letter tells it: with the reason of that letter."""
    said = copy(request)
    said.reason = reason
    return said


def _publish_again(moved: dict[int, tuple[Bal, JournalEntry]], *, by, reason: str) -> None:
    """Ask the operator to publish again the BAL already taken out of the annuaire, by the operator's word or the
    annuaire's."""
    both = Request.objects.filter(bal__in=moved, kind__in=[RequestKind.PUBLISH, RequestKind.DEPUBLISH])
    latest: dict[int, Request] = {}
    for request in both.filter(stage__in=HOLDING).order_by("pk"):
        latest[request.bal_id or 0] = request
    for pk, request in latest.items():
        bal = moved[pk][0]
        if request.kind == RequestKind.DEPUBLISH and request.stage in ANSWERED and bal.is_expected_in_annuaire:
            ask(RequestKind.PUBLISH, by=by, bal=bal, reason=reason)
