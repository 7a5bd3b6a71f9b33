"""Other addresses of a BAL, entered and taken out by hand."""

from contextlib import AbstractContextManager

from django.db import transaction

from directory.readers.address import read_address
from mailboxes import rules
from mailboxes.actions.changes import refused_where_taken
from mailboxes.actions.journal import locked, write
from mailboxes.lifecycle import Act
from mailboxes.models import Alias, Bal, Operator


@transaction.atomic
def add_alias(bal: Bal, address: str, *, by, why: str = "") -> Alias:
    """Note that what is sent to this address too arrives in the BAL; nothing is asked of the operator."""
    bal = locked(bal)
    address = read_address(address).value or address.strip().lower()
    rules.check_add_alias(bal, address, by=by)
    return keep_alias(bal, address, bal.operator, by=by, why=why)


def keep_alias(bal: Bal, address: str, operator: Operator, *, by, why: str = "") -> Alias:
    """Write an alias of a BAL that the caller has locked and checked."""
    alias = Alias(bal=bal, address=address, operator=operator)
    rules.check_row(alias)
    with address_taken_once():
        alias.save()
    write(bal, Act.ADD_ALIAS, by=by, after=address, note=why)
    return alias


def address_taken_once() -> AbstractContextManager[None]:
    said = "Cette adresse vient d’être prise par une autre BAL du registre : cherchez-la avant de recommencer."
    return refused_where_taken("address", rules.Refused(said, "race"))


@transaction.atomic
def drop_alias(alias: Alias, *, by, why: str = "") -> None:
    bal = locked(alias.bal)
    rows = Alias.objects.select_for_update(of=("self",)).filter(pk=alias.pk)
    alias = rules.check_alias_there(rows.first())
    alias.bal = bal
    rules.check_drop_alias(alias, by=by)
    alias.delete()
    write(bal, Act.DROP_ALIAS, by=by, before=alias.address, note=why)
