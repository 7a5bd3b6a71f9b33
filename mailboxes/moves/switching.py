"""The BAL of a migration go by their new address once the new box is open; the former box is closed behind them."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes.actions.batches import Tally, in_batches
from mailboxes.actions.journal import entry_of, tell_on_commit
from mailboxes.actions.requests import letters
from mailboxes.lifecycle import ATTESTATION, Act, Party, RequestKind
from mailboxes.models import (
    SYSTEM,
    Alias,
    Bal,
    Domain,
    JournalEntry,
    Notice,
    Operator,
    Preference,
    Request,
    bulk,
)
from mailboxes.models.journal import ATTESTED
from mailboxes.moves.models import MigratedBal
from mailboxes.moves.rules import (
    check_close_former,
    check_end,
    check_switch,
)
from mailboxes.notices.writing import notices_for
from mailboxes.rules import Refused, check_act, check_attested

# What is known of the former box says nothing of the new one.
EMPTIED = {"read_at": None, "used_mb": None, "percent_full": None, "full_on": None, "quota_warned": 0}
READERS = frozenset({Party.HOLDERS, Party.DELEGATAIRE})  # who opens the box is told where it goes
SWITCHED = ["address", "operator", "quota_mb", "clock_at", *EMPTIED]


# --- What every step of a migration needs -----------------------------------------------------------------------------
def held_bals(pks: Iterable[int]) -> list[Bal]:
    return list(Bal.objects.locked().with_holders().filter(bulk.among("pk", pks)).order_by("pk"))


def held_rows(rows: QuerySet[MigratedBal]) -> list[MigratedBal]:
    """The rows and their BAL, locked: the BAL first, as everywhere."""
    bals = {bal.pk: bal for bal in held_bals(rows.values_list("bal", flat=True))}
    held = MigratedBal.objects.select_for_update(of=("self",)).filter(pk__in=rows.values("pk")).order_by("bal")
    asked = ("opening", "reply", "depublication", "deletion")
    found = list(held.select_related("migration__operator", "former_operator", *asked))
    for row in found:
        row.bal = bals[row.bal_id]
    return found


def place_of(address: str, operator: Operator) -> str:
    return f"{address}, chez {operator}"


def tell_each(entries: list[JournalEntry], bals: list[Bal | None], requests: list[Request], *, stage: Act) -> None:
    """`bals`: those whose readers hear of it, each beside its entry."""
    notices = letters(requests) if requests else []
    for entry, bal in zip(entries, bals, strict=True):
        if bal:
            notices += notices_for(entry, bal, stage=stage, cycle=f"entry-{entry.pk}", parties=READERS)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    tell_on_commit(entries)


# --- Switched ---------------------------------------------------------------------------------------------------------
def switch_each(rows: QuerySet[MigratedBal], *, by) -> Tally:
    """`switch_bals` in batches; a BAL that cannot go is told, and stops none."""
    return in_batches(rows, lambda pks: _switch_batch(pks, by=by))


@transaction.atomic
def _switch_batch(pks: list[int], *, by) -> Tally:
    rows, tally = held_rows(MigratedBal.objects.filter(pk__in=pks)), Tally()
    waiting = Request.objects.awaited().filter(bulk.among("bal", [row.bal_id for row in rows]))
    openings = {row.opening_id for row in rows}
    asked = Counter(bal for pk, bal in waiting.values_list("pk", "bal") if pk not in openings)
    ready = []
    for row in rows:
        try:
            check_switch(row, asked, by=by)
            ready.append(row)
        except Refused as refused:
            tally.refused[row.former_address] = refused.messages[0]
    switch_bals(ready, by=by)
    tally.done = len(ready)
    return tally


def switch_bals(rows: list[MigratedBal], *, by) -> None:
    """The BAL, already locked and checked, go by their new address at their new operator; what named the former one
    follows, and the former operator is asked for an automatic reply."""
    if not rows:
        return
    now = timezone.now()
    for row in rows:
        _settle_at(row, now)
    bulk.update([row.bal for row in rows], SWITCHED)
    _turn_aliases(rows)
    followed = _follow(rows)
    entries = [
        entry_of(row.bal, Act.SWITCH_BAL, by=by, parties=READERS,
                 before=place_of(row.former_address, row.former_operator),
                 after=place_of(row.new_address, row.migration.operator), note=followed.get(row.bal_id, ""))
        for row in rows
    ]  # fmt: skip
    bulk.insert(entries)
    _ask_replies(rows, by=by)
    MigratedBal.objects.bulk_update(rows, ["switched_at", "due_on", "ended_at", "reply"], batch_size=500)
    tell_each(entries, [row.bal for row in rows], [], stage=Act.SWITCH_BAL)
    _hand_over_domains(rows, by=by)


def _settle_at(row: MigratedBal, now) -> None:
    migration, bal = row.migration, row.bal
    bal.address, bal.operator = row.new_address, migration.operator
    bal.quota_mb = migration.operator.default_quota_mb
    bal.clock_at = now if bal.clock_at else None  # the year starts anew; of an unknown use it stays unknown
    for name, value in EMPTIED.items():
        setattr(bal, name, value)
    row.switched_at = now
    row.due_on = timezone.localdate(now) + timedelta(days=migration.overlap_days)
    row.ended_at = now if migration.keeps_alias and not row.keeps_address else None


def _turn_aliases(rows: list[MigratedBal]) -> None:
    """What was to come is the BAL's own now; what was its own is beside it."""
    coming = Alias.objects.coming().filter(bulk.among("bal", [row.bal_id for row in rows]))
    aliases = {alias.bal_id: alias for alias in coming}
    for row in rows:
        alias = aliases[row.bal_id]
        alias.address, alias.operator, alias.since = row.former_address, row.former_operator, timezone.now()
        kept = row.ended_at is not None
        alias.nature = Alias.Nature.KEPT if kept else Alias.Nature.FORMER
        alias.due_on = None if kept else row.due_on
    bulk.update([*aliases.values()], ["address", "operator", "nature", "due_on", "since"])


