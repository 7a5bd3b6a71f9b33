"""The lifecycle table, played whole: every verb, in every state, on every type, by everyone."""

from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from directory.models import SyncRun
from mailboxes import actions, lifecycle
from mailboxes.lifecycle import (
    BY_VERB,
    LIVE,
    OVER,
    REOPENS,
    TRANSITIONS,
    RequestKind,
    RequestStage,
    Role,
    State,
    Verb,
)
from mailboxes.models import SYSTEM, Bal, JournalEntry, Request
from mailboxes.rules import NotAllowed, Refused, check_move, refusal_of

pytestmark = pytest.mark.sqlite_run

ROLES = {
    "ORG": {
        "alice": {Role.PRINCIPAL, Role.COTITULAIRE},
        "bruno": {Role.COTITULAIRE},
        "delphine": {Role.DELEGATAIRE},
        "gisele": {Role.GESTIONNAIRE},
        "lea": set(),
        "eve": set(),
        "system": {Role.SYSTEM},
    },
    "PER": {"paul": {Role.TITULAIRE}, "gisele": {Role.GESTIONNAIRE}, "eve": set(), "system": {Role.SYSTEM}},
    "APP": {"gisele": {Role.GESTIONNAIRE, Role.RESPONSABLE}, "alice": set(), "system": {Role.SYSTEM}},
}
CASES = [(kind, name) for kind, names in ROLES.items() for name in names]


def actor(people, name):
    return SYSTEM if name == "system" else getattr(people, name).user


@pytest.fixture
def annuaire(db):
    """Loaded today, and empty: whatever is looked up there is absent."""
    SyncRun.objects.create(source="extraction", status=SyncRun.Status.APPLIED, generated_at=timezone.now())


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_roles(kind, name, request, people):
    bal = request.getfixturevalue(kind.lower())
    assert bal.roles_of(actor(people, name)) == ROLES[kind][name]


