"""The boxes of the person who is logged in, and what each awaits of them."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.shortcuts import render
from django.utils import timezone

from directory.dates import day_of
from mailboxes.gaps.choices import choices_of, own_places
from mailboxes.lifecycle import LIVE, STOPPABLE, Act, Role, Verb
from mailboxes.models import Bal, Delegataire, JournalEntry, Preference
from mailboxes.rules import (
    allows,
    check_ask_extension,
    check_declare_use,
    check_make_known,
    check_move,
    check_ranks_known,
    check_request_somewhere,
)
from mailboxes.views.claims import addresses_of
from mailboxes.views.contacts import pending_of
from mailboxes.views.space import is_filling

ENDED_SHOWN = timedelta(days=30)


def my_bals(request):
    user = request.user
    bals = Bal.objects.live().mine(user).with_holders().order_by("address")
    held = [facts_of(bal, user) for bal in bals if any(c.person.is_actor(user) for c in bal.cotitulaires.all())]
    held.sort(key=lambda facts: not facts["awaits"])
    lent = Delegataire.objects.current().filter(person__user_id=user.pk).filter(bal__state__in=LIVE)
    person = getattr(user, "person", None)
    questions = person.campaign_targets.put_to(person).unanswered().count() if person else 0
    listed = addresses_of(person) if person and person.rpps else []
    return render(
        request,
        "mailboxes/my_bals.html",
        {
            "held": held,
            "listed": listed,
            "awaited": sum(row["awaits"] for row in listed),
            "lent": lent_facts(lent.select_related("bal__structure", "bal__operator", "person", "under"), user),
            "ended": ended_lately(user),
            "person": person,
            "questions": questions,
            **pending_of(person, user),
            "joinings": [row for row in _joinings(person) if row.is_open],
            "may_request": allows(check_request_somewhere, by=user),
            "situations": person.situations() if person and person.rpps else [],
            **preferences_of(person),
        },
    )


def _joinings(person):
    return person.joinings.open().select_related("person", "structure", "asked_by") if person else []


def lent_facts(delegations, user) -> list[dict]:
    """What was lent to the person, what state it is in, and whether they may ask for longer; two queries more."""
    rows = list(delegations.order_by("bal__address"))
    bals = Bal.objects.with_holders().in_bulk([row.bal_id for row in rows])
    lines = JournalEntry.objects.filter(bal__in=bals, person__in={row.person_id for row in rows})
    asked = set(lines.filter(what=Act.ASK_EXTENSION).values_list("bal", "person", "before"))
    for row in rows:
        row.bal = bals[row.bal_id]
    return [
        {
            "row": row,
            "bal": row.bal,
            "is_filling": is_filling(row.bal),
            "is_asked": (row.bal_id, row.person_id, day_of(row.ends_on)) in asked,
            "askable": allows(check_ask_extension, row, False, by=user),
            "is_soon": row.ends_on is not None and row.ends_on <= timezone.localdate() + ENDED_SHOWN,
        }
        for row in rows
    ]


def ended_lately(user):
    """What the person lost lately; a delegation that another professional took over goes on, and is not shown."""
    ended = Delegataire.objects.filter(person__user_id=user.pk, ended_at__gte=timezone.now() - ENDED_SHOWN)
    going_on = Delegataire.objects.standing().filter(bal=OuterRef("bal"), person=OuterRef("person"))
    return ended.filter(~Exists(going_on)).select_related("bal", "under").order_by("-ended_at")


def preferences_of(person) -> dict:
    """Places where the person practises, the BAL they prefer there, and those they may choose."""
    if not person or not person.rpps:
        return {}
    return {
        "places": own_places(person),
        "choices": choices_of(person),
        "purposes": [choice for choice in Preference.Purpose.choices if choice[0]],
        "ranks_known": allows(check_ranks_known),
    }


def facts_of(bal: Bal, user) -> dict:
    may_declare = allows(check_declare_use, bal, by=user)
    is_leaving = bal.state in STOPPABLE
    is_unknown = bal.is_of_unknown_use
    return {
        "bal": bal,
        "role": role_said(bal.roles_of(user)),
        "is_leaving": is_leaving,
        "is_unknown": is_unknown,
        "awaits": may_declare and (is_leaving or is_unknown),
        "may_declare": may_declare,
        "may_leave": allows(check_move, bal, Verb.REQUEST_DEPUBLICATION, by=user),
        "is_filling": is_filling(bal),
        "may_make_known": allows(check_make_known, bal, by=user),
    }


# What one is of one's own BAL, the fullest alone: a principal is a cotitulaire besides.
MINE = {
    Role.TITULAIRE: "titulaire de cette BAL",
    Role.PRINCIPAL: "le cotitulaire principal",
    Role.COTITULAIRE: "cotitulaire",
    Role.DELEGATAIRE: "délégataire",
    Role.GESTIONNAIRE: "gestionnaire de la structure",
}


def role_said(roles) -> str:
    return next((said for role, said in MINE.items() if role in roles), "")