def _follow(rows: list[MigratedBal]) -> dict[int, str]:
    """Wishes for the former address, and BAL that lead to it, go on with the new one; what of it each journal tells."""
    moved = {row.former_address: row for row in rows if not row.keeps_address}
    wishes = list(Preference.objects.filter(bulk.among("address", moved)).select_related("person").order_by("pk"))
    said: dict[int, str] = {}
    carried = []
    for wish in wishes:
        row = moved[wish.address]
        if any(holder.person_id == wish.person_id for holder in row.bal.cotitulaires.all()):
            wish.address, wish.request = row.new_address, None  # asked of the former operator
            carried.append(wish)
            said[row.bal_id] = "La BAL privilégiée suit la nouvelle adresse."
    bulk.update(carried, ["address", "request"])
    leading = list(Bal.objects.filter(bulk.among("replaced_by", moved)))
    for bal in leading:
        bal.replaced_by = moved[bal.replaced_by].new_address
    bulk.update(leading, ["replaced_by"])
    return said


def _ask_replies(rows: list[MigratedBal], *, by) -> None:
    asked = {
        row.pk: f"Merci d’y poser cette réponse automatique :\n{row.migration.reply_for(row.new_address)}"
        for row in rows
        if row.asks_reply
    }  # fmt: skip
    _ask_former(rows, RequestKind.CHANGE, asked, "reply", by=by)


def _ask_former(
    rows: list[MigratedBal], kind: RequestKind, details: dict[int, str], field: str, *, by, act: Act = Act.SWITCH_BAL
) -> None:
    """Ask the former operator for this about the former addresses, of which `details` tells; the requests are about
    the address, for the BAL is elsewhere by now."""
    told = [row for row in rows if row.pk in details]
    entries = [
        entry_of(None, act, by=by, before=kind.label, note=details[row.pk], parties=[Party.OPERATOR],
                 structure=row.bal.structure, address=row.former_address)
        for row in told
    ]  # fmt: skip
    bulk.insert(entries)
    requests = [
        Request(structure=row.bal.structure, operator=row.former_operator, address=row.former_address, kind=kind,
                entry=entry, by=entry.by, detail=details[row.pk], reason=f"La BAL est désormais {row.new_address}.")
        for row, entry in zip(told, entries, strict=True)
    ]  # fmt: skip
    Request.objects.bulk_create(requests)
    for row, request in zip(told, requests, strict=True):
        setattr(row, field, request)
    if requests:
        Notice.objects.bulk_create(letters(requests), ignore_conflicts=True)
        tell_on_commit(entries)


