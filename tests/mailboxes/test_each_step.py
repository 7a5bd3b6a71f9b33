"""Each step of an arrival and of a departure: who settles it, how, and what the register sees by itself."""

import pytest
from django.db import transaction
from django.utils import timezone

from directory.models import Activity, SyncRun
from mailboxes import actions
from mailboxes.lifecycle import State
from mailboxes.models import Delegataire, Movement
from mailboxes.models.checklists import file_of
from mailboxes.rules import NotAllowed, Refused

pytestmark = pytest.mark.django_db

ARRIVAL, DEPARTURE = Movement.Kind.ARRIVAL, Movement.Kind.DEPARTURE
# Where nothing is done yet: who may settle it ("person": they, and a gestionnaire), and whether by ticking it, where
# the register sees nothing of it, or by setting it aside.
DRAWN = """
    arrival   rpps        gestionnaire        aside
    arrival   situation   gestionnaire ticked aside
    arrival   card        gestionnaire        aside
    arrival   per         gestionnaire        aside
    arrival   access      gestionnaire ticked aside
    arrival   delegations person       ticked aside
    arrival   information person       ticked aside
    departure principal   gestionnaire
    departure shared      gestionnaire
    departure given       gestionnaire
    departure received    gestionnaire
    departure auto_reply  person       ticked aside
    departure depublished gestionnaire        aside
    departure deletion    gestionnaire        aside
    departure activity    gestionnaire        aside
    departure end         gestionnaire
    departure operator    gestionnaire        aside
"""
ROWS = [line.split() for line in DRAWN.strip().splitlines()]
ASKED_OF_A_PERSON = {ARRIVAL: {"access", "delegations", "information"}, DEPARTURE: set()}


def open_file(person, kind, by):
    stay = person.affiliations.get()
    return actions.open_movement(stay, kind, planned_on=timezone.localdate(), by=by)


def practises(person):
    at = timezone.now()
    SyncRun.objects.create(source="activities", status="applied", generated_at=at)
    Activity.objects.create(
        source="activities", national_id=f"8{person.rpps}", ordinal=1, finess_site="010000002", structure_name="CHU",
        family_name="Exemple", given_name=person.given_name, first_seen_at=at, changed_at=at,
    )  # fmt: skip


@pytest.fixture
def nothing_done(people, org, per, make_bal):
    """By kind, somebody who just came; and somebody who holds, lends, was lent, and practises."""
    make_bal("PER", people.alice)
    Delegataire.objects.create(bal=per, person=people.alice, under=people.paul, reason="Remplacement")
    practises(people.alice)
    return {ARRIVAL: people.delphine, DEPARTURE: people.alice}


def ways(file, name, by) -> set[str]:
    """How `by` may settle it; nothing is kept."""
    found = set()
    for outcome, said in {"done": "ticked", "not_applicable": "aside"}.items():
        with transaction.atomic():
            try:
                actions.settle_step(file, name, outcome, by=by, note="Vu avec le cadre.")
                found.add(said)
            except NotAllowed:
                found.add("forbidden")
            except Refused:
                pass
            transaction.set_rollback(True)
    return found


def test_each_step_is_drawn(people, nothing_done):
    for kind, person in nothing_done.items():
        lines = file_of(open_file(person, kind, people.gisele.user)).lines
        assert [line.task.name for line in lines] == [name for of, name, *_ in ROWS if of == kind]
        assert not [line.task.name for line in lines if line.is_settled]


@pytest.mark.parametrize(
    ("kind", "name", "by", "said"), [(kind, name, by, set(said)) for kind, name, by, *said in ROWS]
)
def test_who_settles_it_and_how(kind, name, by, said, people, nothing_done):
    person = nothing_done[kind]
    file = open_file(person, kind, people.gisele.user)
    assert ways(file, name, people.gisele.user) == said
    assert ways(file, name, person.user) == (said if by == "person" else {"forbidden"})


@pytest.mark.parametrize("kind", [ARRIVAL, DEPARTURE])
def test_what_the_register_sees_by_itself(kind, people, make_bal):
    person = people.paul if kind == ARRIVAL else people.delphine
    if kind == ARRIVAL:
        make_bal("PER", person, state=State.ACTIVE)
        practises(person)
    file = open_file(person, kind, people.gisele.user)
    if kind == DEPARTURE:
        actions.record_departure(person.affiliations.get(), timezone.localdate(), by=people.gisele.user)
    unseen = {line.task.name for line in file_of(file).lines if not line.is_seen}
    assert unseen == ASKED_OF_A_PERSON[kind]
