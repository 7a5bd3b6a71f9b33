"""Access lent to a person under a named professional."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import locked, write
from mailboxes.actions.people import recorded
from mailboxes.lifecycle import Act, Party
from mailboxes.models import Bal, Delegataire, Person


@transaction.atomic
def delegate(
    bal: Bal,
    person: Person,
    *,
    under: Person,
    reason: str,
    by,
    can_read: bool = True,
    can_send: bool = False,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Delegataire:
    bal = locked(bal)
    rules.check_delegate(bal, person, under, by=by)
    person = recorded(person, bal.structure, roles=bal.roles_of(by), by=by)
    delegation = Delegataire(
        bal=bal,
        person=person,
        under=under,
        reason=reason,
        can_read=can_read,
        can_send=can_send,
        starts_on=starts_on or timezone.localdate(),
        ends_on=ends_on,
    )
    rules.check_row(delegation)
    delegation.save()
    write(bal, Act.DELEGATE, by=by, after=f"{person}, sous {under}", note=reason)
    return delegation


@transaction.atomic
def end_delegation(delegation: Delegataire, *, by) -> Delegataire:
    bal = locked(delegation.bal)
    delegation = Delegataire.objects.select_related("person").get(pk=delegation.pk)
    delegation.bal = bal
    rules.check_end_delegation(delegation, by=by)
    close(delegation, by=by)
    return delegation


def close(delegation: Delegataire, *, by) -> None:
    """End a delegation on a BAL that the caller has locked; its holders hear of it."""
    delegation.ended_at = timezone.now()
    delegation.save(update_fields=["ended_at"])
    write(
        delegation.bal,
        Act.END_DELEGATION,
        by=by,
        before=f"{delegation.person}, sous {delegation.under}",
        parties=frozenset({Party.HOLDERS}),
    )