def _hand_over_domains(rows: list[MigratedBal], *, by) -> None:
    """A domain that follows its BAL is the new operator's once none of them is left at the former."""
    names = {row.new_address.rpartition("@")[2]: row for row in rows if row.keeps_address}
    for domain in Domain.objects.filter(name__in=names).select_related("operator"):
        row = names[domain.name]
        left = Bal.objects.live().filter(operator=row.former_operator, address__endswith=f"@{domain.name}")
        if domain.operator_id == row.former_operator_id and not left.exists():
            domain.operator = row.migration.operator
            domain.save(update_fields=["operator"])
            for operator, said in ((row.former_operator, "before"), (row.migration.operator, "after")):
                line = {said: f"domaine {domain}"}
                entry_of(None, Act.DESCRIBE_OPERATOR, by=by, operator=operator, **line).save()


# --- The former address -----------------------------------------------------------------------------------------------
def depublish_each(rows: QuerySet[MigratedBal], *, by) -> Tally:
    return in_batches(rows, lambda pks: _depublish_batch(pks, by=by))


@transaction.atomic
def _depublish_batch(pks: list[int], *, by) -> Tally:
    """Ask for the former addresses to leave the annuaire: the new ones were seen."""
    rows = [row for row in held_rows(MigratedBal.objects.filter(pk__in=pks)) if row.depublication is None]
    for row in rows:
        check_act(row.bal, Act.SWITCH_BAL, by=by)
    said = {row.pk: f"La BAL a changé d’adresse : {row.new_address} y figure désormais." for row in rows}
    _ask_former(rows, RequestKind.DEPUBLISH, said, "depublication", by=by)
    MigratedBal.objects.bulk_update(rows, ["depublication"], batch_size=500)
    return Tally(done=len(rows))


@transaction.atomic
def close_formers(rows: QuerySet[MigratedBal], *, by, attested: bool) -> Tally:
    """Ask the former operator to delete the former boxes whose overlap is over; who asks attests that what they hold is
    kept elsewhere."""
    check_attested(attested)
    held, tally, ready = held_rows(rows), Tally(), []
    for row in held:
        try:
            check_close_former(row, by=by)
            ready.append(row)
        except Refused as refused:
            tally.refused[row.former_address] = refused.messages[0]
    said = {row.pk: f"{ATTESTED}{ATTESTATION}" for row in ready}
    _ask_former(ready, RequestKind.DELETE, said, "deletion", by=by, act=Act.CLOSE_FORMER)
    MigratedBal.objects.bulk_update(ready, ["deletion"], batch_size=500)
    bulk.insert(
        [entry_of(row.bal, Act.CLOSE_FORMER, by=by, before=row.former_address, note=said[row.pk]) for row in ready]
    )
    tally.done = len(ready)
    return tally


def end_each(rows: QuerySet[MigratedBal], *, by=SYSTEM) -> Tally:
    return in_batches(rows, lambda pks: _end_batch(pks, by=by))


@transaction.atomic
def _end_batch(pks: list[int], *, by) -> Tally:
    """The former boxes are closed: their addresses are nobody's any more."""
    rows, now = held_rows(MigratedBal.objects.filter(pk__in=pks)), timezone.now()
    for row in rows:
        check_end(row, by=by)
    MigratedBal.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=now)
    former = Alias.objects.filter(nature=Alias.Nature.FORMER)
    former.filter(bulk.among("bal", [row.bal_id for row in rows])).delete()
    bulk.insert([entry_of(row.bal, Act.END_MIGRATION, by=by, before=str(row)) for row in rows])
    return Tally(done=len(rows))
