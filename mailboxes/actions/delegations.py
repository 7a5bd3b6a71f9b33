"""Access lent to a person under a named professional."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from directory.dates import day_of
from mailboxes import rules
from mailboxes.actions.accesses import ask_closing, ask_opening, ask_takeover, described
from mailboxes.actions.journal import locked, write
from mailboxes.actions.people import recorded
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Delegataire, JournalEntry, Person


@transaction.atomic
def delegate(
    bal: Bal,
    person: Person,
    *,
    under: Person,
    reason: str,
    by,
    can_read: bool = True,
    can_send: bool = False,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Delegataire:
    bal = locked(bal)
    rules.check_delegate(bal, person, under, by=by)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    delegation = Delegataire(
        bal=bal,
        person=person,
        under=under,
        reason=reason,
        can_read=can_read,
        can_send=can_send,
        starts_on=starts_on or timezone.localdate(),
        ends_on=ends_on,
    )
    rules.check_row(delegation)
    rules.check_not_over(ends_on)
    delegation.save()
    entry = write(bal, Act.DELEGATE, by=by, after=described(delegation), note=reason, person=person, to=[person])
    ask_opening(entry, delegation, by=by)
    return delegation


@transaction.atomic
def take_over_delegation(delegation: Delegataire, *, by) -> Delegataire:
    """Move an access under another cotitulaire, from today on.

    A new row opens and the former one ends: under whom the access stood on any day stays readable. An access that
    nobody takes over ends when its professional leaves, for nobody would answer for it.
    """
    bal = locked(delegation.bal)
    former = Delegataire.objects.select_related("person", "under").get(pk=delegation.pk)
    former.bal = bal
    taker = Person.objects.filter(user=by.pk, user__isnull=False).first() or Person()
    rules.check_take_over(former, taker, by=by)
    today = timezone.localdate()
    taken = Delegataire(bal=bal, person=former.person, under=taker, starts_on=max(today, former.starts_on))
    for name in ("can_read", "can_send", "ends_on", "reason"):
        setattr(taken, name, getattr(former, name))
    Delegataire.objects.filter(pk=former.pk).update(ended_at=timezone.now())
    rules.check_row(taken)
    taken.save()
    facts: dict = {"before": f"{former.person}, sous {former.under}", "after": f"{taken.person}, sous {taker}"}
    entry = write(bal, Act.TAKE_OVER, by=by, to=[former.under, taken.person], person=taken.person, **facts)
    ask_takeover(entry, taken, former, by=by)
    return taken


@transaction.atomic
def end_delegation(delegation: Delegataire, *, by) -> Delegataire:
    delegation = _current(delegation)
    rules.check_end_delegation(delegation, by=by)
    close(delegation, by=by)
    return delegation


@transaction.atomic
def ask_extension(delegation: Delegataire, *, by, until: date | None = None, note: str = "") -> JournalEntry:
    """Ask who answers for an access to lend it longer; once for each day on which it ends."""
    delegation = _current(delegation)
    rules.check_ask_extension(delegation, is_extension_asked(delegation), by=by)
    rules.check_longer(delegation, until)
    return write(
        delegation.bal,
        Act.ASK_EXTENSION,
        by=by,
        to=[delegation.under],
        cycle=f"extension-{delegation.pk}-{delegation.ends_on}",
        person=delegation.person,
        before=day_of(delegation.ends_on),
        after=day_of(until),
        note=note.strip(),
    )


def is_extension_asked(delegation: Delegataire) -> bool:
    return asked_extension(delegation) is not None


def asked_extension(delegation: Delegataire) -> JournalEntry | None:
    return asked_extensions([delegation]).get(delegation.pk)


def asked_extensions(delegations: Iterable[Delegataire]) -> dict[int, JournalEntry]:
    """What was asked of who answers for each access, and of nobody else, for the day on which it ends now: the same
    person may be lent the same BAL by another, until the same day. By the access's primary key."""
    rows = list(delegations)
    lines = JournalEntry.objects.filter(what=Act.ASK_EXTENSION, bal__in={row.bal_id for row in rows})
    lines = lines.filter(person__in={row.person_id for row in rows}).annotate(asked_of=F("notices__person"))
    said = {(line.bal_id, line.person_id, line.before, line.asked_of): line for line in lines}
    asked = {row.pk: said.get((row.bal_id, row.person_id, day_of(row.ends_on), row.under_id)) for row in rows}
    return {pk: line for pk, line in asked.items() if line}


@transaction.atomic
def extend_delegation(delegation: Delegataire, ends_on: date | None, *, by, note: str = "") -> Delegataire:
    """Lend an access longer; the operator, who opened it until then, is told."""
    delegation = _current(delegation)
    rules.check_extend(delegation, by=by)
    rules.check_longer(delegation, ends_on)
    before, delegation.ends_on = delegation.ends_on, ends_on
    rules.check_row(delegation)
    delegation.save(update_fields=["ends_on"])
    facts: dict = {"before": day_of(before), "after": day_of(ends_on) or "sans date de fin", "note": note.strip()}
    entry = write(
        delegation.bal, Act.EXTEND_DELEGATION, by=by, to=[delegation.person], person=delegation.person, **facts
    )
    ask_opening(entry, delegation, by=by)
    return delegation


def _current(delegation: Delegataire) -> Delegataire:
    """The row as it stands now, with its BAL locked."""
    bal = locked(delegation.bal)
    delegation = Delegataire.objects.select_related("person", "under").get(pk=delegation.pk)
    delegation.bal = bal
    return delegation


def close(delegation: Delegataire, *, by, note: str = "") -> None:
    """End a delegation on a BAL that the caller has locked; who had it and who gave it hear of it."""
    delegation.ended_at = timezone.now()
    delegation.save(update_fields=["ended_at"])
    before = f"{delegation.person}, sous {delegation.under}"
    told = [delegation.person, delegation.under]
    entry = write(
        delegation.bal, Act.END_DELEGATION, by=by, to=told, before=before, note=note, person=delegation.person
    )
    ask_closing(entry, delegation, by=by)
