"""A service moved, two structures merged, one closed, a FINESS changed.

Each whole or not at all, and taken back as long as nothing followed from it.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import entry_of
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Bal, Cotitulaire, JournalEntry, Person, Structure, bulk
from mailboxes.moves.keys import give_keys_back, revoke_keys
from mailboxes.moves.models import PlaceMove
from mailboxes.moves.place_rules import (
    check_change_finess,
    check_close_structure,
    check_merge,
    check_move_service,
    check_nothing_since,
    check_service_names,
    check_undo_move,
)
from mailboxes.moves.table import going, rows_to_carry
from mailboxes.rules.places import LEVELS

Kind = PlaceMove.Kind
ACTS = {
    Kind.SERVICE: Act.MOVE_SERVICE,
    Kind.MERGE: Act.MERGE_STRUCTURES,
    Kind.CLOSE: Act.CLOSE_STRUCTURE,
    Kind.FINESS: Act.CHANGE_FINESS,
}


def homonymous(bals: Iterable[str], into: Structure) -> list[str]:
    """The services of these names that the other structure has too: one, or two?"""
    theirs = set(Bal.objects.live().filter(structure=into).exclude(service="").values_list("service", flat=True))
    folded = {name.casefold() for name in theirs}
    return sorted({name for name in bals if name and name.casefold() in folded})


def services_of(structure: Structure) -> list[tuple[str, int]]:
    rows = Bal.objects.live().filter(structure=structure).exclude(service="").order_by("service")
    return [tuple(row) for row in rows.values_list("service").annotate(n=Count("pk"))]


# --- A service --------------------------------------------------------------------------------------------------------
@transaction.atomic
def move_service(
    structure: Structure, service: str, into: Structure, *, by, why: str, name: str = "", people_follow: bool = False
) -> PlaceMove:
    """Take the BAL of a service to another structure, under `name` there where that is another's already.

    Who holds them is counted among the people of the other structure too; `people_follow`: and no more where they were,
    if nothing else keeps them.
    """
    structure, into = _locked(structure, into)
    check_move_service(structure, service, into, why, by=by)
    bals = _held(Bal.objects.live().filter(structure=structure, service=service))
    check_service_names({service: name} if name else {})
    before = {"bals": {str(bal.pk): bal.service for bal in bals}}
    for bal in bals:
        bal.structure, bal.service = into, name or service
    bulk.update(bals, ["structure", "service"])
    before |= _carry_requests(bals, into)
    before |= _welcome(bals, into, service=name or service)
    if people_follow:
        before |= _let_go(structure, bals)
    move = PlaceMove(kind=Kind.SERVICE, structure=structure, into=into, service=service, before=before, why=why)
    return _write(move, bals, by=by, before=structure, after=f"{into}, service {name or service}")


def _carry_requests(bals: list[Bal], into: Structure) -> dict:
    rows = [row for bal in bals for row in bal.requests.all()]
    for row in rows:
        row.structure = into
    bulk.update(rows, ["structure"])
    return {"requests": [row.pk for row in rows]}


def _welcome(bals: list[Bal], into: Structure, *, service: str) -> dict:
    """Who holds these BAL works in the other structure from now on."""
    there = Affiliation.objects.current().filter(structure=into, person=OuterRef("pk"))
    people = Person.objects.filter(held__bal__in=bals).filter(~Exists(there)).distinct()
    today = timezone.localdate()
    stays = [Affiliation(person=one, structure=into, function=service, arrived_on=today) for one in people]
    bulk.insert(stays)
    return {"welcomed": [stay.pk for stay in stays]}


def _let_go(structure: Structure, bals: list[Bal]) -> dict:
    """Who held these BAL alone in the former structure is no more there."""
    others = Cotitulaire.objects.filter(
        person=OuterRef("person"), bal__in=Bal.objects.live().filter(structure=structure)
    )
    stays = Affiliation.objects.lasting().filter(structure=structure, person__held__bal__in=bals)
    pks = list(stays.filter(~Exists(others)).values_list("pk", flat=True).distinct())
    _end_stays(pks)
    return {"ended": pks}


def _end_stays(pks: list[int]) -> None:
    Affiliation.objects.filter(pk__in=pks).update(left_on=timezone.localdate(), applied_at=timezone.now())


# --- Two structures ---------------------------------------------------------------------------------------------------
@transaction.atomic
def merge_structures(
    structure: Structure,
    into: Structure,
    *,
    by,
    why: str,
    names: dict[str, str] | None = None,
    with_rights: bool = True,
) -> PlaceMove:
    """Make one structure part of another: all that `table.RELATIONS` says goes there, and it is closed.

    `names`: of its services that the other has under the same name, the one that each has from now on; of those left
    out, both are one.
    """
    structure, into = _locked(structure, into)
    check_merge(structure, into, why, by=by)
    check_service_names(names or {})
    bals = _held(Bal.objects.filter(structure=structure))
    before: dict = {"bals": {str(bal.pk): bal.service for bal in bals}, "rows": {}}
    for bal in bals:
        bal.service = (names or {}).get(bal.service) or bal.service
    bulk.update(bals, ["service"])
    for relation in going():
        if relation.key == "membership.structure" and not with_rights:
            continue
        pks = list(rows_to_carry(relation, structure, into).values_list("pk", flat=True))
        if pks:
            before["rows"][relation.key] = pks
            relation.model._default_manager.filter(pk__in=pks).update(**{relation.column: into})
    left = list(Affiliation.objects.lasting().filter(structure=structure).values_list("pk", flat=True))
    _end_stays(left)  # of who is in both
    before["ended"] = left
    before["parents"] = {str(structure.pk): structure.parent_id, str(into.pk): into.parent_id}
    if into.parent_id == structure.pk:
        into.parent = structure.parent
        Structure.objects.filter(pk=into.pk).update(parent=into.parent)
    # Under the other, whose accounts go on reading what it was.
    above = into if len(into.line()) < LEVELS else structure.parent
    facts = {"closed_on": timezone.localdate(), "merged_into": into, "parent": above}
    Structure.objects.filter(pk=structure.pk).update(**facts)
    move = PlaceMove(kind=Kind.MERGE, structure=structure, into=into, before=before, why=why)
    return _write(move, bals, by=by, before=structure, after=into)


@transaction.atomic
def close_structure(structure: Structure, *, by, why: str) -> PlaceMove:
    """Close the structure: nothing new is entered for it, who is there leaves, and the keys that opened it alone open
    nothing; what it was stays readable."""
    (structure,) = _locked(structure)
    check_close_structure(structure, why, by=by)
    pks = list(Affiliation.objects.lasting().filter(structure=structure).values_list("pk", flat=True))
    _end_stays(pks)
    Structure.objects.filter(pk=structure.pk).update(closed_on=timezone.localdate())
    before = {"ended": pks, "keys": revoke_keys(structure, by=by, why=why)}
    move = PlaceMove(kind=Kind.CLOSE, structure=structure, before=before, why=why)
    return _write(move, [], by=by, before=structure, after=f"fermée le {timezone.localdate():%d/%m/%Y}")


@transaction.atomic
def change_finess(structure: Structure, finess_et: str, *, by, why: str) -> PlaceMove:
    """The establishment has another number from now on; lists that still name the former one are understood."""
    (structure,) = _locked(structure)
    check_change_finess(structure, finess_et, why, by=by)
    before = {"finess_et": structure.finess_et, "former_finess": structure.former_finess}
    structure.former_finess, structure.finess_et = structure.finess_et, finess_et
    rules.check_row(structure)
    structure.save(update_fields=["finess_et", "former_finess"])
    move = PlaceMove(kind=Kind.FINESS, structure=structure, before=before, why=why)
    said = f"FINESS établissement : {before['finess_et'] or '–'}"
    return _write(move, [], by=by, before=said, after=f"FINESS établissement : {finess_et}")


# --- Written and taken back -------------------------------------------------------------------------------------------
def _locked(*structures: Structure) -> list[Structure]:
    """The rows under lock, always in the same order: two gestionnaires wait for each other instead of blocking both."""
    rows = Structure.objects.select_for_update(of=("self",)).order_by("pk")
    held = {row.pk: row for row in rows.filter(pk__in=[one.pk for one in structures])}
    for row in held.values():
        row.parent = Structure.objects.select_related("parent__parent").filter(pk=row.parent_id or 0).first()
    return [held[one.pk] for one in structures]


def _held(bals) -> list[Bal]:
    return list(bals.locked().with_cotitulaires().prefetch_related("requests").order_by("pk"))


def _write(move: PlaceMove, bals: list[Bal], *, by, before, after) -> PlaceMove:
    act = ACTS[Kind(move.kind)]
    move.by = by
    lines = [entry_of(bal, act, by=by, before=f"structure : {before}", after=f"structure : {after}", note=move.why)
             for bal in bals]  # fmt: skip
    lines += [entry_of(None, act, by=by, structure=one, before=before, after=after, note=move.why)
              for one in (move.structure, move.into) if one]  # fmt: skip
    bulk.insert(lines)
    move.mark = JournalEntry.objects.aggregate(last=Max("pk"))["last"] or 0
    move.save()
    return move


@transaction.atomic
def undo_move(move: PlaceMove, *, by, why: str) -> PlaceMove:
    """Put all back as it was, if nothing was built on it."""
    _locked(*(one for one in (move.structure, move.into) if one))
    move = PlaceMove.objects.select_for_update(of=("self",)).select_related("structure", "into").get(pk=move.pk)
    check_undo_move(move, why, by=by)
    bals = _held(Bal.objects.filter(pk__in=move.before.get("bals", {})))
    check_nothing_since(move, [bal.pk for bal in bals])
    {Kind.FINESS: _restore_number}.get(Kind(move.kind), _restore)(move, bals)
    give_keys_back(move.before.get("keys", []), move.structure, by=by)
    PlaceMove.objects.filter(pk=move.pk).update(undone_at=timezone.now())
    lines = [entry_of(bal, Act.UNDO_MOVE, by=by, before=f"structure : {move.into}",
                      after=f"structure : {move.structure}", note=why) for bal in bals]  # fmt: skip
    about = (one for one in (move.structure, move.into) if one)
    lines += [entry_of(None, Act.UNDO_MOVE, by=by, structure=one, before=str(move), note=why) for one in about]
    bulk.insert(lines)
    move.refresh_from_db()
    return move


def _restore_number(move: PlaceMove, bals: list[Bal]) -> None:
    number = move.before["finess_et"]
    rules.check_finess_free(move.structure, number, by=move.by)
    Structure.objects.filter(pk=move.structure_id).update(finess_et=number, former_finess=move.before["former_finess"])


def _restore(move: PlaceMove, bals: list[Bal]) -> None:
    before = move.before
    for bal in bals:
        bal.structure_id, bal.service = move.structure_id, before["bals"][str(bal.pk)]
    bulk.update(bals, ["structure", "service"])
    by_key = {relation.key: relation for relation in going()}
    for key, pks in before.get("rows", {}).items():
        relation = by_key[key]
        relation.model._default_manager.filter(pk__in=pks).update(**{relation.column: move.structure_id})
    requests = [row for bal in bals for row in bal.requests.all() if row.pk in set(before.get("requests", []))]
    for row in requests:
        row.structure_id = move.structure_id
    bulk.update(requests, ["structure"])
    Affiliation.objects.filter(pk__in=before.get("welcomed", [])).delete()
    Affiliation.objects.filter(pk__in=before.get("ended", [])).update(left_on=None, applied_at=None)
    if move.kind in (Kind.MERGE, Kind.CLOSE):
        Structure.objects.filter(pk=move.structure_id).update(closed_on=None, merged_into=None)
    for pk, parent in before.get("parents", {}).items():
        Structure.objects.filter(pk=pk).update(parent=parent)


def carried_counts(structure: Structure, into: Structure) -> list[tuple[str, int, int]]:
    """What goes with a merger, by its label: how many go, and how many stay because the other has the same."""
    found = []
    for relation in going():
        total = relation.model._default_manager.filter(**{relation.column: structure}).count()
        if total:
            goes = rows_to_carry(relation, structure, into).count()
            found.append((relation.carried.label, goes, total - goes))
    return found
