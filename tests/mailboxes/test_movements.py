"""Arrivals and departures: what blocks, what is seen, what is ticked; delegations that outlive nobody."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Activity, SyncRun
from mailboxes import actions, jobs
from mailboxes.actions.movements import cancel_movements
from mailboxes.findings import OF_MOVEMENTS, narrow
from mailboxes.lifecycle import Act, Role, State, Verb
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    JournalEntry,
    Movement,
    Notice,
    Request,
    Step,
    Structure,
    standing_of,
)
from mailboxes.models.checklists import STEPS, file_of, files
from mailboxes.notices.telling import path_of
from mailboxes.rules import NotAllowed, Refused
from mailboxes.views.remedies import remedies
from tests.mailboxes.conftest import make_professional

ARRIVAL, DEPARTURE = Movement.Kind.ARRIVAL, Movement.Kind.DEPARTURE


def today(days=0):
    return timezone.localdate() + timedelta(days=days)


def stay_of(person):
    return person.affiliations.get()


def leave(person, by, on=None):
    return actions.record_departure(stay_of(person), on or today(), by=by.user)


@pytest.fixture
def gisele(people):
    return people.gisele.user


@pytest.fixture
def open_file(gisele):
    def open_it(person, kind=DEPARTURE, planned_on=None):
        return actions.open_movement(stay_of(person), kind, planned_on=planned_on or today(), by=gisele)

    return open_it


# --- A departure is blocked -------------------------------------------------------------------------------------------
def test_a_principal_does_not_leave_before_handing_over(org, people):
    with pytest.raises(Refused, match=org.address) as refusal:
        leave(people.alice, people.gisele)
    assert refusal.value.code == "orphan"
    assert stay_of(people.alice).left_on is None
    actions.hand_over(org, people.bruno, by=people.alice.user)
    assert leave(people.alice, people.gisele).left_on == today()


def test_a_cotitulaire_leaves_but_not_the_last_one(org, people, make_bal):
    orphan = make_bal("ORG", people.bruno)
    orphan.cotitulaires.update(is_principal=False)
    with pytest.raises(Refused, match=orphan.address):
        leave(people.bruno, people.gisele)
    actions.name_principal(orphan, people.alice, by=people.gisele.user)
    leave(people.bruno, people.gisele)
    assert not org.cotitulaires.filter(person=people.bruno).exists()


@pytest.mark.parametrize(
    ("state", "blocks"),
    [
        (State.REQUESTED, True),
        (State.DELETION_REQUESTED, True),
        (State.DELETION_CONFIRMED, False),
        (State.DELETED, False),
        (State.ABANDONED, False),
    ],
)
def test_only_a_bal_that_still_needs_a_principal_blocks(org, people, state, blocks):
    Bal.objects.filter(pk=org.pk).update(state=state)
    assert bool(standing_of(stay_of(people.alice)).blocking) == blocks


def test_a_per_never_blocks(per, people):
    leave(people.paul, people.gisele)
    assert per.cotitulaires.get().person == people.paul, "it is paul's, and stays so"


def test_what_blocks_is_of_the_structure_its_parent_and_below_not_beside(people, make_bal, structure):
    below = Structure.objects.create(name="Site", parent=structure)
    beside = Structure.objects.create(name="EHPAD", parent=structure.parent)
    bals = {place.name: make_bal("ORG", people.alice, structure=place) for place in (structure.parent, below, beside)}
    blocking = {row.bal for row in standing_of(stay_of(people.alice)).blocking}
    assert blocking == {bals["Fondation"], bals["Site"]}


def test_what_one_keeps_by_another_stay_does_not_block(people, org, make_bal, structure):
    site = Structure.objects.create(name="Site", parent=structure)
    of_site = make_bal("ORG", people.bruno, structure=site)
    Affiliation.objects.create(person=people.bruno, structure=site)
    standing = standing_of(people.bruno.affiliations.get(structure=structure))
    assert [row.bal for row in standing.held] == [org]
    assert of_site.principal() == people.bruno


@pytest.mark.parametrize("name", ["alice", "lea", "eve"])
def test_only_a_gestionnaire_of_the_structure_records_a_departure(people, name):
    with pytest.raises(NotAllowed):
        leave(people.paul, getattr(people, name))


def test_a_departure_is_recorded_once_and_not_before_the_arrival(people):
    stay = stay_of(people.paul)
    Affiliation.objects.filter(pk=stay.pk).update(arrived_on=today())
    with pytest.raises(Refused, match="précéder l’arrivée"):
        leave(people.paul, people.gisele, on=today(-1))
    with pytest.raises(Refused, match="dix ans"):
        leave(people.paul, people.gisele, on=today(4000))
    leave(people.paul, people.gisele)
    with pytest.raises(Refused, match="déjà enregistré"):
        leave(people.paul, people.gisele)


# --- It takes effect on its day ---------------------------------------------------------------------------------------
def test_a_planned_departure_changes_nothing_before_its_day(org, per, people, time_machine):
    for person in (people.paul, people.bruno, people.delphine):
        leave(person, people.gisele, on=today(10))
    assert per.roles_of(people.gisele.user) == {Role.GESTIONNAIRE}
    assert jobs.run("apply_departures").done == 0
    assert org.cotitulaires.filter(person=people.bruno).exists()
    time_machine.move_to(timezone.now() + timedelta(days=10))
    assert Bal.objects.get(pk=per.pk).roles_of(people.gisele.user) == {Role.GESTIONNAIRE, Role.RESPONSABLE}
    assert jobs.run("apply_departures").done == 3
    assert jobs.run("apply_departures").done == 0
    assert not org.cotitulaires.filter(person=people.bruno).exists()
    assert not org.delegataires.filter(ended_at=None).exists()


def test_on_the_day_delegations_given_and_received_end_and_the_two_concerned_are_told(org, people):
    actions.delegate(org, people.lea, under=people.bruno, reason="accueil", by=people.bruno.user)
    leave(people.bruno, people.gisele)
    ended = org.delegataires.get(person=people.lea)
    assert ended.ended_at
    assert org.delegataires.get(person=people.delphine).ended_at is None, "delphine stands under alice"
    told = set(Notice.objects.filter(stage="end_delegation").values_list("person__given_name", flat=True))
    assert told == {"Bruno", "Lea"}


def test_who_is_made_principal_after_their_departure_was_planned_is_refused(org, people):
    leave(people.bruno, people.gisele, on=today(5))
    with pytest.raises(Refused, match="désignez quelqu’un qui reste"):
        actions.transfer_principal(org, people.bruno, by=people.alice.user)
    with pytest.raises(Refused, match="désignez quelqu’un qui reste"):
        actions.add_cotitulaire(org, gone(org.structure), by=people.alice.user)


def gone(structure):
    person = make_professional(77)
    Affiliation.objects.create(person=person, structure=structure, left_on=today())
    return person


def test_a_departure_is_cancelled_and_nothing_comes_back_by_itself(org, people):
    stay = leave(people.bruno, people.gisele)
    actions.cancel_departure(stay, by=people.gisele.user)
    stay.refresh_from_db()
    assert (stay.left_on, stay.applied_at) == (None, None)
    assert not org.cotitulaires.filter(person=people.bruno).exists()
    with pytest.raises(Refused, match="Aucun départ"):
        actions.cancel_departure(stay, by=people.gisele.user)


def test_a_departure_is_not_cancelled_once_the_person_is_back(people):
    stay = leave(people.bruno, people.gisele)
    actions.welcome_person(people.bruno, stay.structure, by=people.gisele.user)
    with pytest.raises(Refused, match="déjà de retour"):
        actions.cancel_departure(stay, by=people.gisele.user)


# --- Orphans ----------------------------------------------------------------------------------------------------------
def orphans():
    return set(narrow(Bal.objects.all(), "sans-principal"))


def test_a_bal_whose_principal_left_all_the_same_is_an_orphan_and_is_repaired(org, people):
    assert orphans() == set()
    Affiliation.objects.filter(person=people.alice).update(left_on=today(-3))  # as before departures were recorded
    assert jobs.run("apply_departures").done == 1
    assert org.cotitulaires.filter(person=people.alice).exists(), "the principal stays until there is another"
    assert orphans() == {org}
    actions.name_principal(org, people.bruno, by=people.gisele.user)
    assert Bal.objects.get(pk=org.pk).principal() == people.bruno
    assert not org.cotitulaires.filter(person=people.alice).exists()
    assert not org.delegataires.filter(under=people.alice, ended_at=None).exists()
    assert orphans() == set()


def test_who_reads_alone_is_offered_no_principal_to_name(client, make_bal, people):
    url = reverse("bal-principal-name", args=[make_bal("ORG").pk])
    for reader, is_offered in ((people.gisele, True), (people.lea, False)):
        client.force_login(reader.user)
        page = client.get(reverse("movement-list")).text
        assert "BAL sans principal" in page
        assert (url in page) is is_offered


@pytest.mark.parametrize(("days", "may"), [(1, False), (0, True), (-1, True)])
def test_a_gestionnaire_names_a_successor_from_the_planned_day_on(org, people, open_file, days, may):
    open_file(people.alice, planned_on=today(days))
    if not may:
        with pytest.raises(Refused, match="lui seul"):
            actions.hand_over(org, people.bruno, by=people.gisele.user)
        return
    actions.hand_over(org, people.bruno, by=people.gisele.user)
    assert Bal.objects.get(pk=org.pk).principal() == people.bruno
    told = set(Notice.objects.filter(stage="name_principal").values_list("person__given_name", flat=True))
    assert told == {"Alice", "Bruno"}
    leave(people.alice, people.gisele)


def test_a_principal_on_their_way_out_is_not_named_again(org, people, open_file):
    open_file(people.alice)
    with pytest.raises(Refused, match="déjà le cotitulaire principal"):
        actions.name_principal(org, people.alice, by=people.gisele.user)


def test_the_principal_hands_over_to_one_who_was_not_cotitulaire(org, people):
    actions.hand_over(org, people.paul, by=people.alice.user)
    assert Bal.objects.get(pk=org.pk).principal() == people.paul


def test_a_cotitulaire_does_not_hand_over(org, people):
    with pytest.raises(NotAllowed):
        actions.hand_over(org, people.bruno, by=people.bruno.user)


def test_the_principal_is_asked_to_hand_over_once_a_day(org, people):
    entry = actions.ask_handover(stay_of(people.alice), by=people.gisele.user)
    assert entry.after == org.address
    with pytest.raises(Refused, match="déjà demandé aujourd’hui"):
        actions.ask_handover(stay_of(people.alice), by=people.gisele.user)
    assert Notice.objects.get(stage="ask_handover").person == people.alice
    with pytest.raises(Refused, match="ne dépend de"):
        actions.ask_handover(stay_of(people.paul), by=people.gisele.user)


def test_the_file_of_who_left_and_came_back_is_cancelled_and_the_departure_stands(client, people):
    by, stay = people.gisele.user, stay_of(people.lea)
    movement = actions.open_movement(stay, DEPARTURE, planned_on=today(), by=by)
    leave(people.lea, people.gisele)
    actions.welcome_person(people.lea, structure=stay.structure, by=by)
    assert actions.cancel_movement(movement, by=by).is_cancelled
    stay.refresh_from_db()
    assert stay.left_on == today()
    client.force_login(by)
    assert "à faire" not in client.get(movement.get_absolute_url()).text


def test_who_was_asked_to_hand_over_hears_that_they_stay(org, people):
    by = people.gisele.user
    for person in (people.alice, people.paul):
        actions.open_movement(stay_of(person), Movement.Kind.DEPARTURE, planned_on=today(30), by=by)
    actions.ask_handover(stay_of(people.alice), by=by)
    cancel_movements(Movement.objects.all(), by=by)
    told = Notice.objects.get(stage=Act.CANCEL_MOVEMENT)
    assert told.person == people.alice
    assert "n’est plus prévu" in told.text
    assert path_of(told) == reverse("my-bals")
    assert JournalEntry.objects.filter(what=Act.CANCEL_MOVEMENT).count() == 2


# --- Delegations ------------------------------------------------------------------------------------------------------
def test_another_cotitulaire_takes_a_delegation_over_as_it_was(org, people):
    former = org.delegataires.get()
    org.delegataires.update(can_send=True, ends_on=today(30))
    taken = actions.take_over_delegation(former, by=people.bruno.user)
    former.refresh_from_db()
    assert (taken.under, taken.person, taken.can_send, taken.ends_on) == (
        people.bruno,
        people.delphine,
        True,
        today(30),
    )
    assert former.ended_at
    assert former.under == people.alice, "under whom it stood stays readable"
    told = set(
        Notice.objects.filter(stage="take_over").exclude(person=None).values_list("person__given_name", flat=True)
    )
    assert told == {"Alice", "Delphine"}, "nobody is written about their own act"
    asked = Request.objects.get(person=people.delphine)
    assert (asked.kind, asked.bal, asked.entry.what) == ("grant", org, "take_over")
    assert "sous Bruno EXEMPLE" in asked.detail
    assert asked.detail.endswith("Cet accès était sous Alice EXEMPLE, RPPS 10000000017.")
    actions.hand_over(org, people.bruno, by=people.alice.user)
    leave(people.alice, people.gisele)
    assert org.delegataires.current().get() == taken


@pytest.mark.parametrize("name", ["alice", "delphine", "gisele", "eve"])
def test_only_another_cotitulaire_takes_over(org, people, name):
    with pytest.raises(Refused):
        actions.take_over_delegation(org.delegataires.get(), by=getattr(people, name).user)


def test_a_delegation_that_ended_is_not_taken_over_nor_one_that_they_gave_too(org, people):
    delegation = org.delegataires.get()
    actions.delegate(org, people.delphine, under=people.bruno, reason="accueil", by=people.bruno.user)
    with pytest.raises(Refused, match="déjà une délégation en cours"):
        actions.take_over_delegation(delegation, by=people.bruno.user)
    delegation.refresh_from_db()
    assert delegation.ended_at is None
    actions.end_delegation(delegation, by=people.alice.user)
    with pytest.raises(Refused, match="déjà terminée"):
        actions.take_over_delegation(delegation, by=people.bruno.user)


# --- The file ---------------------------------------------------------------------------------------------------------
def test_the_names_of_the_steps_tell_them_apart():
    keys = [(task.kind, task.name) for task in STEPS]
    assert len(set(keys)) == len(keys)
    assert {task.kind for task in STEPS} == set(Movement.Kind)


def state_of(movement):
    return {line.task.name: line.is_settled for line in file_of(movement).lines}


def test_an_arrival_sees_what_the_register_knows(people, open_file, make_bal, gisele):
    file = open_file(people.delphine, ARRIVAL)
    assert state_of(file) == dict.fromkeys(
        ["rpps", "situation", "card", "per", "access", "delegations", "information"], False
    )
    actions.describe_person(people.delphine, rpps="10000000090", has_cps=True, by=gisele)
    bal = make_bal("PER", people.delphine, state=State.REQUESTED)
    assert [name for name, done in state_of(file).items() if done] == ["rpps", "card"]
    actions.move(bal, Verb.ACTIVATE, by=gisele)
    assert state_of(file)["per"]


def work_at(structure, person, **facts):
    now = timezone.now()
    facts = {"source": "activities", "finess_site": structure.finess_et, "structure_name": "CHU", **facts}
    return Activity.objects.create(
        national_id=f"8{person.rpps}", first_seen_at=now, changed_at=now, ordinal=Activity.objects.count(), **facts
    )


def test_an_activity_is_closed_by_what_the_annuaire_shows_and_only_if_it_can_tell(people, open_file, structure, gisele):
    file = open_file(people.paul)

    def seen():
        return file_of(file).line("activity").seen

    assert seen() is None, "never loaded"
    SyncRun.objects.create(source="activities", status="applied", generated_at=timezone.now())
    assert seen() is None, "never shown there"
    work_at(structure, people.paul, finess_site="999999999", finess_ej=structure.parent.finess_ej)
    assert seen() is None, "elsewhere, in the same legal entity"
    activity = work_at(structure, people.paul)
    assert seen().is_done is False
    with pytest.raises(Refused, match="se constate"):
        actions.settle_step(file, "activity", "done", by=gisele)
    Activity.objects.filter(pk=activity.pk).update(withdrawn_at=timezone.now())
    assert seen().is_done is True
    SyncRun.objects.update(generated_at=timezone.now() - timedelta(days=90))
    assert seen() is None, "stale: a person says"
    actions.settle_step(file, "activity", "done", by=gisele, note="Vu dans RPPS+.")


def test_who_has_no_rpps_has_no_activity_to_close(people, open_file):
    assert file_of(open_file(people.delphine)).line("activity").is_seen


def test_a_departure_sees_the_per_leave_the_annuaire_then_its_deletion_asked(per, people, open_file, gisele):
    file = open_file(people.paul)
    for state, done in [
        (State.ACTIVE, set()),
        (State.DEPUBLICATION_REQUESTED, set()),
        (State.DEPUBLISHED, {"depublished"}),
        (State.DELETION_REQUESTED, {"depublished", "deletion"}),
        (State.DELETED, {"depublished", "deletion", "auto_reply"}),
    ]:
        Bal.objects.filter(pk=per.pk).update(state=state)
        found = state_of(file)
        assert {name for name in ("auto_reply", "depublished", "deletion") if found[name]} == done, state


def test_a_step_is_ticked_by_whom_when_and_unticked(people, open_file, gisele):
    file = open_file(people.delphine, ARRIVAL)
    step = actions.settle_step(file, "access", "done", by=gisele, note="BAL du service")
    assert (step.by, step.outcome, step.note) == (gisele, "done", "BAL du service")
    assert state_of(file)["access"]
    actions.reopen_step(file, "access", by=gisele)
    assert not state_of(file)["access"]
    said = list(JournalEntry.objects.filter(person=people.delphine).order_by("pk").values_list("what", flat=True))
    assert said == ["open_movement", "settle_step", "reopen_step"]


def test_a_step_set_aside_says_why_and_some_never_are(people, open_file, gisele):
    file = open_file(people.delphine, ARRIVAL)
    with pytest.raises(Refused, match="Dites pourquoi"):
        actions.settle_step(file, "rpps", "not_applicable", by=gisele)
    actions.settle_step(file, "rpps", "not_applicable", by=gisele, note="Secrétaire.")
    assert state_of(file)["rpps"]
    departure = open_file(people.alice)
    with pytest.raises(Refused, match="jamais sans objet"):
        actions.settle_step(departure, "end", "not_applicable", by=gisele, note="Non.")


def test_the_person_ticks_what_is_theirs_and_nothing_else(people, open_file, per):
    file = open_file(people.paul)
    actions.settle_step(file, "auto_reply", "done", by=people.paul.user)
    with pytest.raises(NotAllowed):
        actions.settle_step(file, "activity", "done", by=people.paul.user)
    with pytest.raises(NotAllowed):
        actions.settle_step(file, "auto_reply", "done", by=people.alice.user)
    with pytest.raises(NotAllowed):
        actions.settle_step(file, "auto_reply", "done", by=people.lea.user)


def test_what_the_register_sees_is_not_ticked(people, open_file, gisele):
    with pytest.raises(Refused, match="rien à cocher"):
        actions.settle_step(open_file(people.paul, ARRIVAL), "rpps", "done", by=gisele)


def test_a_file_closes_when_nothing_is_left_and_keeps_how_it_was(people, open_file, per, gisele):
    file = open_file(people.paul)
    with pytest.raises(Refused, match="Il reste à faire"):
        actions.close_movement(file, by=gisele)
    actions.settle_step(file, "auto_reply", "done", by=people.paul.user)
    actions.settle_step(file, "activity", "done", by=gisele)
    actions.settle_step(file, "depublished", "not_applicable", by=gisele, note="Il l’emporte.")
    actions.settle_step(file, "deletion", "not_applicable", by=gisele, note="Il l’emporte.")
    leave(people.paul, people.gisele)
    actions.close_movement(file, by=gisele)
    kept = file_of(Movement.objects.get(pk=file.pk))
    assert kept.is_complete
    assert kept.line("principal").row.outcome == Step.State.SEEN
    assert kept.line("end").row.note == f"Départ au {today():%d/%m/%Y}."
    with pytest.raises(Refused, match="clos"):
        actions.settle_step(file, "activity", "done", by=gisele)


def test_one_file_of_a_kind_at_a_time(people, open_file):
    first = open_file(people.paul)
    open_file(people.paul, ARRIVAL)
    with pytest.raises(Refused, match="déjà ouvert"):
        open_file(people.paul)
    actions.cancel_movement(first, by=people.gisele.user, note="Il reste.")
    open_file(people.paul)


def test_to_cancel_the_file_undoes_the_recorded_departure(people, open_file):
    file = open_file(people.paul)
    leave(people.paul, people.gisele, on=today(3))
    actions.cancel_movement(file, by=people.gisele.user, note="Il reste.")
    assert stay_of(people.paul).left_on is None


@pytest.mark.parametrize("name", ["paul", "lea", "eve"])
def test_only_a_gestionnaire_opens_closes_and_cancels(people, open_file, name):
    by = getattr(people, name).user
    file = open_file(people.paul)
    for act in (
        lambda: actions.open_movement(stay_of(people.alice), DEPARTURE, planned_on=today(), by=by),
        lambda: actions.close_movement(file, by=by),
        lambda: actions.cancel_movement(file, by=by),
        lambda: actions.cancel_departure(stay_of(people.paul), by=by),
        lambda: actions.ask_handover(stay_of(people.alice), by=by),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_files_cost_the_same_for_few_and_many(people, structure, make_bal, gisele, django_assert_max_num_queries):
    counts = []
    for count in (2, 15):
        for number in range(count):
            person = make_professional(1000 * count + number)
            stay = Affiliation.objects.create(person=person, structure=structure)
            make_bal("ORG", person, people.bruno)
            actions.open_movement(stay, DEPARTURE, planned_on=today(), by=gisele)
        rows = Movement.objects.filter(stay__person__rpps__startswith="2", kind=DEPARTURE)
        with django_assert_max_num_queries(12) as captured:
            assert [file.percent for file in files(rows)]
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- What the operator is to close ------------------------------------------------------------------------------------
def test_a_departure_is_not_complete_before_the_operator_closed_the_accesses(people, org, open_file):
    def step():
        return file_of(Movement.objects.get(pk=file.pk)).line("operator").seen

    file = open_file(people.bruno)
    assert step() == (False, f"Accès encore ouverts ici : {org.address}.")
    leave(people.bruno, people.gisele)
    asked = Request.objects.get(person=people.bruno, kind="withdraw")
    assert step() == (False, f"Demandée, sans réponse de l’opérateur : {org.address} (Opérateur régional).")
    actions.step(asked, Act.RECORD_DONE, by=people.gisele.user)
    assert step() == (True, "Aucune fermeture n’est attendue d’un opérateur.")


# --- Reminders --------------------------------------------------------------------------------------------------------
def due(name):
    found = next(finding for finding in OF_MOVEMENTS if finding.name == name)
    return found.movements(Movement.objects.all()).count()


def test_a_departure_is_late_the_day_after_and_an_arrival_is_prepared_before(people, open_file, settings):
    late, early = open_file(people.paul), open_file(people.alice, ARRIVAL)
    for days, is_late in [(0, 0), (-1, 1)]:
        Movement.objects.filter(pk=late.pk).update(planned_on=today(days))
        assert due("depart-en-retard") == is_late
    before = settings.ARRIVAL_PREPARED_BEFORE.days
    for days, is_near in [(before + 1, 0), (before, 1), (-30, 1)]:
        Movement.objects.filter(pk=early.pk).update(planned_on=today(days))
        assert due("arrivee-a-preparer") == is_near


def test_gestionnaires_are_reminded_when_the_day_has_come_and_then_every_week(
    people, open_file, time_machine, mailoutbox, django_capture_on_commit_callbacks
):
    start = timezone.now()
    open_file(people.paul, planned_on=today(2))
    told = []
    for days in range(12):
        time_machine.move_to(start + timedelta(days=days))
        with django_capture_on_commit_callbacks(execute=True):
            if jobs.run("remind_movements").done:
                told.append(days)
        assert jobs.run("remind_movements").done == 0, "twice a day is once"
    assert told == [2, 9]
    assert [mail.to for mail in mailoutbox] == [[people.gisele.user.email]] * 2
    assert f"/personnes/{people.paul.pk}/" in mailoutbox[0].body
    assert "Départ enregistré" in Notice.objects.filter(stage="remind_movement").first().text
    assert "Paul" not in mailoutbox[0].body, "an ordinary mail says nothing more"


def test_the_application_records_departures_too(people):
    """As an import would."""
    assert actions.record_departure(stay_of(people.paul), today(), by=SYSTEM).is_over


# --- What mends each step ---------------------------------------------------------------------------------------------
def offered(file, name, by):
    file = file_of(Movement.objects.get(pk=file.pk))
    return [(one.label, one.url) for one in remedies(file, file.line(name), by=by)]


def test_an_open_step_offers_what_mends_it(people, open_file, per, org, gisele):
    paul = open_file(people.paul)
    assert offered(paul, "depublished", gisele) == [
        ("Demander la dépublication", reverse("bal-depublish", args=[per.pk]))
    ]
    assert offered(paul, "deletion", gisele) == [], "it is published still"
    assert offered(paul, "auto_reply", gisele) == [(f"Ouvrir {per}", per.get_absolute_url())]
    assert offered(paul, "end", gisele) == [("Enregistrer le départ", reverse("departure-record", args=[paul.stay_id]))]
    alice = open_file(people.alice)
    assert offered(alice, "principal", gisele) == [
        ("Transmettre ses BAL", reverse("person-roles", args=[people.alice.pk]))
    ]
    assert offered(alice, "principal", people.alice.user) == offered(alice, "principal", gisele)
    for name in ("shared", "given"):
        assert offered(alice, name, gisele) == [(f"Ouvrir {org}", org.get_absolute_url())], name
    assert offered(open_file(people.delphine), "received", gisele) == [(f"Ouvrir {org}", org.get_absolute_url())]
    delphine = open_file(people.delphine, ARRIVAL)
    edit = reverse("person-edit", args=[people.delphine.pk])
    assert offered(delphine, "card", gisele) == [("Modifier sa fiche", edit)]
    assert offered(delphine, "per", gisele) == [("Demander une BAL", reverse("opening"))]


def test_what_is_done_ticked_or_not_ones_own_offers_nothing(people, open_file, per, gisele):
    file = open_file(people.paul)
    assert offered(file, "shared", gisele) == [], "seen done"
    for name in ("end", "principal"):
        assert offered(file, name, people.lea.user) == [], "a reader does neither"
    actions.settle_step(file, "auto_reply", "done", by=gisele)
    assert offered(file, "auto_reply", gisele) == []
    actions.cancel_movement(file, by=gisele)
    assert offered(file, "depublished", gisele) == []


def test_a_departed_persons_mailbox_is_to_be_deleted_once_depublished_and_requests_are_read(
    people, org, per, open_file, gisele
):
    file = open_file(people.paul)
    actions.record_departure(stay_of(people.paul), today(), by=gisele)
    Bal.objects.filter(pk=per.pk).update(state=State.DEPUBLISHED)
    asked = reverse("bal-verb", args=[per.pk, "request_deletion"])
    assert offered(file, "deletion", gisele) == [("Demander la suppression", asked)]
    assert offered(file, "end", gisele) == []
    bruno = open_file(people.bruno)
    actions.record_departure(stay_of(people.bruno), today(), by=gisele)
    request = Request.objects.get(person=people.bruno)
    read = reverse("request", args=[request.pk])
    assert offered(bruno, "operator", gisele) == [(f"Voir la demande n° {request.pk}", read)]


def test_the_remedies_are_buttons_of_the_page(visit, people, open_file, per):
    page = visit(people.gisele, "movement", open_file(people.paul).pk).text
    assert f'href="{reverse("bal-depublish", args=[per.pk])}"' in page
    assert "Annuler le dossier" in page
