"""Who holds a shared BAL."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.accesses import ask_closing, ask_opening, ask_principal
from mailboxes.actions.delegations import close
from mailboxes.actions.journal import locked, write
from mailboxes.actions.people import recorded
from mailboxes.lifecycle import Act, Party
from mailboxes.models import Affiliation, Bal, Cotitulaire, Person


@transaction.atomic
def add_cotitulaire(bal: Bal, person: Person, *, by) -> Cotitulaire:
    bal = locked(bal)
    rules.check_add_cotitulaire(bal, person, by=by)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    _check_stays(bal, person)
    cotitulaire = Cotitulaire.objects.create(bal=bal, person=person)
    entry = write(bal, Act.ADD_COTITULAIRE, by=by, after=person, person=person, to=[person])
    ask_opening(entry, cotitulaire, by=by)
    return cotitulaire


@transaction.atomic
def remove_cotitulaire(bal: Bal, person: Person, *, by) -> None:
    """Remove a cotitulaire; the delegations they gave end too, for they no longer answer for them."""
    bal = locked(bal)
    rules.check_remove_cotitulaire(bal, person, by=by)
    _remove(bal, person, by=by)


@transaction.atomic
def transfer_principal(bal: Bal, person: Person, *, by) -> None:
    bal = locked(bal)
    rules.check_transfer_principal(bal, person, by=by)
    _check_stays(bal, person)
    before = bal.principal()
    _set_principal(bal, person)
    told = frozenset({Party.HOLDERS})
    entry = write(bal, Act.TRANSFER_PRINCIPAL, by=by, before=before, after=person, person=person, parties=told)
    ask_principal(entry, bal, person, before, by=by)


@transaction.atomic
def name_principal(bal: Bal, person: Person, *, by) -> None:
    """Repair an orphan: the person named becomes a cotitulaire if they were not; a principal who left is removed."""
    bal = locked(bal)
    rules.check_name_principal(bal, person, by=by)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    _check_stays(bal, person)
    before = bal.principal()
    Cotitulaire.objects.get_or_create(bal=bal, person=person)
    _set_principal(bal, person)
    bal = locked(bal)  # read again with its new holder, who is told too
    told = frozenset({Party.HOLDERS})
    entry = write(bal, Act.NAME_PRINCIPAL, by=by, before=before or "", after=person, person=person, parties=told)
    ask_principal(entry, bal, person, before, by=by)
    if before is not None and rules.has_left(bal, before):
        _remove(bal, before, by=by)


@transaction.atomic
def hand_over(bal: Bal, person: Person, *, by) -> None:
    """Make this person the principal: the role is handed over, or given where nobody had it."""
    bal = locked(bal)
    if not rules.allows(rules.check_act, bal, Act.TRANSFER_PRINCIPAL, by=by):
        return name_principal(bal, person, by=by)
    if not bal.is_held_by(person):
        add_cotitulaire(bal, person, by=by)
    return transfer_principal(bal, person, by=by)


def leave_bal(bal: Bal, person: Person, *, by, note: str) -> None:
    """Take a person off one BAL on the day they leave, a day that the caller has checked: no longer cotitulaire, no
    delegation given or received."""
    bal = locked(bal)
    _close_all(bal, by=by, note=note, person=person)  # first, for nothing is to be kept of what they held
    holder = bal.cotitulaires.filter(person=person).first()
    if holder and bal.is_shared and not holder.is_principal:
        _remove(bal, person, by=by, note=note)
    _close_all(bal, by=by, note=note, under=person)


def _check_stays(bal: Bal, person: Person) -> None:
    """Check the person's stays, locked after the BAL: no departure can be recorded while they take charge."""
    list(Affiliation.objects.select_for_update().filter(person=person).order_by("pk").values_list("pk", flat=True))
    rules.check_stays(bal, person)


def _remove(bal: Bal, person: Person, *, by, note: str = "") -> None:
    held = Cotitulaire(bal=bal, person=person)
    Cotitulaire.objects.filter(bal=bal, person=person).delete()
    entry = write(bal, Act.REMOVE_COTITULAIRE, by=by, before=person, person=person, note=note, to=[person])
    ask_closing(entry, held, by=by)
    _close_all(bal, by=by, note=f"{person} n’est plus cotitulaire.", under=person)


def _close_all(bal: Bal, *, by, note: str, **of: Person) -> None:
    """End the delegations that a person gave, or received."""
    for delegation in bal.delegataires.standing().filter(**of).select_related("person", "under"):
        delegation.bal = bal
        close(delegation, by=by, note=note)


def _set_principal(bal: Bal, person: Person) -> None:
    # Two statements: the database holds "one principal" at every moment, so the former steps down first.
    bal.cotitulaires.filter(is_principal=True).update(is_principal=False)
    bal.cotitulaires.filter(person=person).update(is_principal=True)
