"""A person who is elsewhere already joins a structure: asked, then accepted or refused by them or by where they are."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.contacts import lock_person
from mailboxes.actions.journal import entry_of, tell_of
from mailboxes.actions.movements import open_movement
from mailboxes.actions.people import enter
from mailboxes.lifecycle import Act, Party
from mailboxes.models import SYSTEM, Affiliation, Joining, Movement, Person, Structure
from mailboxes.models.thresholds import chosen
from mailboxes.notices.writing import notice_to_account, notice_to_person, notices_to_gestionnaires


@transaction.atomic
def ask_joining(
    person: Person,
    structure: Structure,
    *,
    by,
    function: str = "",
    arrived_on: date | None = None,
    with_file: bool = False,
) -> Joining:
    """Tells the person, and the gestionnaires of where they are."""
    person, now = lock_person(person), timezone.now()
    rules.check_ask_joining(person, structure, by=by)
    late = Joining.objects.to_expire(now).filter(person=person, structure=structure)
    for joining in late:
        expire_joining(joining, by=SYSTEM)
    about = {"person": person, "structure": structure}
    parties = [Party.HOLDERS, Party.GESTIONNAIRES]
    entry = entry_of(None, Act.ASK_JOINING, by=by, parties=parties, after=structure, **about)
    entry.save()
    joining = Joining(
        person=person,
        structure=structure,
        function=function,
        arrived_on=arrived_on,
        with_file=with_file,
        asked_by=by,
        asked_at=now,
        expires_at=now + chosen.JOINING_VALID,
        entry=entry,
    )
    rules.check_row(joining)
    joining.save()
    cycle = f"joining-{joining.pk}"
    notices = [notice_to_person(entry, person, stage=Act.ASK_JOINING, cycle=cycle)]
    for stay in person.affiliations.current():
        notices += notices_to_gestionnaires(entry, stay, stage=Act.ASK_JOINING, cycle=cycle)
    tell_of(entry, notices)
    return joining


@transaction.atomic
def accept_joining(joining: Joining, *, by) -> Affiliation:
    joining = _locked(joining)
    rules.check_accept_joining(joining, by=by)
    stay = enter(joining.person, joining.structure, function=joining.function, arrived_on=joining.arrived_on)
    _settle(joining, Joining.State.ACCEPTED, Act.ACCEPT_JOINING, by=by)
    if joining.with_file:
        planned_on = joining.arrived_on or timezone.localdate()
        open_movement(stay, Movement.Kind.ARRIVAL, planned_on=planned_on, by=SYSTEM)
    return stay


@transaction.atomic
def refuse_joining(joining: Joining, *, by) -> Joining:
    joining = _locked(joining)
    rules.check_refuse_joining(joining, by=by)
    return _settle(joining, Joining.State.REFUSED, Act.REFUSE_JOINING, by=by)


@transaction.atomic
def expire_joining(joining: Joining, *, by) -> Joining:
    joining = _locked(joining)
    rules.check_expire_joining(joining, by=by)
    return _settle(joining, Joining.State.EXPIRED, Act.EXPIRE_JOINING, by=by)


def _locked(joining: Joining) -> Joining:
    person = lock_person(joining.person)
    rows = Joining.objects.select_for_update(of=("self",)).select_related("structure__parent", "asked_by")
    joining = rows.get(pk=joining.pk)
    joining.person = person
    return joining


def _settle(joining: Joining, state: str, act: Act, *, by) -> Joining:
    """Whoever asked is told what became of it."""
    joining.state, joining.settled_at = state, timezone.now()
    joining.save(update_fields=["state", "settled_at"])
    about = {"person": joining.person, "structure": joining.structure}
    facts = {"after": joining.structure, "note": f"Demandé par {joining.asked_by}."}
    entry = entry_of(None, act, by=by, parties=[Party.GESTIONNAIRES], **about, **facts)
    entry.save()
    tell_of(entry, [notice_to_account(entry, joining.asked_by, stage=act)])
    return joining
