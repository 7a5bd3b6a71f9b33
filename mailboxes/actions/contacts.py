"""Where a person is told of things: chosen by them at once, or given by somebody else and theirs to refuse."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import entry_of, tell_all, tell_of, write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Contact, ContactChange, JournalEntry, Person, Signatory, bulk, contact_of
from mailboxes.models.contacts import FORMER, NEW, OPEN
from mailboxes.models.people import read_homes
from mailboxes.models.thresholds import chosen
from mailboxes.notices.writing import notice_to_account, notices_to_addresses

COLUMNS = ["channel", "email", "mssante_address", "links_from"]
NOWHERE = Contact(Person.Channel.EMAIL, "", "")
State = ContactChange.State


@transaction.atomic
def prefer_channel(person: Person, *, by, channel: str, email: str = "", mssante_address: str = "") -> Person:
    """The person says how they are told; notices already written keep their channel. Announced where they were told."""
    person = lock_person(person)
    rules.check_prefer(person, by=by)
    wanted = Contact(channel, email, mssante_address.strip().lower())
    rules.check_channel(*wanted)
    former = contact_of(person)
    known = former.addresses
    if pending := _pending(person):
        known = pending.former.addresses | known
        _settle(pending, State.REPLACED)
    _give(person, wanted, links_from=None)
    rules.check_row(person)
    if wanted == former:
        return person
    left = {address: how for address, how in known.items() if address not in wanted.addresses}
    entry = _entry(Act.PREFER_CHANNEL, person, by=by, to=left, before=former, after=wanted)
    tell_of(entry, notices_to_addresses(entry, person, left, stage=Act.PREFER_CHANNEL))
    return person


@transaction.atomic
def ask_contact(person: Person, *, by, channel: str, email: str = "", mssante_address: str = "") -> ContactChange:
    """Somebody else gives the person's contact details. A former such change, that could still be refused, is undone:
    it is where the person was told before it that this one is announced."""
    person = lock_person(person)
    rules.check_ask_contact(person, by=by)
    wanted = Contact(channel, email, mssante_address.strip().lower())
    rules.check_new_contact(contact_of(person), wanted)
    if pending := _pending(person):
        rules.check_other_contact(pending, wanted)
        _undo(pending, person, State.REPLACED)
    rules.check_new_contact(contact_of(person), wanted)
    return propose(person, wanted, former=contact_of(person), by=by)


def propose(person: Person, wanted: Contact, *, former: Contact = NOWHERE, by) -> ContactChange:
    """Write the change down; the caller holds the lock of the person's row."""
    now, known = timezone.now(), addresses_of(person, former)
    change = ContactChange(
        person=person,
        is_first=not known,
        asked_by=by,
        asked_at=now,
        due_at=now + chosen.CONTACT_DELAY,
        former_links_from=person.links_from,
    )
    _set(change, wanted, former=former)
    new = {address: how for address, how in wanted.addresses.items() if address not in known}
    entry = _entry(Act.ASK_CONTACT, person, by=by, to=known | new, before=former, after=wanted)
    change.entry = entry
    rules.check_values(change, only=wanted._fields)
    change.save()
    if change.is_first:
        _give(person, wanted, links_from=change.due_at)
    notices = notices_to_addresses(entry, person, known, stage=FORMER)
    tell_of(entry, notices + notices_to_addresses(entry, person, new, stage=NEW))
    return change


def propose_first(people: Sequence[Person], *, by) -> None:
    """`propose`, of people just entered whom nothing told before: as many statements for a thousand as for one."""
    people = [person for person in people if contact_of(person).addresses]
    read_homes(people)
    now, changes = timezone.now(), []
    for person in people:
        wanted = contact_of(person)
        person.links_from = now + chosen.CONTACT_DELAY
        facts = {"by": by, "parties": wanted.addresses, "before": NOWHERE, "after": wanted}
        entry = entry_of(None, Act.ASK_CONTACT, person=person, **facts)
        change = ContactChange(person=person, is_first=True, asked_by=by, asked_at=now, due_at=person.links_from)
        _set(change, wanted, former=NOWHERE)
        change.entry = entry
        changes.append(change)
    bulk.update(people, ["links_from"])
    bulk.insert([change.entry for change in changes])
    bulk.insert(changes)
    notices = [
        notice
        for change in changes
        for notice in notices_to_addresses(change.entry, change.person, change.new.addresses, stage=NEW)
    ]
    tell_all([change.entry for change in changes], notices)


