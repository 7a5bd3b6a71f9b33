"""BAL taken to another operator or domain: prepared, asked for, switched once the new box is open, the old one closed.

Every write is for many BAL at once: hundreds change operator in a night. Nothing moves before the operator's word.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes.actions.journal import entry_of, tell_on_commit
from mailboxes.actions.moves import Tally, in_batches
from mailboxes.actions.requests import ask, cancel, letters
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
from mailboxes.models.requests import AWAITED
from mailboxes.moves.models import MigratedBal, Migration
from mailboxes.moves.rules import (
    Surroundings,
    check_close_former,
    check_end,
    check_launch,
    check_leave,
    check_prepare,
    check_switch,
    check_undo_migration,
)
from mailboxes.notices.telling import notices_for
from mailboxes.rules import Refused, check_act, check_attested

# What is known of the former box says nothing of the new one.
EMPTIED = {"read_at": None, "used_mb": None, "percent_full": None, "full_on": None, "quota_warned": 0}
SWITCHED = ["address", "operator", "quota_mb", "clock_at", *EMPTIED]


# --- Prepared ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def prepare_migration(migration: Migration, wanted: dict[int, str], *, by) -> Migration:
    """Keep the migration and its BAL, `wanted` by primary key with the address that each will have; all or none.

    Nothing is asked of anybody yet: until `launch_migration` it may be undone whole.
    """
    check_prepare(migration, by=by)
    bals = _held(wanted)
    if not bals:
        raise Refused("Cochez au moins une BAL à migrer.", "none")
    wanted = {bal.pk: wanted[bal.pk].strip().lower() for bal in bals}
    around = Surroundings(migration, wanted)
    faults = [fault for bal in bals if (fault := _fault(around, bal, by=by))]
    if faults:
        raise Refused(faults[:5] + ([f"Et {len(faults) - 5} autres."] if len(faults) > 5 else []))
    migration.by = by
    migration.save()
    try:
        with transaction.atomic():
            _keep(migration, bals, wanted, by=by)
    except IntegrityError as error:  # somebody else was faster
        raise Refused(
            "Une de ces BAL vient d’entrer dans une autre migration, ou une de ces adresses d’être prise : relisez la "
            "liste.",
            "race",
        ) from error
    return migration


def _held(pks: Iterable[int]) -> list[Bal]:
    return list(Bal.objects.locked().with_holders().filter(bulk.among("pk", pks)).order_by("pk"))


def _fault(around: Surroundings, bal: Bal, *, by) -> str:
    try:
        around.check(bal, by=by)
    except Refused as refused:
        return refused.messages[0]
    return ""


def _keep(migration: Migration, bals: list[Bal], wanted: dict[int, str], *, by) -> None:
    due_on = migration.planned_on
    rows = [
        MigratedBal(
            migration=migration, bal=bal, due_on=due_on, new_address=wanted[bal.pk],
            former_operator_id=bal.operator_id, former_address=bal.address,
        )
        for bal in bals
    ]  # fmt: skip
    bulk.insert(rows)
    about = {"nature": Alias.Nature.COMING, "operator": migration.operator, "due_on": due_on}
    bulk.insert([Alias(bal=bal, address=wanted[bal.pk], **about) for bal in bals])
    bulk.insert(
        [
            entry_of(bal, Act.MIGRATE, by=by, before=_place(bal.address, bal.operator),
                     after=_place(wanted[bal.pk], migration.operator), note=migration.why)
            for bal in bals
        ]
    )  # fmt: skip


def _place(address: str, operator: Operator) -> str:
    return f"{address}, chez {operator}"


# --- Asked for --------------------------------------------------------------------------------------------------------
@transaction.atomic
def launch_migration(migration: Migration, *, by) -> Migration:
    """Ask the new operator to open each BAL that is not asked for yet; its titulaires hear of what is coming."""
    migration = _locked(migration)
    check_launch(migration, by=by)
    waiting = migration.rows.standing().filter(opening=None)
    rows = list(waiting.select_related("former_operator").order_by("bal"))
    bals = {bal.pk: bal for bal in _held([row.bal_id for row in rows])}
    for row in rows:
        row.bal = bals[row.bal_id]
    parties = frozenset({Party.OPERATOR, Party.HOLDERS})
    entries = [
        entry_of(row.bal, Act.MIGRATE, by=by, parties=parties, before=row.former_address,
                 after=_place(row.new_address, migration.operator), note=migration.why)
        for row in rows
    ]  # fmt: skip
    bulk.insert(entries)
    for row, entry in zip(rows, entries, strict=True):
        row.opening = _opening(migration, row, entry)
    Request.objects.bulk_create([row.opening for row in rows])
    MigratedBal.objects.bulk_update(rows, ["opening"], batch_size=500)
    _tell(entries, [row.bal for row in rows], [row.opening for row in rows], stage=Act.MIGRATE)
    if migration.launched_at is None:
        migration.launched_at = timezone.now()
        migration.save(update_fields=["launched_at"])
    return migration


def _locked(migration: Migration) -> Migration:
    rows = Migration.objects.select_for_update(of=("self",)).select_related("operator", "structure")
    return rows.get(pk=migration.pk)


def _opening(migration: Migration, row: MigratedBal, entry: JournalEntry) -> Request:
    """The letter of an opening has no place for who else uses the BAL: the reason names them."""
    bal = row.bal
    others = [f"Cotitulaire : {one.person}, RPPS {one.person.rpps}" for one in bal.cotitulaires.all()
              if not one.is_principal]  # fmt: skip
    others += [f"Délégataire : {one.person}, sous {one.under}" for one in bal.current_delegations()]
    reason = f"Cette BAL vient de {row.former_operator}, où son adresse est {row.former_address}."
    said = [reason, f"Elle est à ouvrir pour le {migration.planned_on:%d/%m/%Y}.", *others, migration.why]
    return Request(
        structure=bal.structure, operator=migration.operator, bal=bal, address=row.new_address,
        kind=RequestKind.OPEN, entry=entry, by=entry.by, reason="\n".join(filter(None, said)),
    )  # fmt: skip


def _tell(entries: list[JournalEntry], bals: list[Bal], requests: list[Request], *, stage: Act) -> None:
    notices = letters(requests) if requests else []
    for entry, bal in zip(entries, bals, strict=True):
        notices += notices_for(entry, bal, stage=stage, cycle=f"entry-{entry.pk}", parties={Party.HOLDERS})
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    tell_on_commit(entries)


# --- Given up ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def undo_migration(migration: Migration, *, by, why: str = "") -> Migration:
    """Take the whole back, as long as nothing of it was seen outside."""
    migration = _locked(migration)
    check_undo_migration(migration, by=by)
    rows = _rows(migration.rows.standing())
    openings = [row.opening_id for row in rows if row.opening_id]
    entries = Request.objects.filter(pk__in=openings).values("entry")
    Notice.objects.filter(entry__in=entries, sent_at=None).update(channel=Notice.Channel.WITHDRAWN)
    cancel(Request.objects.awaited().filter(pk__in=openings), by=by, reason=why)
    _leave(rows, why=why or "Migration annulée.", by=by)
    migration.undone_at = timezone.now()
    migration.save(update_fields=["undone_at"])
    return migration


@transaction.atomic
def leave_migration(row: MigratedBal, *, why: str, by) -> MigratedBal:
    """Take one BAL out. Before its switch it stays where it is, and what was opened for it is to be closed again;
    after, it stays at its new address, and the former one is kept."""
    (row,) = _rows(MigratedBal.objects.filter(pk=row.pk))
    check_leave(row, why, by=by)
    asked = Request.objects.filter(pk__in=[request.pk for _, request in row.asked])
    cancel(asked.awaited(), by=by, reason=why)
    if row.switched_at is None and row.opening and row.opening.stage not in AWAITED and not row.opening.closed_at:
        detail = f"La BAL {row.new_address} ne sert finalement pas."
        about = {"structure": row.bal.structure, "operator": row.migration.operator, "address": row.new_address}
        ask(RequestKind.DELETE, by=by, act=Act.LEAVE_MIGRATION, detail=detail, reason=why, **about)
    _leave([row], why=why, by=by)
    return row


def _leave(rows: list[MigratedBal], *, why: str, by) -> None:
    now, bals = timezone.now(), [row.bal_id for row in rows]
    for row in rows:
        row.left_at, row.left_why = now, why
    MigratedBal.objects.filter(pk__in=[row.pk for row in rows]).update(left_at=now, left_why=why)
    aliases = Alias.objects.filter(bulk.among("bal", bals))
    aliases.filter(nature=Alias.Nature.COMING).delete()
    aliases.filter(nature=Alias.Nature.FORMER).update(nature=Alias.Nature.KEPT, due_on=None)
    bulk.insert([entry_of(row.bal, Act.LEAVE_MIGRATION, by=by, before=str(row), note=why) for row in rows])


def _rows(rows: QuerySet[MigratedBal]) -> list[MigratedBal]:
    """They and their BAL, locked: the BAL first, as everywhere."""
    bals = {bal.pk: bal for bal in _held(rows.values_list("bal", flat=True))}
    held = MigratedBal.objects.select_for_update(of=("self",)).filter(pk__in=rows.values("pk"))
    found = held.select_related(
        "migration__operator", "former_operator", "opening", "reply", "depublication", "deletion"
    )
    found = list(found.order_by("bal"))
    for row in found:
        row.bal = bals[row.bal_id]
    return found


# --- Switched ---------------------------------------------------------------------------------------------------------
def switch_each(rows: QuerySet[MigratedBal], *, by) -> Tally:
    """`switch_bals` in batches; a BAL that cannot go is told, and stops none."""
    return in_batches(rows, lambda pks: _switch_batch(pks, by=by))  # type: ignore[arg-type]


@transaction.atomic
def _switch_batch(pks: list[int], *, by) -> Tally:
    rows, tally = _rows(MigratedBal.objects.filter(pk__in=pks)), Tally()
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
        entry_of(row.bal, Act.SWITCH_BAL, by=by, parties=[Party.HOLDERS],
                 before=_place(row.former_address, row.former_operator),
                 after=_place(row.new_address, row.migration.operator), note=followed.get(row.bal_id, ""))
        for row in rows
    ]  # fmt: skip
    bulk.insert(entries)
    _ask_replies(rows, by=by)
    MigratedBal.objects.bulk_update(rows, ["switched_at", "due_on", "ended_at", "reply"], batch_size=500)
    _tell(entries, [row.bal for row in rows], [], stage=Act.SWITCH_BAL)
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
    coming = Alias.objects.filter(bulk.among("bal", [row.bal_id for row in rows]), nature=Alias.Nature.COMING)
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
        if row.migration.auto_reply and row.former_operator.can_auto_reply and not row.keeps_address
        and row.ended_at is None
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
    return in_batches(rows, lambda pks: _depublish_batch(pks, by=by))  # type: ignore[arg-type]


@transaction.atomic
def _depublish_batch(pks: list[int], *, by) -> Tally:
    """Ask for the former addresses to leave the annuaire: the new ones were seen."""
    rows = [row for row in _rows(MigratedBal.objects.filter(pk__in=pks)) if row.depublication is None]
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
    held, tally, ready = _rows(rows), Tally(), []
    for row in held:
        try:
            check_close_former(row, by=by)
            ready.append(row)
        except Refused as refused:
            tally.refused[row.former_address] = refused.messages[0]
    said = {row.pk: f"Attesté : {ATTESTATION}" for row in ready}
    _ask_former(ready, RequestKind.DELETE, said, "deletion", by=by, act=Act.CLOSE_FORMER)
    MigratedBal.objects.bulk_update(ready, ["deletion"], batch_size=500)
    bulk.insert(
        [entry_of(row.bal, Act.CLOSE_FORMER, by=by, before=row.former_address, note=said[row.pk]) for row in ready]
    )
    tally.done = len(ready)
    return tally


def end_each(rows: QuerySet[MigratedBal], *, by=SYSTEM) -> Tally:
    return in_batches(rows, lambda pks: _end_batch(pks, by=by))  # type: ignore[arg-type]


@transaction.atomic
def _end_batch(pks: list[int], *, by) -> Tally:
    """The former boxes are closed: their addresses are nobody's any more."""
    rows, now = _rows(MigratedBal.objects.filter(pk__in=pks)), timezone.now()
    for row in rows:
        check_end(row, by=by)
    MigratedBal.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=now)
    former = Alias.objects.filter(nature=Alias.Nature.FORMER)
    former.filter(bulk.among("bal", [row.bal_id for row in rows])).delete()
    bulk.insert([entry_of(row.bal, Act.END_MIGRATION, by=by, before=str(row)) for row in rows])
    return Tally(done=len(rows))
