"""What may be done of a request, by whom, and what the operator's word or the annuaire must have said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from directory.models import Entry, SyncRun
from directory.typography import quoted
from mailboxes.lifecycle import (
    AT_STAGE,
    AWAITS,
    FOLLOWS,
    OF_ACCESSES,
    SHOWN_ONCE_DONE,
    STEPS,
    Act,
    RequestKind,
    RequestStage,
    Verb,
)
from mailboxes.models import Preference, Request, Structure, bulk
from mailboxes.models.system import SYSTEM
from mailboxes.rules.moves import check_fresh, check_move
from mailboxes.rules.preferences import check_preference_seen
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def verb_of(request: Request, act: Act) -> Verb | None:
    """The move of its BAL that this act is, where the BAL's state awaits the request."""
    if not request.moves_bal:
        return None
    assert request.bal  # noqa: S101 - it moves
    if (request.kind, act) == (RequestKind.DELETE, Act.CANCEL_REQUEST) and not request.bal.is_expected_in_annuaire:
        return Verb.OPPOSE  # it was never depublished: it goes back to its life
    return FOLLOWS.get((RequestKind(request.kind), act))


@dataclass(frozen=True)
class Shown:
    """What the annuaire shows of some requests, read for all of them at once."""

    run: SyncRun | None  # that brought it
    ranking: SyncRun | None  # that brought the ranks; read only where one of them asks for a preference
    addresses: frozenset[str]  # those of them that it shows
    preferred: frozenset[int]  # the requests whose every wish it shows


def shown_of(requests: Iterable[Request]) -> Shown:
    """Six queries at most, however many they are."""
    rows = list(requests)
    listed = Entry.objects.published().filter(bulk.among("address", [row.address for row in rows])).order_by()
    wishing = [row.pk for row in rows if row.kind == RequestKind.PREFER]
    return Shown(
        SyncRun.objects.latest_public(),
        SyncRun.objects.latest_ranking() if wishing else None,
        frozenset(listed.values_list("address", flat=True).distinct()),
        _preferred(wishing),
    )


def _preferred(wishing: list[int]) -> frozenset[int]:
    if not wishing:
        return frozenset()
    wishes = Preference.objects.filter(bulk.among("request", wishing))
    seen = set(wishes.observed().values_list("pk", flat=True))
    unseen = {request for pk, request in wishes.values_list("pk", "request") if pk not in seen}
    return frozenset(wishes.values_list("request", flat=True)) - unseen


def check_step(request: Request, act: Act, *, by, shown: Shown | None = None) -> None:
    """Who may take this step, from which stage, and what the annuaire must show for it.

    `shown`: read beforehand, of many; else it is read here.
    """
    check_stage(request, act, by=by)
    verb = verb_of(request, act)
    if act == Act.VERIFY_REQUEST and (
        not verb or request.kind == RequestKind.OPEN
    ):  # the other verbs see for themselves
        check_seen(request, shown or shown_of([request]), by=by)
    if act == Act.ASK_AGAIN:
        check_ask_again(request)


def check_stage(request: Request, act: Act, *, by) -> None:
    """The table alone: who may, from which stage; where it moves the BAL, the lifecycle table says who.

    Costs no query after `with_letters`.
    """
    verb = verb_of(request, act)
    if verb:
        assert request.bal  # noqa: S101 - it moves
        check_move(request.bal, verb, by=by)
    else:
        check_may(act, bal=request.bal, structure=request.structure, by=by)
    if request.stage not in STEPS[act].before:
        raise Refused(f"{quoted(act.label)} est impossible : {AT_STAGE[RequestStage(request.stage)]}.", "stage")
    if act == Act.REMIND_OPERATOR and by is not SYSTEM:
        check_not_reminded(request)


def check_not_reminded(request: Request) -> None:
    """By hand, after the job too, but once a day: two windows, or a page sent again, write no second mail to the
    operator."""
    if not request.is_overdue and request.reminded_at and _is_of_today(request.reminded_at):
        raise Refused(f"C’est déjà relancé aujourd’hui : laissez à {request.operator} le temps de répondre.", "soon")


def check_seen(request: Request, shown: Shown, *, by) -> None:
    """It was seen in a picture of the annuaire taken since it was asked; what the annuaire does not show, a person
    says."""
    if request.kind == RequestKind.PREFER and by is SYSTEM:
        check_preference_seen(request.pk in shown.preferred, shown.ranking)
    if request.kind in (RequestKind.CHANGE, RequestKind.PREFER, *OF_ACCESSES):
        if by is SYSTEM and request.kind != RequestKind.PREFER:
            raise Refused("L’annuaire ne suffit pas à le constater : un gestionnaire le dit.", "person")
        return
    check_fresh(shown.run)
    if shown.run is None or shown.run.as_of <= (request.sent_at or request.created_at):
        raise Refused(
            "L’annuaire connu ici est plus ancien que la demande : attendez sa prochaine lecture.", "annuaire"
        )
    is_shown = request.address in shown.addresses
    if is_shown != SHOWN_ONCE_DONE[RequestKind(request.kind)]:
        where = "figure encore à" if is_shown else "n’est pas encore à"
        raise Refused(f"Cette adresse {where} l’annuaire.", "annuaire")


def check_ask_again(request: Request) -> None:
    """Refuse what is no longer wanted, or is asked already."""
    kind = RequestKind(request.kind)
    if kind in AWAITS and request.bal and not request.moves_bal and kind != RequestKind.DEPUBLISH:
        if kind == RequestKind.OPEN and request.entry.what == Act.MIGRATE:
            raise Refused("Cette BAL change d’opérateur : demandez-la de nouveau depuis sa migration.", "state")
        raise Refused(f"La BAL est {request.bal.get_state_display()} : cette demande n’a plus lieu d’être.", "state")
    if kind == RequestKind.PREFER and not request.preferences.exists():
        raise Refused("Aucun choix ne l’attend plus : demandez-la de nouveau depuis les BAL privilégiées.", "state")
    same = Request.objects.awaited().filter(structure=request.structure_id, address=request.address, kind=kind)
    if same.exists():
        raise Refused(
            "Cette demande est déjà faite à l’opérateur : il n’a pas encore répondu. Relancez-le, depuis les demandes.",
            "asked",
        )


def check_refusal_told(answer: str) -> None:
    if not answer.strip():
        raise Refused("Dites pourquoi l’opérateur refuse : c’est ce que lira le demandeur.", "answer")


def check_remind(request: Request, is_due: bool, *, by) -> None:
    """The job reminds of what is late (`is_due`), once a cycle; a gestionnaire when they see fit."""
    if not request.operator.request_email:
        raise Refused(f"{request.operator} n’a pas d’adresse de courriel ici : joignez-le autrement.", "channel")
    if by is SYSTEM and not is_due:
        raise Refused("Cette demande n’est pas en retard, ou elle est déjà relancée.", "due")


def _is_of_today(moment: datetime) -> bool:
    return timezone.localdate(moment) == timezone.localdate()


def check_escalate(request: Request, is_due: bool, *, by) -> None:
    """`is_due`: late, and reminded in vain."""
    if not is_due:
        raise Refused("Ce retard est déjà signalé, ou il est trop tôt.", "due")


def check_write_layout(structure: Structure, *, by) -> None:
    check_may(Act.WRITE_LAYOUT, structure=structure, by=by)
