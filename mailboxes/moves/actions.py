"""BAL to be taken to another operator or domain: prepared, asked for, given up.

Every write is for many BAL at once: hundreds change operator in a night. Nothing moves before the operator's word.
"""

from django.db import IntegrityError, transaction
from django.utils import timezone

from directory.typography import of
from mailboxes.actions.journal import entry_of
from mailboxes.actions.requests import ask, cancel
from mailboxes.lifecycle import AWAITED, Act, Party, RequestKind
from mailboxes.models import (
    Alias,
    Bal,
    JournalEntry,
    Notice,
    Request,
    bulk,
)
from mailboxes.moves.models import MigratedBal, Migration
from mailboxes.moves.rules import (
    Surroundings,
    check_all_in_service,
    check_launch,
    check_leave,
    check_prepare,
    check_undo_migration,
    first_of,
)
from mailboxes.moves.switching import READERS, held_bals, held_rows, place_of, tell_each
from mailboxes.rules import Refused


# --- Prepared ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def prepare_migration(migration: Migration, wanted: dict[int, str], *, by) -> Migration:
    """Keep the migration and its BAL, `wanted` by primary key with the address that each will have; all or none.

    Nothing is asked of anybody yet: until `launch_migration` it may be undone whole.
    """
    check_prepare(migration, by=by)
    bals = held_bals(wanted)
    if not bals:
        raise Refused("Cochez au moins une BAL à migrer.", "none")
    wanted = {bal.pk: wanted[bal.pk].strip().lower() for bal in bals}
    around = Surroundings(migration, wanted)
    faults = [fault for bal in bals if (fault := _fault(around, bal, by=by))]
    if faults:
        raise Refused(first_of(faults), "address")
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
            entry_of(bal, Act.MIGRATE, by=by, before=place_of(bal.address, bal.operator),
                     after=place_of(wanted[bal.pk], migration.operator), note=migration.why)
            for bal in bals
        ]
    )  # fmt: skip


# --- Asked for --------------------------------------------------------------------------------------------------------
@transaction.atomic
def launch_migration(migration: Migration, *, by) -> Migration:
    """Ask the new operator to open each BAL that is not asked for, or not any more; its titulaires hear of what is
    coming, once."""
    migration = _locked(migration)
    check_launch(migration, by=by)
    rows = held_rows(migration.rows.to_ask())
    check_all_in_service(rows)
    first, when = [row.opening is None for row in rows], _when(migration)
    entries = [
        entry_of(row.bal, Act.MIGRATE, by=by, parties={Party.OPERATOR, *(READERS if is_first else ())},
                 before=row.former_address, after=f"{place_of(row.new_address, migration.operator)}, {when}",
                 note=migration.why)
        for row, is_first in zip(rows, first, strict=True)
    ]  # fmt: skip
    bulk.insert(entries)
    openings = [_opening(migration, row, entry) for row, entry in zip(rows, entries, strict=True)]
    Request.objects.bulk_create(openings)
    for row, opening in zip(rows, openings, strict=True):
        row.opening = opening
    MigratedBal.objects.bulk_update(rows, ["opening"], batch_size=500)
    readers_of = [row.bal if is_first else None for row, is_first in zip(rows, first, strict=True)]
    tell_each(entries, readers_of, openings, stage=Act.MIGRATE)
    if migration.launched_at is None:
        migration.launched_at = timezone.now()
        migration.save(update_fields=["launched_at"])
    return migration


def _locked(migration: Migration) -> Migration:
    rows = Migration.objects.select_for_update(of=("self",)).select_related("operator", "structure")
    return rows.get(pk=migration.pk)


def _when(migration: Migration) -> str:
    is_past = migration.planned_on < timezone.localdate()
    return "dès que possible" if is_past else f"pour le {migration.planned_on:%d/%m/%Y}"


def _opening(migration: Migration, row: MigratedBal, entry: JournalEntry) -> Request:
    """The letter of an opening has no place for who else uses the BAL: the reason names them."""
    bal = row.bal
    others = [f"Cotitulaire : {one.person}, RPPS {one.person.rpps}" for one in bal.cotitulaires.all()
              if not one.is_principal]  # fmt: skip
    others += [f"Délégataire : {one.person}, sous {one.under}" for one in bal.current_delegations()]
    reason = f"Cette BAL vient {of(row.former_operator)}, où son adresse est {row.former_address}."
    said = [reason, f"Elle est à ouvrir {_when(migration)}.", *others, migration.why]
    return Request(
        structure=bal.structure, operator=migration.operator, bal=bal, address=row.new_address,
        kind=RequestKind.OPEN, entry=entry, by=entry.by, reason="\n".join(filter(None, said)),
    )  # fmt: skip


# --- Given up ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def undo_migration(migration: Migration, *, by, why: str = "") -> Migration:
    """Take the whole back, as long as nothing of it was seen outside."""
    migration = _locked(migration)
    check_undo_migration(migration, by=by)
    rows = held_rows(migration.rows.standing())
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
    (row,) = held_rows(MigratedBal.objects.filter(pk=row.pk))
    check_leave(row, why, by=by)
    asked = Request.objects.filter(pk__in=[request.pk for _, request in row.asked])
    cancel(asked.awaited(), by=by, reason=why)
    if row.switched_at is None and row.opening and row.opening.stage not in AWAITED and not row.opening.closed_at:
        detail = f"La BAL {row.new_address} ne sert finalement pas."
        about: dict = {"structure": row.bal.structure, "operator": row.migration.operator, "address": row.new_address}
        ask(RequestKind.DELETE, by=by, act=Act.LEAVE_MIGRATION, detail=detail, reason=why, **about)
    _leave([row], why=why, by=by)
    return row


def _leave(rows: list[MigratedBal], *, why: str, by) -> None:
    now, bals = timezone.now(), [row.bal_id for row in rows]
    for row in rows:
        row.left_at, row.left_why = now, why
    MigratedBal.objects.filter(pk__in=[row.pk for row in rows]).update(left_at=now, left_why=why)
    aliases = Alias.objects.filter(bulk.among("bal", bals))
    aliases.coming().delete()
    aliases.filter(nature=Alias.Nature.FORMER).update(nature=Alias.Nature.KEPT, due_on=None)
    staying = _announced([row for row in rows if row.opening and row.switched_at is None])
    entries = [
        entry_of(
            row.bal, Act.LEAVE_MIGRATION, by=by, before=str(row), note=why, parties=READERS if row in staying else ()
        )
        for row in rows
    ]
    bulk.insert(entries)
    told = [(entry, row.bal) for entry, row in zip(entries, rows, strict=True) if row in staying]
    tell_each([entry for entry, _ in told], [bal for _, bal in told], [], stage=Act.LEAVE_MIGRATION)


def _announced(rows: list[MigratedBal]) -> set[MigratedBal]:
    """Those whose readers were told of the move to come."""
    if not rows:
        return set()
    bals, since = {row.bal_id: row for row in rows}, rows[0].migration.created_at
    announced = {"entry__what": Act.MIGRATE, "entry__at__gte": since, "party__in": READERS}
    told = Notice.objects.delivered().filter(bulk.among("entry__bal", bals), **announced)
    return {bals[pk] for pk in told.values_list("entry__bal", flat=True)}
