"""What enters the register, and how it is described there."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from directory.readers.address import read_address
from mailboxes import rules
from mailboxes.actions.aliases import address_taken_once
from mailboxes.actions.changes import differing, set_fields, told
from mailboxes.actions.journal import entry_of, locked, write
from mailboxes.actions.requests import write_requests
from mailboxes.lifecycle import Act, Party, State
from mailboxes.models import (
    Bal,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Operator,
    Person,
    Reading,
    Structure,
    bulk,
)
from mailboxes.models.aliases import known_at

DESCRIBED = ("service", "description", "purpose", "liste_rouge", "responsable", "quota_mb")


@transaction.atomic
def register_bal(
    *,
    structure: Structure,
    operator: Operator,
    kind: str,
    address: str,
    by,
    principal: Person | None = None,
    exists: bool = False,
    note: str = "",
    **described,
) -> Bal:
    """Enter a BAL: one that exists at the operator (`exists`), or one that the operator is hereby asked to open."""
    address = read_address(address).value or address.strip().lower()
    rules.check_register(structure, operator, kind, address, principal, by=by)
    bal = _entrant(address, structure, by=by)
    state = State.ACTIVE if exists else State.REQUESTED
    described.setdefault("quota_mb", operator.default_quota_mb)
    describe_anew(bal, structure=structure, operator=operator, kind=kind, state=state, **described)
    rules.check_values(bal)  # its address is free, and what it points to was read
    with address_taken_once():
        write_rows([(bal, principal)])
    parties = frozenset() if exists else frozenset({Party.OPERATOR})
    entry = write(bal, Act.REGISTER, by=by, after=state, note=note, parties=parties)
    if not exists:
        write_requests([bal], [entry], Act.REGISTER, by=by, reason=note)
    return bal


def _entrant(address: str, structure: Structure, *, by) -> Bal:
    """The row to write: a new one, or the former one of an address that was given up. One query for a new address."""
    if not (known := known_at(address)):
        return Bal(address=address)
    if former := given_up([address], by=by).get(address):
        return former
    raise rules.already_known(known, structure)


def given_up(addresses: Iterable[str], *, by) -> dict[str, Bal]:
    """The former row of an address that was given up: it comes back, so that its journal goes on."""
    former = Bal.objects.locked().filter(address__in=addresses, state=State.ABANDONED)
    return {bal.address: bal for bal in former if rules.may_at(Act.REGISTER, bal.structure_id, by=by)}


def describe_anew(bal: Bal, **facts) -> None:
    """A BAL to save, described from nothing: it is new, or it comes back and nothing is known of it any more."""
    if bal.pk:
        kept = {"id", "address", "quota_cycle"}  # the notices of former cycles keep their keys
        for field in Bal._meta.concrete_fields:
            if field.attname not in kept:
                setattr(bal, field.attname, field.get_default())
    for name, value in facts.items():
        setattr(bal, name, value)


def write_rows(entrants: list[tuple[Bal, Person | None]]) -> None:
    """Insert BAL already checked, each with whom answers for it, in as many statements for one as for thousands."""
    back = [bal for bal, _ in entrants if bal.pk]
    if back:
        Cotitulaire.objects.filter(bal__in=back).delete()
        Delegataire.objects.standing().filter(bal__in=back).update(ended_at=timezone.now())
        bulk.update(back, [field.name for field in Bal._meta.concrete_fields if not field.primary_key])
    bulk.insert([bal for bal, _ in entrants if not bal.pk])
    bulk.insert([Cotitulaire(bal=bal, person=person, is_principal=True) for bal, person in entrants if person])


@transaction.atomic
def describe_bal(bal: Bal, *, by, **facts) -> Bal:
    """Change what the register says of a BAL; each field changed leaves its own line."""
    bal = locked(bal)
    rules.check_act(bal, Act.DESCRIBE, by=by)
    befores = set_fields(bal, differing(bal, facts, DESCRIBED))
    if "quota_mb" in befores:
        bal.measure()  # at once, not at the next reading
        bal.foresee(Reading.objects.points_of([bal])[bal.pk])
        bal.save(update_fields=["percent_full", "full_on"])
    JournalEntry.objects.bulk_create(description_entries(bal, befores, by=by))
    return bal


def description_entries(bal: Bal, befores: dict, *, by, note: str = "") -> list[JournalEntry]:
    """The journal's lines, unsaved, one per changed field; nobody is told."""
    return [
        entry_of(bal, Act.DESCRIBE, by=by, note=note, **told(bal, name, before)) for name, before in befores.items()
    ]
