"""Who holds a shared BAL."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.delegations import close
from mailboxes.actions.journal import locked, write
from mailboxes.actions.people import recorded
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Cotitulaire, Person


@transaction.atomic
def add_cotitulaire(bal: Bal, person: Person, *, by) -> Cotitulaire:
    bal = locked(bal)
    rules.check_add_cotitulaire(bal, person, by=by)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    cotitulaire = Cotitulaire.objects.create(bal=bal, person=person)
    write(bal, Act.ADD_COTITULAIRE, by=by, after=person)
    return cotitulaire


@transaction.atomic
def remove_cotitulaire(bal: Bal, person: Person, *, by) -> None:
    """The delegations that he gave end with him: he no longer answers for them."""
    bal = locked(bal)
    rules.check_remove_cotitulaire(bal, person, by=by)
    Cotitulaire.objects.filter(bal=bal, person=person).delete()
    write(bal, Act.REMOVE_COTITULAIRE, by=by, before=person)
    _end_delegations_under(bal, person, by=by)


@transaction.atomic
def transfer_principal(bal: Bal, person: Person, *, by) -> None:
    bal = locked(bal)
    rules.check_transfer_principal(bal, person, by=by)
    before = bal.principal()
    _set_principal(bal, person)
    write(bal, Act.TRANSFER_PRINCIPAL, by=by, before=before, after=person)


@transaction.atomic
def name_principal(bal: Bal, person: Person, *, by) -> None:
    """Repair an orphan: the person becomes a cotitulaire too, if he was not."""
    bal = locked(bal)
    rules.check_name_principal(bal, person, by=by)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    Cotitulaire.objects.get_or_create(bal=bal, person=person)
    _set_principal(bal, person)
    write(bal, Act.NAME_PRINCIPAL, by=by, after=person)


def _set_principal(bal: Bal, person: Person) -> None:
    # Two statements: the database holds "one principal" at every moment, so the former steps down first.
    bal.cotitulaires.filter(is_principal=True).update(is_principal=False)
    bal.cotitulaires.filter(person=person).update(is_principal=True)


def _end_delegations_under(bal: Bal, person: Person, *, by) -> None:
    for delegation in bal.delegataires.filter(under=person, ended_at=None).select_related("person"):
        close(delegation, by=by)
