"""What becomes of a request: each step, by everyone, from every stage; and what the operator hears."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from directory.models import Entry, SyncRun
from directory.typography import quoted
from mailboxes import actions, jobs
from mailboxes.lifecycle import AT_STAGE, BY_HAND, STEPS, WHO_MAY, Act, RequestKind, RequestStage, Role, State, Verb
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Request
from mailboxes.notices.telling import path_of, tell
from mailboxes.rules import NotAllowed, Refused, check_stage

pytestmark = pytest.mark.sqlite_run

KINDS, STAGES = RequestKind, RequestStage
ROLES = {
    "alice": {Role.PRINCIPAL},
    "bruno": {Role.COTITULAIRE},
    "delphine": {Role.DELEGATAIRE},
    "gisele": {Role.GESTIONNAIRE},
    "lea": set(),
    "eve": set(),
    "system": {Role.SYSTEM},
}


def actor(people, name):
    return SYSTEM if name == "system" else getattr(people, name).user


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def annuaire(db):
    """`annuaire(address, …)`: a fresh picture of tomorrow morning that shows these."""

    def load(*addresses, at=None):
        at = at or timezone.now() + timedelta(hours=1)
        SyncRun.objects.create(source="extraction", status=SyncRun.Status.APPLIED, generated_at=at)
        for address in addresses:
            Entry.objects.create(source="extraction", kind="ORG", address=address, first_seen_at=at, changed_at=at)

    return load


@pytest.fixture
def change(org, people):
    return actions.open_request(org, KINDS.CHANGE, by=people.gisele.user, detail="2 Go de plus")


def told(entry=None):
    """Deliver what waits; the letters that left."""
    mail.outbox.clear()
    tell(list(JournalEntry.objects.filter(told_at=None).values_list("pk", flat=True)))
    return [sent for sent in mail.outbox if sent.to == ["demandes@op.invalid"]]


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("act", STEPS)
def test_every_step_from_every_stage_by_everyone(act, name, change, people, annuaire):
    may = bool(WHO_MAY[act] & ROLES[name])
    past = timezone.localdate() - timedelta(days=20)
    for stage in STAGES:
        with undone():
            Request.objects.update(
                stage=stage,
                due_on=past,
                reminded_at=timezone.now() - timedelta(days=9) if act.startswith("esc") else None,
            )
            by = actor(people, name)
            if may and stage in STEPS[act].before and not (act == Act.VERIFY_REQUEST and name == "system"):
                done = actions.step(change, act, by=by, answer="Dit au téléphone.")
                change.refresh_from_db()
                assert change.stage == STEPS[act].after
                assert (done.pk != change.pk) == (act == Act.ASK_AGAIN)
            else:
                with pytest.raises(Refused) as refusal:
                    actions.step(change, act, by=by, answer="Dit au téléphone.")
                assert isinstance(refusal.value, NotAllowed) == (not may)
                change.refresh_from_db()
                assert change.stage == stage


@pytest.mark.parametrize(
    ("kind", "state", "act", "after", "stage"),
    [
        (KINDS.OPEN, State.REQUESTED, Act.RECORD_DONE, State.ACTIVE, STAGES.DONE),
        (KINDS.OPEN, State.REQUESTED, Act.RECORD_REFUSAL, State.REQUESTED, STAGES.REFUSED),
        (KINDS.OPEN, State.REQUESTED, Act.CANCEL_REQUEST, State.ABANDONED, STAGES.CANCELLED),
        (KINDS.DEPUBLISH, State.DEPUBLICATION_REQUESTED, Act.RECORD_DONE, State.DEPUBLICATION_REQUESTED, STAGES.DONE),
        (KINDS.DEPUBLISH, State.DEPUBLICATION_REQUESTED, Act.VERIFY_REQUEST, State.DEPUBLISHED, STAGES.VERIFIED),
        (KINDS.DEPUBLISH, State.DEPUBLICATION_REQUESTED, Act.CANCEL_REQUEST, State.ACTIVE, STAGES.CANCELLED),
        (KINDS.DELETE, State.DELETION_REQUESTED, Act.RECORD_DONE, State.DELETION_CONFIRMED, STAGES.DONE),
        (KINDS.DELETE, State.DELETION_CONFIRMED, Act.VERIFY_REQUEST, State.DELETED, STAGES.VERIFIED),
        (KINDS.DELETE, State.DELETION_REQUESTED, Act.RECORD_REFUSAL, State.DELETION_REQUESTED, STAGES.REFUSED),
    ],
)
def test_what_the_operator_answers_moves_the_bal_that_awaits_it(
    kind, state, act, after, stage, org, people, annuaire, make_request
):
    annuaire()
    request = make_request(org, kind, state)
    actions.step(request, act, by=people.gisele.user, answer="Dit au téléphone.")
    org.refresh_from_db()
    request.refresh_from_db()
    assert (org.state, request.stage) == (after, stage)


@pytest.fixture
def make_request(people):
    def make(bal, kind, state):
        Bal.objects.filter(pk=bal.pk).update(state=state)
        entry = JournalEntry.objects.create(bal=bal, what="x")
        return Request.objects.create(
            structure=bal.structure, operator=bal.operator, bal=bal, address=bal.address, kind=kind, entry=entry,
            stage=STAGES.SENT, sent_at=timezone.now(), due_on=timezone.localdate() + timedelta(days=15),
        )  # fmt: skip

    return make


def test_a_gestionnaire_does_not_cancel_the_deletion_that_a_holder_asked_for(org, people, make_request):
    request = make_request(org, KINDS.DELETE, State.DELETION_REQUESTED)
    with pytest.raises(NotAllowed):
        actions.step(request, Act.CANCEL_REQUEST, by=people.gisele.user)
    actions.step(request, Act.CANCEL_REQUEST, by=people.alice.user)
    org.refresh_from_db()
    assert org.state == State.DEPUBLISHED


def test_an_app_whose_deletion_is_cancelled_was_never_depublished_and_goes_back_to_life(app, people, make_request):
    request = make_request(app, KINDS.DELETE, State.DELETION_REQUESTED)
    actions.step(request, Act.CANCEL_REQUEST, by=people.gisele.user)
    app.refresh_from_db()
    assert app.state == State.ACTIVE


def test_a_deletion_not_yet_confirmed_is_not_said_to_be_seen(org, people, annuaire, make_request):
    annuaire()
    request = make_request(org, KINDS.DELETE, State.DELETION_REQUESTED)
    with pytest.raises(Refused, match="impossible : sa suppression est déjà demandée"):
        actions.step(request, Act.VERIFY_REQUEST, by=people.gisele.user)


@pytest.mark.parametrize("stage", STAGES)
def test_what_cannot_be_done_at_a_stage_says_what_comes_next(change, people, stage):
    Request.objects.filter(pk=change.pk).update(stage=stage)
    change.refresh_from_db()
    act = next(act for act in BY_HAND if stage not in STEPS[act].before)
    with pytest.raises(Refused) as refusal:
        check_stage(change, act, by=people.gisele.user)
    assert refusal.value.messages == [f"{quoted(act.label)} est impossible : {AT_STAGE[stage]}."]


def test_a_refusal_says_why(change, people):
    with pytest.raises(Refused, match="pourquoi"):
        actions.step(change, Act.RECORD_REFUSAL, by=people.gisele.user, answer="  ")


def test_a_refused_opening_is_asked_again_or_abandoned(org, people, make_request):
    request = make_request(org, KINDS.OPEN, State.REQUESTED)
    actions.step(request, Act.RECORD_REFUSAL, by=people.gisele.user, answer="Domaine plein.")
    again = actions.step(request, Act.ASK_AGAIN, by=people.gisele.user)
    assert (again.kind, again.stage) == (KINDS.OPEN, STAGES.DRAFT)
    with pytest.raises(Refused, match="déjà faite"):
        actions.step(request, Act.ASK_AGAIN, by=people.gisele.user)
    actions.move(org, Verb.ABANDON, by=people.gisele.user)
    with pytest.raises(Refused, match="plus lieu d’être"):
        actions.step(request, Act.ASK_AGAIN, by=people.gisele.user)


# --- What the operator hears ------------------------------------------------------------------------------------------
def test_an_idle_alert_opposed_tells_the_operator_nothing(per, people):
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert told() == []
    assert not Request.objects.exists()


def test_a_request_cancelled_before_it_left_makes_no_mail_and_its_own_leaves_no_more(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert told() == []
    assert per.requests.get().stage == STAGES.CANCELLED
    assert per.notices.get(party="operator").channel == Notice.Channel.WITHDRAWN


def test_a_request_that_left_is_cancelled_by_one_letter(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    assert len(told()) == 1
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    (letter,) = told()
    assert "Annulation" in letter.subject
    assert per.address in letter.body
    assert not per.requests.filter(kind=KINDS.PUBLISH).exists()


def test_a_request_that_may_be_leaving_at_this_moment_is_cancelled_by_a_letter(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    JournalEntry.objects.update(leased_until=timezone.now() + timedelta(minutes=5))
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    JournalEntry.objects.update(leased_until=None)
    (letter,) = told()
    assert "Annulation" in letter.subject


def test_a_letter_and_its_request_are_marked_together(per, people, monkeypatch):
    """Else a process that dies in between leaves a request that is a draft for ever, its letter gone."""
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    entry = per.requests.get().entry_id

    def die(self, now):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(Request.objects.all()), "mark_sent", die)
        with pytest.raises(KeyboardInterrupt):
            tell([entry])
    assert Notice.objects.get(entry=entry, party="operator").sent_at is None
    JournalEntry.objects.update(leased_until=None)
    tell([entry])
    assert Notice.objects.get(entry=entry, party="operator").sent_at
    assert per.requests.get().stage == STAGES.SENT


def test_a_request_that_the_mail_server_refused_never_left(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    JournalEntry.objects.update(leased_until=timezone.now() - timedelta(minutes=5))
    Notice.objects.filter(party="operator").update(attempts=1, error="refusé")
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert told() == []


@pytest.mark.parametrize("is_seen", [False, True])
def test_what_the_operator_has_already_withdrawn_they_are_asked_to_publish_again(per, people, annuaire, is_seen):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    told()
    if is_seen:
        annuaire()
        actions.move(per, Verb.VERIFY_DEPUBLICATION, by=SYSTEM)
    else:
        actions.step(per.requests.get(), Act.RECORD_DONE, by=people.gisele.user)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    (letter,) = told()
    assert "Publication" in letter.subject
    assert per.requests.get(kind=KINDS.PUBLISH).stage == STAGES.SENT


@pytest.mark.parametrize("verb", [Verb.OPPOSE, Verb.WAKE, Verb.CANCEL_DEPUBLICATION, Verb.RECONSIDER])
def test_whatever_calls_a_bal_back_asks_for_the_publication_that_was_withdrawn(per, people, verb):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    actions.step(per.requests.get(), Act.RECORD_DONE, by=people.gisele.user)
    actions.move(per, verb, by=SYSTEM if verb in (Verb.WAKE, Verb.RECONSIDER) else people.paul.user)
    assert [row.kind for row in per.requests.awaited()] == [KINDS.PUBLISH]


def test_a_depublication_of_an_earlier_life_is_not_undone_again(per, people, annuaire):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    annuaire()
    actions.move(per, Verb.VERIFY_DEPUBLICATION, by=SYSTEM)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert per.requests.filter(kind=KINDS.PUBLISH).count() == 1


def test_a_publication_asked_for_is_cancelled_by_a_new_depublication(per, people):
    actions.open_request(per, KINDS.PUBLISH, by=people.gisele.user)
    told()
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    assert sorted(letter.subject.split()[2] for letter in told()) == ["Annulation", "Retrait"]


def test_what_a_move_asks_is_not_asked_twice_by_the_letter_of_a_gap(per, people):
    actions.requests.ask(KINDS.DEPUBLISH, by=people.gisele.user, bal=per)
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    assert [letter.subject.split()[2] for letter in told()] == ["Retrait"]
    assert per.requests.filter(stage=STAGES.SENT).count() == 1


def test_a_request_marked_sent_by_hand_leaves_no_more_by_mail(change, people):
    actions.step(change, Act.MARK_SENT, by=people.gisele.user)
    change.refresh_from_db()
    assert change.stage == STAGES.SENT
    assert (change.due_on - timezone.localdate()).days == change.operator.answer_days
    assert told() == []
    assert change.letter.channel == Notice.Channel.HAND
    assert change.letter.sent_at


def test_an_operator_without_mail_has_their_letter_kept_for_the_hand(org, operator, people):
    operator.request_email = ""
    operator.save()
    request = actions.open_request(Bal.objects.get(), KINDS.CHANGE, by=people.gisele.user, detail="2 Go de plus")
    assert told() == []
    request.refresh_from_db()
    assert request.stage == STAGES.DRAFT
    assert "2 Go de plus" in request.letter.text
    actions.step(request, Act.MARK_SENT, by=people.gisele.user)
    assert Request.objects.get().stage == STAGES.SENT


# --- Seen in the annuaire ---------------------------------------------------------------------------------------------
def test_an_opening_seen_in_the_annuaire_needs_no_answer(org, make_request, annuaire):
    request = make_request(org, KINDS.OPEN, State.REQUESTED)
    annuaire(org.address)
    assert jobs.run("verify_requests").done == 1
    org.refresh_from_db()
    request.refresh_from_db()
    assert (org.state, request.stage) == (State.ACTIVE, STAGES.VERIFIED)
    assert jobs.run("verify_requests").done == 0


def test_an_opening_is_not_said_to_be_seen_before_it_is(org, people, make_request, annuaire):
    request = make_request(org, KINDS.OPEN, State.REQUESTED)
    annuaire()
    with pytest.raises(Refused, match="n’est pas encore à l’annuaire"):
        actions.step(request, Act.VERIFY_REQUEST, by=people.gisele.user)
    org.refresh_from_db()
    assert org.state == State.REQUESTED


def test_a_picture_older_than_the_request_proves_nothing(org, make_request, annuaire):
    make_request(org, KINDS.PUBLISH, State.ACTIVE)
    annuaire(org.address, at=timezone.now() - timedelta(hours=1))
    assert jobs.run("verify_requests").done == 0


@pytest.mark.parametrize(("age", "done"), [(2, 1), (4, 0)])
def test_a_stale_picture_proves_nothing(org, make_request, annuaire, age, done):
    request = make_request(org, KINDS.PUBLISH, State.ACTIVE)
    Request.objects.filter(pk=request.pk).update(sent_at=timezone.now() - timedelta(days=30))
    annuaire(org.address, at=timezone.now() - timedelta(days=age))
    assert jobs.run("verify_requests").done == done


def test_a_withdrawal_that_the_state_awaits_is_left_to_its_own_verb(org, make_request, annuaire):
    make_request(org, KINDS.DEPUBLISH, State.DEPUBLICATION_REQUESTED)
    annuaire()
    assert jobs.run("verify_requests").done == 0
    assert jobs.run("verify_absences").done == 1
    assert org.requests.get().stage == STAGES.VERIFIED


# --- Reminders --------------------------------------------------------------------------------------------------------
@pytest.fixture
def late(change):
    told()
    Request.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    return change


@pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 1)])
def test_the_operator_is_reminded_from_the_day_after_the_due_one(change, days, count):
    told()
    Request.objects.update(due_on=timezone.localdate() - timedelta(days=days))
    assert jobs.run("remind_operators").done == count
    assert len(told()) == count


def test_a_reminder_goes_once_whatever_runs_twice(late):
    jobs.run("remind_operators")
    jobs.run("remind_operators")
    assert len(told()) == 1
    Request.objects.update(reminded_at=None)  # as if the mark had been lost
    jobs.run("remind_operators")
    assert told() == []


@pytest.mark.parametrize(("days", "count"), [(6.9, 0), (7, 1)])
def test_the_gestionnaires_hear_of_it_when_the_reminder_was_in_vain(late, people, days, count):
    Request.objects.update(reminded_at=timezone.now() - timedelta(days=days))
    for _ in range(2):
        jobs.run("remind_operators")
    assert Notice.objects.filter(party="gestionnaires").count() == count
    tell(list(JournalEntry.objects.filter(told_at=None).values_list("pk", flat=True)))
    assert [sent.to for sent in mail.outbox if "gisele" in sent.to[0]] == [["gisele@exemple.invalid"]] * count
    assert not any("2 Go" in sent.body or "accueil@" in sent.body for sent in mail.outbox if "gisele" in sent.to[0])


def test_an_operator_without_mail_is_not_reminded_but_the_gestionnaires_are_told(late, operator):
    operator.request_email = ""
    operator.save()
    jobs.run("remind_operators")
    assert set(Notice.objects.exclude(stage="ask_operator-ask").values_list("party", flat=True)) == {"gestionnaires"}


def test_a_reminder_by_hand_begins_a_new_cycle(late, people):
    jobs.run("remind_operators")
    assert len(told()) == 1
    actions.step(late, Act.REMIND_OPERATOR, by=people.gisele.user)
    (letter,) = told()
    assert "Relance" in letter.subject
    late.refresh_from_db()
    assert (late.cycle, late.is_overdue) == (2, False)
    assert jobs.run("remind_operators").done == 0


def test_an_answered_request_is_never_reminded(late, people):
    actions.step(late, Act.RECORD_DONE, by=people.gisele.user)
    assert jobs.run("remind_operators").done == 0


# --- Gaps -------------------------------------------------------------------------------------------------------------
def test_what_is_asked_of_an_address_that_is_no_bal_follows_the_same_steps(structure, operator, people):
    asked = actions.requests.ask(
        KINDS.CHANGE, by=people.gisele.user, structure=structure, operator=operator, address="x@chu.mssante.fr"
    )
    assert len(told()) == 1
    Request.objects.update(due_on=timezone.localdate() - timedelta(days=30), reminded_at=timezone.now() - timedelta(9))
    jobs.run("remind_operators")
    notice = Notice.objects.get(party="gestionnaires")
    assert "x@chu.mssante.fr" in notice.text
    told()
    assert path_of(notice) == asked.get_absolute_url()
    with pytest.raises(NotAllowed):
        actions.step(asked, Act.RECORD_DONE, by=people.eve.user)
    actions.step(asked, Act.CANCEL_REQUEST, by=people.gisele.user)
    assert len(told()) == 1
