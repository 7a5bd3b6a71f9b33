"""The boxes of the person who is logged in, and what each awaits of them."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Prefetch
from django.shortcuts import render
from django.utils import timezone

from mailboxes import actions
from mailboxes.gaps.choices import choices_of, own_places
from mailboxes.lifecycle import LIVE, STOPPABLE, Role, State, Verb
from mailboxes.models import Bal, Delegataire, Movement, Notice, Preference, Request
from mailboxes.rules import (
    allows,
    check_ask_extension,
    check_declare_use,
    check_extend,
    check_make_known,
    check_move,
    check_ranks_known,
    check_request_somewhere,
)
from mailboxes.views.chain import asked_for
from mailboxes.views.claims import addresses_of
from mailboxes.views.contacts import pending_of
from mailboxes.views.space import is_filling

ENDED_SHOWN = timedelta(days=30)
TOLD_SHOWN = 5  # notices
# What its state means to who uses a BAL: what becomes of it, then of what is sent there.
MEANING: dict[str, tuple[str, str]] = {
    State.REQUESTED: ("Elle n’est pas encore ouverte.", "Son opérateur doit d’abord répondre."),
    State.IDLE_ALERTED: (
        "Personne ne s’y est connecté depuis longtemps.",
        "Si personne ne la garde, son retrait de l’annuaire sera demandé.",
    ),
    State.DEPUBLICATION_REQUESTED: (
        "Son retrait de l’annuaire est demandé.",
        "Ses correspondants ne l’y trouveront plus ; elle reçoit encore ce qui lui est adressé.",
    ),
    State.DEPUBLISHED: (
        "Elle n’est plus à l’annuaire.",
        "Elle reçoit encore ce qui lui est adressé. Enregistrez ailleurs ce qu’elle contient d’utile.",
    ),
    State.DELETION_REQUESTED: (
        "Sa suppression est demandée.",
        "Ce qu’elle contient, et ce qui lui sera adressé, sera perdu. Enregistrez ailleurs ce qui est utile.",
    ),
    State.DELETION_CONFIRMED: ("Son opérateur l’a supprimée.", "Ce qui lui est adressé est perdu."),
}


def my_bals(request):
    user = request.user
    bals = Bal.objects.live().mine(user).with_holders().with_publication().order_by("address")
    bals = bals.prefetch_related("aliases__operator")
    held = [facts_of(bal, user) for bal in bals if any(c.person.is_actor(user) for c in bal.cotitulaires.all())]
    held.sort(key=lambda facts: not facts["awaits"])
    received = Delegataire.objects.standing().filter(person__user_id=user.pk, bal__state__in=LIVE)
    around = ("bal__structure", "bal__operator", "person", "under")
    lent = list(received.select_related(*around).order_by("bal__address", "starts_on"))
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
            "lent": lent_facts([row for row in lent if row.is_current], user),
            "to_come": [row for row in lent if row.is_to_come],
            "departures": departures_of(person, [facts["bal"] for facts in held]),
            "wanted_longer": wanted_longer([facts["bal"] for facts in held], user),
            "notices": latest_notices(person),
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


def lent_facts(rows: list[Delegataire], user) -> list[dict]:
    """What was lent to the person, what state it is in, and whether they may ask for longer; a few queries more."""
    people = {row.person_id for row in rows}
    requests = Request.objects.filter(person__in=people).select_related("operator", "entry").order_by("-pk")
    bals = Bal.objects.with_holders().prefetch_related(Prefetch("requests", requests), "aliases__operator")
    bals = bals.in_bulk([row.bal_id for row in rows])
    asked = actions.asked_extensions(rows)
    for row in rows:
        row.bal = bals[row.bal_id]
    facts = [
        {
            "row": row,
            "bal": row.bal,
            "is_filling": is_filling(row.bal),
            "meaning": MEANING.get(row.bal.state),
            "asked": asked_for(row.bal, row.person_id),
            "is_asked": row.pk in asked,
            "askable": allows(check_ask_extension, row, False, by=user),
            "is_soon": row.ends_on is not None and row.ends_on <= timezone.localdate() + ENDED_SHOWN,
        }
        for row in rows
    ]
    return sorted(facts, key=lambda one: not one["is_soon"])  # those about to end come first


def wanted_longer(bals: list[Bal], user) -> list[dict]:
    """The accesses under one's responsibility that those who have them ask to keep, each with what they said."""
    given = [row for bal in bals for row in bal.current_delegations() if row.ends_on and row.under.is_actor(user)]
    asked = actions.asked_extensions(given)
    return [
        {"row": row, "line": asked[row.pk]} for row in given if row.pk in asked and allows(check_extend, row, by=user)
    ]


def departures_of(person, bals: list[Bal]) -> list[dict]:
    """Where they are about to leave, each with the shared BAL that nobody else answers for."""
    if person is None:
        return []
    files = Movement.objects.departures().filter(stay__person=person).select_related("stay__structure__parent")
    return [{"file": file, "bals": [bal for bal in bals if _depends_on(bal, file)]} for file in files]


def _depends_on(bal: Bal, file: Movement) -> bool:
    is_theirs = bal.is_shared and bal.principal() == file.stay.person
    return is_theirs and file.stay.structure.is_in_line_with(bal.structure)


def latest_notices(person) -> list[Notice]:
    """What they were told of late: the button of a mail leads here where its BAL may be seen no longer."""
    if person is None:
        return []
    told = person.notices.filter(created_at__gte=timezone.now() - ENDED_SHOWN)
    return list(told.exclude(channel=Notice.Channel.WITHDRAWN).select_related("bal")[:TOLD_SHOWN])


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
        "meaning": MEANING.get(bal.state),
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