def _set(change: ContactChange, wanted: Contact, *, former: Contact) -> None:
    for name in Contact._fields:
        setattr(change, name, getattr(wanted, name))
        setattr(change, f"former_{name}", getattr(former, name))


@transaction.atomic
def confirm_contact(change: ContactChange, *, by) -> ContactChange:
    """Confirmed by the person, logged in, the address is theirs. Confirmed by whoever reads it, notices go there; where
    the person was told elsewhere before, links that act still wait for the delay: its reader may be who gave it."""
    change, person = _locked(change)
    rules.check_confirm_contact(change, by=by)
    is_theirs = change.is_first or not isinstance(by, Signatory)
    _give(person, change.new, links_from=None if is_theirs else change.due_at)
    _settle(change, State.APPLIED if is_theirs else State.CONFIRMED)
    note = f"Donné par {change.asked_by}."
    write_about(Act.CONFIRM_CONTACT, by=by, about={"person": person}, after=change.new, note=note)
    return change


@transaction.atomic
def object_contact(change: ContactChange, *, by) -> ContactChange:
    """The person keeps, or has back, their former contact details; whoever gave the others is told."""
    change, person = _locked(change)
    rules.check_object_contact(change, by=by)
    _undo(change, person, State.OBJECTED)
    facts = {"before": change.new, "after": change.former, "note": f"Donné par {change.asked_by}."}
    entry = _entry(Act.OBJECT_CONTACT, person, by=by, to=[change.asked_by], **facts)
    tell_of(entry, [notice_to_account(entry, change.asked_by, stage=Act.OBJECT_CONTACT)])
    return change


@transaction.atomic
def apply_contact(change: ContactChange, *, by) -> ContactChange:
    """The delay has passed, and the person did not refuse."""
    change, person = _locked(change)
    rules.check_apply_contact(change, by=by)
    _give(person, change.new, links_from=None)
    _settle(change, State.APPLIED)
    note = f"Donné par {change.asked_by}, sans opposition."
    write_about(Act.APPLY_CONTACT, by=by, about={"person": person}, after=change.new, note=note)
    return change


def lock_person(person: Person) -> Person:
    rows = Person.objects.select_for_update(of=("self",), no_key=True).prefetch_related("affiliations")
    return rows.get(pk=person.pk)


def addresses_of(person: Person, contact: Contact) -> dict[str, str]:
    """Addresses where the person is known to read: these addresses, and their account's own."""
    own = {person.user.email: Person.Channel.EMAIL.value} if person.user and person.user.email else {}
    return own | contact.addresses


def _pending(person: Person) -> ContactChange | None:
    return ContactChange.objects.open().select_for_update(of=("self",)).filter(person=person).first()


def _locked(change: ContactChange) -> tuple[ContactChange, Person]:
    person = lock_person(change.person)
    change = ContactChange.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=change.pk)
    change.person = person
    return change, person


def _give(person: Person, contact: Contact, *, links_from) -> None:
    person.channel, person.email, person.mssante_address = contact
    person.links_from = links_from
    person.save(update_fields=COLUMNS)


def _undo(change: ContactChange, person: Person, state: str) -> None:
    if change.is_in_effect:
        _give(person, change.former, links_from=change.former_links_from)
    _settle(change, state)


def _settle(change: ContactChange, state: str) -> None:
    change.state = state
    change.settled_at = None if state in OPEN else timezone.now()
    change.save(update_fields=["state", "settled_at"])


def _entry(what: Act, person: Person, *, by, to: Collection, **facts) -> JournalEntry:
    entry = entry_of(None, what, by=by, parties=to, person=person, **facts)
    entry.save()
    return entry
