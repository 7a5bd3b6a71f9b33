"""What is kept on a person, and where they stay."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.changes import differing, refused_where_taken, set_fields, told
from mailboxes.actions.contacts import lock_person, propose_first
from mailboxes.actions.journal import entry_of, write_about
from mailboxes.lifecycle import Act, Role
from mailboxes.models import SYSTEM, Affiliation, JournalEntry, Person, Structure, bulk
from mailboxes.models.people import people_of_annuaire

DESCRIBED = ("rpps", "has_cps", "profession")
STAY = ("function", "arrived_on")


@transaction.atomic
def record_person(structure: Structure, *, by, function: str = "", arrived_on: date | None = None, **facts) -> Person:
    """Enter a person among those of a structure; the address given for them is theirs to confirm or to refuse."""
    rules.check_record_person(structure, by=by)
    person = Person(**facts)
    person.rpps = person.rpps or None
    rules.check_rpps_free(person.rpps)
    rules.check_row(person)
    stay = Affiliation(person=person, structure=structure, function=function, arrived_on=arrived_on)
    rules.check_values(stay, only=STAY)
    with number_taken_once(person.rpps):
        write_stays([stay], by=by)
    return person


def number_taken_once(rpps: str | None) -> AbstractContextManager[None]:
    return refused_where_taken("rpps", rules.rpps_taken(rpps))


def write_stays(stays: Sequence[Affiliation], *, by, note_of: Callable[[Person], str] = lambda person: "") -> None:
    """Save checked stays, and whom of their people has no row yet; the address given for these is theirs to confirm or
    to refuse. As many statements for a thousand as for one."""
    new = [stay.person for stay in stays if stay.person.pk is None]
    bulk.insert(new)
    bulk.insert(stays)
    bulk.insert([_stay_entry(stay, by=by, note=note_of(stay.person)) for stay in stays])
    if by is not SYSTEM:
        propose_first(new, by=by)


@transaction.atomic
def welcome_person(
    person: Person, structure: Structure, *, by, function: str = "", arrived_on: date | None = None
) -> Affiliation:
    """Add a stay in a structure for a person the register knows, and who is nowhere else: they come, or come back."""
    rules.check_record_person(structure, by=by)
    person = lock_person(person)
    rules.check_agreed(person, structure, by=by)
    return _stay(person, structure, by=by, function=function, arrived_on=arrived_on)


def recorded(person: Person, structure: Structure, *, roles: frozenset[Role], by) -> Person:
    """The person as a row, among those of the structure: one whom only the annuaire knows enters under its names.

    `roles`: those of `by` on the BAL on which the person is named; who names them vouches for their card.
    """
    if here := person if person.pk else Person.objects.filter(rpps=person.rpps or "-").first():
        return here
    known = people_of_annuaire([person.rpps or ""]).get(person.rpps or "")
    rules.check_record_named(person, known, roles=roles)
    assert known  # noqa: S101 - the rule has seen to it
    known.has_cps = person.has_cps
    rules.check_row(known)
    known.save()
    _stay(known, structure, by=by, note=by_annuaire(known))
    return known


def by_annuaire(person: Person) -> str:
    attested = "CPS ou e-CPS attestée" if person.has_cps else "sans attestation de CPS"
    return f"D’après l’annuaire ; {attested}."


def enter(person: Person, structure: Structure, **facts) -> Affiliation:
    stay = Affiliation(person=person, structure=structure, **facts)
    rules.check_row(stay)
    stay.save()
    return stay


def _stay(person: Person, structure: Structure, *, by, note: str = "", **facts) -> Affiliation:
    stay = enter(person, structure, **facts)
    _stay_entry(stay, by=by, note=note).save()
    return stay


def _stay_entry(stay: Affiliation, *, by, note: str = "") -> JournalEntry:
    after = f"{stay.structure}, {stay.arrived_on:%d/%m/%Y}" if stay.arrived_on else stay.structure
    about = {"person": stay.person, "structure": stay.structure}
    return entry_of(None, Act.RECORD_PERSON, by=by, after=after, note=note, **about)


@transaction.atomic
def describe_person(person: Person, *, by, **facts) -> Person:
    """Change what a person's record says; each changed field leaves its own line."""
    person = lock_person(person)
    rules.check_describe_person(person, facts, by=by)
    facts = {**facts, "rpps": facts.get("rpps", person.rpps) or None}
    with number_taken_once(facts["rpps"]):
        _change(person, facts, DESCRIBED, {"person": person}, by=by)
    return person


@transaction.atomic
def describe_stay(stay: Affiliation, *, by, **facts) -> Affiliation:
    stay = lock_stay(stay)
    rules.check_describe_stay(stay, facts.get("arrived_on", stay.arrived_on), by=by)
    _change(stay, facts, STAY, {"person": stay.person, "structure": stay.structure}, by=by)
    return stay


def _change(row, facts: dict, known: tuple[str, ...], about: dict, *, by) -> None:
    JournalEntry.objects.bulk_create(description_of(row, set_fields(row, differing(row, facts, known)), about, by=by))


def description_of(row: Person | Affiliation, befores: dict, about: dict, *, by) -> list[JournalEntry]:
    """The lines of what the row says otherwise than before, unsaved."""
    return [
        entry_of(None, Act.DESCRIBE_PERSON, by=by, **about, **told(row, name, before))
        for name, before in befores.items()
    ]


@transaction.atomic
def note_export(person: Person, *, by, note: str = "") -> JournalEntry:
    """Write down that all that is kept on a person is handed out; the copy shows this line too."""
    rules.check_read_person(person, by=by)
    return write_about(Act.EXPORT_PERSON, by=by, about={"person": person}, note=note)


def lock_stay(stay: Affiliation) -> Affiliation:
    rows = Affiliation.objects.select_for_update(of=("self",)).select_related("person", "structure__parent")
    return rows.get(pk=stay.pk)