@contextmanager
def undone():
    """What happens inside did not happen: one cast serves every state."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(("kind", "name"), CASES)
@pytest.mark.parametrize("verb", Verb)
def test_every_verb_in_every_state_by_everyone(verb, kind, name, request, people, annuaire):
    """Where it is allowed, it is played; where it is not, the rule refuses it, and so does the action, tried once."""
    bal, by = request.getfixturevalue(kind.lower()), actor(people, name)
    may = bool(BY_VERB[verb].by & ROLES[kind][name])
    held = Bal.objects.with_holders().get(pk=bal.pk)
    left_to_the_rule = False
    for state in State:
        held.state = state
        is_drawn = may and state in BY_VERB[verb].before
        if is_drawn or not left_to_the_rule:
            with undone():
                Bal.objects.filter(pk=bal.pk).update(state=state, clock_at=timezone.now())
                if is_drawn and not refused_by_a_rule(verb, state, kind, name):
                    assert_moves(bal, verb, state, by=by)
                else:
                    assert_refused(lambda: actions.move(bal, verb, by=by, attested=True, note="Motif"), state, may)
                    bal.refresh_from_db()
                    assert bal.state == state
                    assert not bal.journal.exists()
                    left_to_the_rule = not is_drawn
        else:
            assert_refused(lambda: check_move(held, verb, by=by), state, may)


# What each move does, drawn: whence, whither, who is told, what the operator is then asked; and what becomes of what
# was asked before.
MOVES, SETTLED = (
    dict(line.split(": ") for line in Path(__file__).with_name(name).read_text().splitlines())
    for name in ("moves.txt", "settled.txt")
)
ANSWERED = {Verb.RETRACT_OPENING: RequestKind.OPEN, Verb.RETRACT_DELETION: RequestKind.DELETE}


@pytest.mark.parametrize("verb", Verb)
def test_each_move_does_what_is_drawn(verb, org, app, people, annuaire):
    """By the action alone: nothing is read in the table."""
    if verb in ANSWERED:
        entry = JournalEntry.objects.create(bal=org, what="x")
        facts = {"structure": org.structure, "operator": org.operator, "entry": entry, "closed_at": timezone.now()}
        Request.objects.create(bal=org, kind=ANSWERED[verb], stage=RequestStage.DONE, **facts)
    found = [seen for state in State for bal in (org, app) if (seen := seen_of(bal, verb, state, people))]
    befores, afters, told, asked = (" ".join(sorted(set().union(*each))) for each in zip(*found, strict=True))
    seen = f"{befores} -> {afters}{told and f'; tells {told}'}{asked and f'; asks {asked}'}"
    assert seen == MOVES[verb]


@pytest.mark.parametrize("verb", Verb)
def test_each_move_settles_what_is_drawn(verb, org, app, people, annuaire):
    befores = MOVES[verb].partition(" -> ")[0].split()
    found = [settled_by(bal, verb, state, people) for state in befores for bal in (org, app)]
    assert "; ".join(sorted(set().union(*found))) == SETTLED.get(verb, "")


def settled_by(bal, verb, state, people):
    """By the first of these who may: of requests of all kinds, once sent and once done, what becomes of each."""
    settled = set()
    for stage, by in product((RequestStage.SENT, RequestStage.DONE), (SYSTEM, people.gisele.user, people.alice.user)):
        with undone(), suppress(Refused):
            Bal.objects.filter(pk=bal.pk).update(state=state, clock_at=timezone.now())
            entry = JournalEntry.objects.create(bal=bal, what="x")
            facts = {"structure": bal.structure, "operator": bal.operator, "entry": entry, "stage": stage}
            asked = Request.objects.bulk_create(Request(bal=bal, kind=kind, **facts) for kind in RequestKind)
            actions.move(Bal.objects.get(pk=bal.pk), verb, by=by, attested=True, note="Motif")
            after = dict(Request.objects.values_list("pk", "stage"))
            settled |= {f"{one.kind} {stage} -> {after[one.pk]}" for one in asked if after[one.pk] != stage}
    return settled


def seen_of(bal, verb, state, people):
    """By the first of these who may: before, after, the parties told, the requests that await the operator."""
    for by in (SYSTEM, people.gisele.user, people.alice.user):
        with undone(), suppress(Refused):
            Bal.objects.filter(pk=bal.pk).update(state=state, clock_at=timezone.now())
            moved = actions.move(Bal.objects.get(pk=bal.pk), verb, by=by, attested=True, note="Motif")
            told = set(bal.journal.latest("pk").notices.values_list("party", flat=True))
            return {state}, {moved.state}, told, set(bal.requests.awaited().values_list("kind", flat=True))
    return None


def refused_by_a_rule(verb, state, kind, name):
    """Beyond the table: of an APP neither idleness nor absence is concluded; a published BAL is depublished first; what
    the operator never answered cannot be taken back."""
    if verb in REOPENS:
        return True
    if verb == Verb.ALERT_IDLE:
        return kind == "APP"
    if verb == Verb.REQUEST_DELETION:
        return kind != "APP" and state != State.DEPUBLISHED
    if verb == Verb.CANCEL_DELETION:
        return kind == "APP"  # never depublished: it cannot go back there
    return verb in (Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION) and kind == "APP" and name == "system"


def assert_moves(bal, verb, state, *, by):
    line = BY_VERB[verb]
    assert actions.move(bal, verb, by=by, attested=True, note="Motif").state == line.after
    bal.refresh_from_db()
    entry = bal.journal.get()
    assert (bal.state, entry.what, entry.before, entry.after) == (line.after, verb, state, line.after)
    assert (entry.told_at is None) == bool(line.tells)


def assert_refused(do, state, may):
    with pytest.raises(Refused) as refusal:
        do()
    assert isinstance(refusal.value, NotAllowed) == (not may), (state, refusal.value)


def test_a_refusal_names_who_may_and_the_automate_where_it_alone_may(per, people):
    said = {verb: refusal_of(check_move, per, verb, by=people.eve.user) for verb in Verb}
    assert "gestionnaire" in said[Verb.VERIFY_DEPUBLICATION]
    assert Role.SYSTEM.label not in said[Verb.VERIFY_DEPUBLICATION]
    assert Role.SYSTEM.label in said[Verb.DEPUBLISH_IDLE]


def test_every_verb_has_one_line():
    assert len(TRANSITIONS) == len(BY_VERB)
    assert set(BY_VERB) == set(Verb)


def test_every_state_can_be_reached_and_only_an_address_given_up_is_final():
    assert {line.after for line in TRANSITIONS} | {State.REQUESTED} == set(State)
    left = {state for line in TRANSITIONS for state in line.before}
    assert set(State) - left == OVER - {State.DELETED}  # an address may live again
    assert set(State) == LIVE | OVER


def test_a_departed_holder_leaves_their_per_to_the_structure(per, people):
    people.paul.affiliations.update(left_on=timezone.localdate())
    assert per.roles_of(people.gisele.user) == {Role.GESTIONNAIRE, Role.RESPONSABLE}
    assert Bal.objects.with_holders().get(pk=per.pk).roles_of(people.gisele.user) == {
        Role.GESTIONNAIRE,
        Role.RESPONSABLE,
    }


def test_deletion_without_attestation_is_refused(per, people):
    Bal.objects.update(state=State.DEPUBLISHED)
    with pytest.raises(Refused, match="Attestez d’abord"):
        actions.move(per, Verb.REQUEST_DELETION, by=people.paul.user)


def test_an_opposition_starts_the_year_anew(per, people):
    Bal.objects.update(state=State.DELETION_REQUESTED, clock_at=None)
    bal = actions.move(per, Verb.OPPOSE, by=people.paul.user)
    bal.refresh_from_db()
    assert bal.clock_at == bal.state_since


def test_a_gestionnaire_of_the_parent_manages_what_is_below(per, people, structure):
    user = people.eve.user
    user.memberships.create(structure=structure.parent, role="gestionnaire")
    user = type(user).objects.get(pk=user.pk)
    assert per.roles_of(user) == {Role.GESTIONNAIRE}
    assert per in Bal.objects.visible_to(user)


SETS = """
    state                   | OPENED PAID IN_SERVICE STOPPABLE TO_BE_LEFT ENDING WITHDRAWN SEEN_GONE UNFIT_TO_PREFER
    requested               | -      -    -          -         -          -      -         -        -
    active                  | x      x    x          -         -          -      -         -        -
    idle_alerted            | x      x    x          x         -          -      -         -        x
    depublication_requested | x      x    -          x         x          x      -         -        x
    depublished             | x      x    -          x         x          x      x         x        x
    deletion_requested      | x      x    -          x         x          x      x         -        x
    deletion_confirmed      | x      -    -          -         x          -      -         -        x
    deleted                 | -      -    -          -         -          -      -         x        x
    abandoned               | -      -    -          -         -          -      -         -        x
