"""Accesses are the operator's to open and to close: what changes them here asks for it there."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from directory.typography import of
from mailboxes import rules
from mailboxes.actions.journal import locked, tell_of, write
from mailboxes.actions.people import recorded
from mailboxes.actions.requests import cancel, letters, request_of
from mailboxes.actions.requests import note as note_of_request
from mailboxes.lifecycle import (
    ANSWERED,
    LEAVES_LESS,
    OF_OPEN_ACCESSES,
    WITH_ACCESSES,
    Act,
    Party,
    RequestKind,
    RequestStage,
)
from mailboxes.models import Bal, Cotitulaire, Delegataire, JournalEntry, Operator, Person, Request, bulk

OPPOSITE = {RequestKind.GRANT: RequestKind.WITHDRAW, RequestKind.WITHDRAW: RequestKind.GRANT}
MAY_BE_OPEN = OF_OPEN_ACCESSES | {Act.NAME_PRINCIPAL}  # who is named held it before, or did not
AS_OPENED = ("under_id", "can_read", "can_send", "ends_on")  # what the operator opens of a delegation
LENDING = frozenset({Act.DELEGATE, Act.REQUEST_ACCESS, Act.TAKE_OVER})


def ask_access(
    entry: JournalEntry, bal: Bal, person: Person, kind: RequestKind, *, detail: str, by, is_as_it_was: bool = False
) -> Request | None:
    """Ask the operator for what this line of the journal changed; of what they were still to do the other way, it is
    the cancelling that says as much: of an opening that was the first, of a closing where the access `is_as_it_was`."""
    if bal.state not in WITH_ACCESSES:
        return None
    awaited = Request.objects.awaited().filter(bal=bal, person=person)
    undone = awaited.filter(kind=OPPOSITE[kind])
    if undone.exists():
        says_it_all = is_as_it_was if kind == RequestKind.GRANT else not _is_open(bal, person)
        cancel(undone, by=by, reason=detail)
        if says_it_all:
            return None
    elif kind == RequestKind.WITHDRAW and _was_refused(bal, person):
        return None
    cancel(awaited.filter(kind=kind), by=by, reason="Remplacée par une demande plus récente.")
    request = request_of(entry, bal, kind, person=person, detail=detail, reason=entry.note)
    request.save()
    tell_of(entry, letters([request]))
    return request


def _is_open(bal: Bal, person: Person) -> bool:
    """Is an access of theirs open at the operator, whatever else is still asked of it? By what the operator did last;
    or else by what they were asked first, and by the accesses that they were never asked for, which stood there."""
    is_open: bool | None = None
    opened = Request.objects.filter(bal=bal, person=person, kind__in=OPPOSITE).order_by("pk")
    asked = list(opened.values_list("kind", "stage", "entry__what"))
    for kind, stage, what in asked:
        if stage in ANSWERED:
            is_open = kind == RequestKind.GRANT
        elif is_open is None:
            is_open = kind == RequestKind.WITHDRAW or what in MAY_BE_OPEN
    lent = Delegataire.objects.filter(bal=bal, person=person).count()
    return bool(is_open) or lent > sum(what in LENDING for _, _, what in asked)


def _was_refused(bal: Bal, person: Person) -> bool:
    """Did the operator refuse to open it? Nothing is to be closed."""
    refused = Request.objects.filter(bal=bal, person=person, kind=RequestKind.GRANT, stage=RequestStage.REFUSED)
    return refused.exists() and not _is_open(bal, person)


def ask_opening(entry: JournalEntry, access: Cotitulaire | Delegataire, *, by) -> Request | None:
    facts: dict = {"detail": described(access), "is_as_it_was": _is_as_it_was(access)}
    return ask_access(entry, access.bal, access.person, RequestKind.GRANT, by=by, **facts)


def _is_as_it_was(access: Cotitulaire | Delegataire) -> bool:
    """Is this the very access whose closing the operator was asked for, and has not done?"""
    closing = Request.objects.closings().filter(bal=access.bal, person=access.person)
    was_held = closing.filter(entry__what=Act.REMOVE_COTITULAIRE).exists()
    if isinstance(access, Cotitulaire):
        return was_held
    ended = Delegataire.objects.filter(bal=access.bal, person=access.person).exclude(ended_at=None)
    former = ended.order_by("-ended_at", "-pk").first()
    if was_held or former is None:
        return False
    return all(getattr(former, name) == getattr(access, name) for name in AS_OPENED)


def ask_takeover(entry: JournalEntry, taken: Delegataire, former: Delegataire, *, by) -> Request | None:
    """The operator knows each access under its professional: they are told of the one who answers for it now."""
    detail = f"{described(taken)} Cet accès était sous {named(former.under)}."
    return ask_access(entry, taken.bal, taken.person, RequestKind.GRANT, detail=detail, by=by)


def ask_closing(entry: JournalEntry, lost: Cotitulaire | Delegataire, *, by) -> Request | None:
    """Ask that the access be closed; of a person who keeps another one to this BAL, that they be left no more than it
    gives."""
    bal, person = lost.bal, lost.person
    if Cotitulaire.objects.filter(bal=bal, person=person).exists():
        return None
    kept = list(Delegataire.objects.standing().filter(bal=bal, person=person).select_related("person", "under"))
    if not kept:
        return ask_access(entry, bal, person, RequestKind.WITHDRAW, detail=f"{named(person)} n’a plus accès.", by=by)
    if isinstance(lost, Delegataire) and any(_gives_as_much(one, lost) for one in kept):
        return None
    detail = " ".join([*map(described, kept), "Rien d’autre n’est à laisser à cette personne."])
    return ask_access(entry, bal, person, RequestKind.GRANT, detail=detail, by=by)


def _gives_as_much(kept: Delegataire, lost: Delegataire) -> bool:
    return kept.can_read >= lost.can_read and kept.can_send >= lost.can_send


def ask_principal(entry: JournalEntry, bal: Bal, person: Person, before: Person | None, *, by) -> Request | None:
    instead = f", à la place de {named(before)}" if before else ""
    return ask_access(
        entry, bal, person, RequestKind.GRANT, detail=f"Cotitulaire principal : {named(person)}{instead}.", by=by
    )


def described(access: Cotitulaire | Delegataire) -> str:
    """What the operator opens, in one line."""
    if isinstance(access, Cotitulaire):
        return f"Cotitulaire : {named(access.person)}."
    days = f", du {access.starts_on:%d/%m/%Y}" + (f" au {access.ends_on:%d/%m/%Y}" if access.ends_on else "")
    return f"Délégataire : {named(access.person)}, sous {named(access.under)}, en {access.rights}{days}."


def named(person: Person) -> str:
    return f"{person}, RPPS {person.rpps}" if person.rpps else f"{person}, sans RPPS"


@transaction.atomic
def record_access(bal: Bal, person: Person, *, under: Person, told_on: date | None, told_how: str, by, **facts):
    """Write down an access that exists at the operator: nothing is asked of them."""
    return _vouched(bal, person, Act.RECORD_ACCESS, under, told_on, told_how, by=by, **facts)


@transaction.atomic
def request_access(bal: Bal, person: Person, *, under: Person, told_on: date | None, told_how: str, by, **facts):
    """Ask the operator for an access, on the word of the professional who answers for it."""
    return _vouched(bal, person, Act.REQUEST_ACCESS, under, told_on, told_how, by=by, **facts)


def _vouched(
    bal: Bal, person: Person, act: Act, under: Person, told_on, told_how: str, *, by,
    as_cotitulaire: bool = False, reason: str = "", can_read: bool = True, can_send: bool = False,
    ends_on: date | None = None,
) -> Cotitulaire | Delegataire:  # fmt: skip
    """Who gets the access hears of it, and so does who is said to have given it: they may object."""
    bal = locked(bal)
    rules.check_access(bal, person, under, act, as_cotitulaire=as_cotitulaire, by=by)
    rules.check_word(told_on, told_how)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    word = {"bal": bal, "person": person, "told_on": told_on, "told_how": told_how.strip()}
    access: Cotitulaire | Delegataire
    if as_cotitulaire:
        rules.check_stays(bal, person)
        access = Cotitulaire(**word, on_word_of=under)
    else:
        rights = {"can_read": can_read, "can_send": can_send, "starts_on": timezone.localdate(), "ends_on": ends_on}
        access = Delegataire(**word, under=under, reason=reason, **rights)
    rules.check_row(access)
    access.save()
    note = f"Sur la parole {of(under)}, le {told_on:%d/%m/%Y}, {told_how.strip()}."
    entry = write(bal, act, by=by, after=described(access), note=note, person=person, to=[person, under])
    if act == Act.REQUEST_ACCESS:
        ask_opening(entry, access, by=by)
    return access


@transaction.atomic
def object_access(access: Cotitulaire | Delegataire, *, by) -> None:
    """Take back an access that the professional cited never vouched for; the gestionnaires hear of it."""
    bal = locked(access.bal)
    access = type(access).objects.select_related("person").get(pk=access.pk)
    access.bal = bal
    rules.check_object_access(access, by=by)
    person, said = access.person, described(access)
    if isinstance(access, Cotitulaire):
        access.delete()
    else:
        access.ended_at = timezone.now()
        access.save(update_fields=["ended_at"])
    parties = frozenset({Party.GESTIONNAIRES})
    entry = write(bal, Act.OBJECT_ACCESS, by=by, before=said, person=person, parties=parties, to=[person])
    ask_closing(entry, access, by=by)


def confirm_listed(there: dict[int, set[int]], gone: dict[int, set[int]], *, by, note: str) -> int:
    """What an operator's list shows of the accesses asked for; how many requests it answers.

    `there`: by BAL, the people it names; `gone`: those it no longer names, of a BAL whose people it names all. That a
    person is named does not say that they are left less.
    """
    answered = 0
    for kind, people in ((RequestKind.GRANT, there), (RequestKind.WITHDRAW, gone)):
        rows = Request.objects.awaited().filter(bulk.among("bal", people), kind=kind, person__isnull=False)
        rows = rows.exclude(entry__what__in=LEAVES_LESS) if kind == RequestKind.GRANT else rows
        for request in rows.select_related("bal", "structure") if people else ():
            if request.person_id in people[request.bal_id or 0]:
                request.stage, request.done_at = RequestStage.DONE, timezone.now()
                request.save(update_fields=["stage", "done_at"])
                note_of_request(request, Act.RECORD_DONE, by=by, reason=note)
                answered += 1
    return answered


def confirm_addresses(answered: set[tuple[str, RequestKind]], operator: Operator, *, by, note: str) -> int:
    """What an operator's list shows done of what was asked about these addresses, and no BAL's state awaits."""
    kinds = dict(answered)
    rows = Request.objects.awaited().filter(bulk.among("address", kinds), operator=operator)
    done = 0
    for request in rows.select_related("bal", "structure") if kinds else ():
        if request.kind == kinds[request.address] and not request.moves_bal:
            request.stage, request.done_at = RequestStage.DONE, timezone.now()
            request.save(update_fields=["stage", "done_at"])
            note_of_request(request, Act.RECORD_DONE, by=by, reason=note)
            done += 1
    return done