"""


def test_each_state_answers_each_question_so():
    head, *lines = (line.replace("|", "").split() for line in SETS.strip().splitlines())
    for state, *answers in lines:
        told = {name: "x" if State(state) in getattr(lifecycle, name) else "-" for name in head[1:]}
        assert told == dict(zip(head[1:], answers, strict=True)), state
    assert {state for state, *_ in lines} == set(State)


def test_a_departure_s_file_asks_for_what_is_left_to_ask():
    left = set(State) - lifecycle.BEYOND_DEPUBLICATION
    assert left == {State.REQUESTED, State.ACTIVE, State.IDLE_ALERTED, State.DEPUBLICATION_REQUESTED}
    assert set(State) - lifecycle.BEYOND_DELETION == left | {State.DEPUBLISHED}


def test_only_a_word_of_the_operator_moves_what_is_asked_to_open_or_to_be_deleted():
    awaits = lifecycle.AWAITS_A_WORD
    assert awaits == {State.REQUESTED, State.DELETION_REQUESTED}


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        (Verb.REQUEST_DELETION, "Seront prévenus\u00a0: titulaires, opérateur MSSanté."),
        (Verb.NEVER_EXISTED, "Seront prévenus\u00a0: titulaires."),
        (Verb.OPERATOR_DELETED, "Seront prévenus\u00a0: titulaires, gestionnaires de la structure, délégataires."),
    ],
)
def test_the_page_of_a_move_says_beforehand_who_hears_of_it(client, org, people, verb, told):
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLISHED)
    client.force_login((people.alice if verb == Verb.REQUEST_DELETION else people.gisele).user)
    assert told in client.get(reverse("bal-verb", args=[org.pk, verb])).text
