"""BAL taken to another operator: prepared, asked for, switched, the old one closed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.findings import narrow
from mailboxes.lifecycle import Act, RequestKind, RequestStage, State, Verb
from mailboxes.models import SYSTEM, Alias, Bal, Domain, JournalEntry, Notice, Operator, Preference, Price, Request
from mailboxes.moves.actions import launch_migration, leave_migration, prepare_migration, undo_migration
from mailboxes.moves.forms import MigrationScopeForm
from mailboxes.moves.models import LONGEST_OVERLAP, MigratedBal, Migration, MigrationStep
from mailboxes.moves.reads import closable, to_end
from mailboxes.moves.rules import check_close_former, check_end, check_leave, check_switch, check_undo_migration
from mailboxes.moves.switching import close_formers, end_each, held_rows, switch_each
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.refused import refused_with

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def steps_of(migration):
    return {row.former_address: row.step for row in migration.rows.with_step()}


def new(address):
    return address.replace("chu-exemple", "nouveau")


# --- Prepared ---------------------------------------------------------------------------------------------------------
def test_prepared_nothing_moves_and_nobody_is_asked(prepare, per, org, company):
    migration = prepare(per, org)
    assert set(steps_of(migration).values()) == {MigrationStep.PREPARED}
    assert not Request.objects.exists()
    assert not Notice.objects.exists()
    coming = Alias.objects.get(bal=per)
    assert (coming.address, coming.operator, coming.nature) == (new(per.address), company, Alias.Nature.COMING)
    per.refresh_from_db()
    assert per.address == "paul.exemple@chu-exemple.mssante.fr"


@pytest.mark.sqlite_run
@pytest.mark.parametrize("state", State)
def test_the_page_of_a_bal_offers_to_migrate_it_as_the_rule_lets(prepare, per, people, visit, state):
    Bal.objects.filter(pk=per.pk).update(state=state)
    per.refresh_from_db()
    is_offered = reverse("migration-new", args=[per.structure_id]) in visit(people.gisele, "bal", per.pk).text
    if state == State.ACTIVE:
        assert is_offered
        assert prepare(per).rows.get().bal == per
    else:
        assert not is_offered
        with pytest.raises(Refused):
            prepare(per)


def test_a_bal_already_in_a_migration_gets_a_plain_sentence(prepare, per, org):
    first = prepare(per)
    known = f"déjà dans la migration n° {first.pk} vers Nouvel opérateur, préparée le {TODAY():%d/%m/%Y}"
    with pytest.raises(Refused, match=known):
        prepare(per, org, wanted={per.pk: "autre@nouveau.mssante.fr"})
    assert not MigratedBal.objects.filter(bal=org).exists(), "all or none"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("accueil@nouveau.mssante.fr", "est donnée deux fois"),
        ("x@ailleurs.mssante.fr", "n’est pas un domaine de"),
        ("pas une adresse", "n’est pas une adresse"),
        ("prise@nouveau.mssante.fr", "est déjà prise"),
    ],
)
def test_each_bad_address_is_told_with_its_bal(prepare, per, org, make_bal, company, address, why):
    make_bal("ORG", address="prise@nouveau.mssante.fr", operator=company)
    with pytest.raises(Refused, match=why):
        prepare(per, org, wanted={per.pk: address})
    assert not Alias.objects.exists()


def test_a_bal_stays_at_its_operator_s_under_another_address_alone(prepare, per, operator):
    with pytest.raises(Refused, match="déjà à cette adresse, chez cet opérateur"):
        prepare(per, operator=operator, wanted={per.pk: per.address})


def test_what_awaits_the_operator_or_is_leaving_does_not_move(prepare, per, org, by):
    actions.open_request(per, RequestKind.CHANGE, by=by, detail="Un détail.")
    with pytest.raises(Refused, match="attend une réponse d’Opérateur régional"):
        prepare(per)
    actions.move(org, "request_depublication", by=by)
    with pytest.raises(Refused, match="seule une BAL active"):
        prepare(org)


def test_it_is_for_a_day_to_come_and_overlaps_a_year_at_most(prepare, per):
    with pytest.raises(Refused, match="passée"):
        prepare(per, planned_on=TODAY() - timedelta(days=1))
    with pytest.raises(Refused, match="un an au plus"):
        prepare(per, overlap_days=LONGEST_OVERLAP + 1)
    assert prepare(per, planned_on=TODAY(), overlap_days=LONGEST_OVERLAP).pk


def test_only_a_gestionnaire_migrates(structure, company, per, people):
    for person in (people.lea, people.paul, people.eve):
        facts = {"structure": structure, "operator": company, "planned_on": TODAY()}
        with pytest.raises(NotAllowed):
            prepare_migration(Migration(**facts), {per.pk: new(per.address)}, by=person.user)


# --- Asked for, given up ----------------------------------------------------------------------------------------------
def test_launched_the_new_operator_is_asked_and_the_titulaires_are_told(prepare, org, by, people):
    migration = launch_migration(prepare(org), by=by)
    request = Request.objects.get()
    assert (request.kind, request.operator, request.address) == ("open", migration.operator, new(org.address))
    assert "Cotitulaire : Bruno EXEMPLE" in request.reason
    assert "Délégataire : Delphine EXEMPLE, sous Alice EXEMPLE" in request.reason
    assert "BAL ORG accueil@nouveau.mssante.fr" in request.letter.text
    told = Notice.objects.filter(stage=Act.MIGRATE)
    day = f"{timezone.localdate():%d/%m/%Y}"
    assert all(f", pour le {day}." in notice.text for notice in told), "the mail says that the notice tells when"
    assert {notice.person for notice in told} == {people.alice, people.bruno, people.delphine}
    with pytest.raises(Refused, match="déjà demandé"):
        launch_migration(migration, by=by)


@pytest.mark.parametrize("stage", ["refused", "cancelled"])
def test_what_the_operator_refused_or_was_cancelled_is_asked_again_and_the_titulaires_hear_once(
    prepare, per, org, by, stage, visit, people
):
    migration = launch_migration(prepare(per, org), by=by)
    Notice.objects.filter(stage=Act.MIGRATE).update(sent_at=timezone.now())
    row = migration.rows.get(bal=per)
    act, answer = (Act.RECORD_REFUSAL, "Plus de place.") if stage == "refused" else (Act.CANCEL_REQUEST, "")
    actions.step(row.opening, act, by=by, answer=answer)
    assert "Demander de nouveau ce qui est refusé ou annulé" in visit(people.gisele, "migration", migration.pk).text
    assert (per in narrow(Bal.objects.all(), "refusee")) == (stage == "refused")
    if stage == "refused":
        with pytest.raises(Refused, match="depuis sa migration"):
            actions.step(row.opening, Act.ASK_AGAIN, by=by)
    assert visit(people.gisele, "migration-launch", migration.pk, post={}).status_code == 302
    assert per not in narrow(Bal.objects.all(), "refusee")
    again = Request.objects.get(bal=per, stage="draft")
    assert (again.kind, again.operator, again.address) == ("open", migration.operator, new(per.address))
    assert steps_of(migration) == dict.fromkeys([per.address, org.address], MigrationStep.ASKED)
    assert Notice.objects.filter(stage=Act.MIGRATE, person=people.paul).count() == 1
    with pytest.raises(Refused, match="déjà demandé"):
        launch_migration(migration, by=by)
    leave_migration(migration.rows.get(bal=per), why="Elle reste.", by=by)
    assert Notice.objects.filter(stage=Act.LEAVE_MIGRATION, person=people.paul).exists()


def test_nobody_is_asked_to_open_a_bal_that_went_since_it_was_prepared(prepare, per, org, by):
    migration = prepare(per, org)
    actions.move(per, Verb.OPERATOR_DELETED, by=by, note="Résiliée.")
    with pytest.raises(Refused, match=f"{per.address} est .* : retirez-la de la migration"):
        launch_migration(migration, by=by)
    assert not Request.objects.exists()
    assert not Notice.objects.filter(stage=Act.MIGRATE).exists()
    leave_migration(migration.rows.get(bal=per), why="Supprimée.", by=by)
    launch_migration(migration, by=by)
    assert Request.objects.get().bal == org


def test_a_launch_after_the_planned_day_asks_for_no_day_that_is_past(prepare, per, by):
    migration = prepare(per)
    Migration.objects.update(planned_on=TODAY() - timedelta(days=3))
    launch_migration(migration, by=by)
    assert "Elle est à ouvrir dès que possible." in Request.objects.get().reason


def test_a_request_cancelled_before_it_left_keeps_the_whole_from_being_undone_no_more(prepare, per, org, by):
    migration = launch_migration(prepare(per, org), by=by)
    actions.step(Request.objects.get(bal=per), Act.CANCEL_REQUEST, by=by)
    undo_migration(migration, by=by, why="Contrat rompu.")
    assert not Request.objects.awaited().exists()


def test_what_is_asked_again_of_the_former_operator_is_what_the_migration_waits_for(opened, per, by):
    """Else it is asked twice, and never seen to be done."""
    migration = opened(per, overlap_days=0)
    switch_each(migration.rows.ready(), by=by)
    close_formers(migration.rows.all(), by=by, attested=True)
    refused = migration.rows.get().deletion
    actions.step(refused, Act.RECORD_REFUSAL, by=by, answer="Il manque un formulaire.")
    again = actions.step(refused, Act.ASK_AGAIN, by=by)
    assert migration.rows.get().deletion == again
    assert not closable(migration.rows.all(), TODAY()).exists()
    actions.step(again, Act.RECORD_DONE, by=by)
    end_each(to_end())
    assert set(steps_of(migration).values()) == {MigrationStep.ENDED}


def test_undone_before_anything_was_seen_outside(prepare, per, by):
    migration = undo_migration(prepare(per), by=by, why="Contrat rompu.")
    assert steps_of(migration) == {per.address: MigrationStep.LEFT}
    assert not Alias.objects.exists()
    with pytest.raises(Refused, match="déjà annulée"):
        undo_migration(migration, by=by)
    with pytest.raises(Refused, match="Cette migration est annulée"):
        launch_migration(migration, by=by)
    prepare(per)  # and it may be prepared again


def test_no_undo_after_an_effect_outside_each_bal_is_taken_out_with_its_reason(prepare, per, org, by):
    migration = launch_migration(prepare(per, org), by=by)
    actions.step(Request.objects.get(bal=per), Act.MARK_SENT, by=by)
    with pytest.raises(Refused, match=r"parties le \d+/\d+/\d+ : la migration ne s’annule plus d’un coup"):
        undo_migration(migration, by=by)
    row = migration.rows.get(bal=per)
    with pytest.raises(Refused, match="Dites pourquoi"):
        leave_migration(row, why=" ", by=by)
    leave_migration(row, why="Elle reste.", by=by)
    request = Request.objects.get(bal=per)
    assert request.stage == "cancelled"
    assert request.lines.get(what=Act.CANCEL_REQUEST).notices.exists(), "the operator had been asked: they hear of it"
    assert steps_of(migration)[per.address] == MigrationStep.LEFT
    assert not Alias.objects.filter(bal=per).exists()


def test_taken_out_once_open_the_new_box_is_to_be_closed(opened, per, by):
    migration = opened(per)
    leave_migration(migration.rows.get(), why="Elle reste.", by=by)
    request = Request.objects.get(kind="delete")
    assert (request.operator, request.address, request.bal) == (migration.operator, new(per.address), None)
    per.refresh_from_db()
    assert per.state == "active"


def test_what_is_to_be_closed_again_is_not_asked_for_at_the_same_time(opened, prepare, per, by):
    leave_migration(opened(per).rows.get(), why="Elle reste.", by=by)
    with pytest.raises(Refused, match=f"la fermeture de {new(per.address)} est demandée à Nouvel opérateur"):
        prepare(per)
    actions.step(Request.objects.get(kind="delete"), Act.CANCEL_REQUEST, by=by)
    prepare(per)


def test_once_taken_out_it_is_neither_switched_nor_taken_out_again(opened, per, by):
    migration = opened(per)
    row = leave_migration(migration.rows.get(), why="Elle reste.", by=by)
    tally = switch_each(migration.rows.all(), by=by)
    assert "déjà retirée de la migration" in " ".join(tally.refused.values())
    with pytest.raises(Refused, match="déjà retirée de la migration"):
        leave_migration(row, why="Encore.", by=by)
    per.refresh_from_db()
    assert per.operator != migration.operator


def test_an_opening_that_the_new_operator_refuses_is_to_be_dealt_with_until_asked_again_or_left(prepare, per, by):
    """It was nowhere until the planned day had passed, and then among the late ones."""
    migration = launch_migration(prepare(per, planned_on=TODAY() + timedelta(days=40)), by=by)

    def is_told():
        return per in narrow(Bal.objects.all(), "refusee")

    actions.step(Request.objects.get(), Act.RECORD_REFUSAL, by=by, answer="Dossier incomplet.")
    assert is_told()
    launch_migration(migration, by=by)
    assert not is_told()
    actions.step(Request.objects.latest("pk"), Act.RECORD_REFUSAL, by=by, answer="Toujours non.")
    assert is_told()
    leave_migration(migration.rows.get(), why="Elle reste.", by=by)
    assert not is_told()


# --- Switched ---------------------------------------------------------------------------------------------------------
def test_who_was_lent_the_bal_is_told_of_the_move_and_of_the_switch(opened, org, by, people):
    migration = opened(org)
    assert switch_each(migration.rows.ready(), by=by).done == 1
    told = Notice.objects.filter(person=people.delphine).order_by("pk")
    assert [(one.stage, one.party) for one in told] == [("migrate", "delegataire"), ("switch_bal", "delegataire")]
    assert f"La BAL {org.address}, chez {org.operator} est remplacée par {new(org.address)}" in told[1].text
    assert not Notice.objects.filter(person=people.paul).exists()


def test_switched_the_bal_has_its_new_address_and_all_that_named_the_old_one_follows(
    opened, per, org, by, people, operator, company
):
    operator.can_auto_reply = True
    operator.save()
    former = per.address
    wish = Preference.objects.create(person=people.paul, address=former, by=by, situation="F010000002")
    Bal.objects.filter(pk=org.pk).update(replaced_by=former)
    migration = opened(per)
    Bal.objects.filter(pk=per.pk).update(used_mb=50, percent_full=90, last_used_at=timezone.now())
    assert switch_each(migration.rows.ready(), by=by).done == 1
    per.refresh_from_db()
    wish.refresh_from_db()
    org.refresh_from_db()
    assert (per.address, per.operator, per.state) == (new(former), company, "active")
    assert (per.used_mb, per.percent_full, per.quota_mb) == (None, None, 2000), "of the new box nothing is known"
    assert wish.address == org.replaced_by == new(former)
    alias = per.aliases.get()
    assert (alias.address, alias.nature, alias.operator) == (former, Alias.Nature.FORMER, operator)
    assert alias.due_on == TODAY() + timedelta(days=30)
    reply = Request.objects.get(kind="change")
    assert (reply.address, reply.operator) == (former, operator)
    assert f"Écrivez à {new(former)}." in reply.detail
    assert Notice.objects.filter(stage=Act.SWITCH_BAL, person=people.paul).exists()
    assert Bal.objects.paid().count() == 2, "counted and paid once"


def test_the_night_switches_on_the_planned_day_and_not_before(opened, per, by):
    migration = opened(per, planned_on=TODAY() + timedelta(days=5))
    jobs.run("follow_migrations")
    assert steps_of(migration) == {per.address: MigrationStep.READY}
    refused = switch_each(migration.rows.all(), by=SYSTEM).refused
    assert "La bascule est prévue le" in refused[per.address]
    migration.planned_on = TODAY()
    migration.save()
    jobs.run("follow_migrations")
    assert Bal.objects.get().address == new("paul.exemple@chu-exemple.mssante.fr")


def test_a_request_opened_meanwhile_holds_the_switch_up_in_words(opened, per, by):
    migration = opened(per)
    actions.open_request(per, RequestKind.CHANGE, by=by, detail="Un détail.")
    tally = switch_each(migration.rows.ready(), by=by)
    assert tally.done == 0
    assert "attend encore une réponse d’Opérateur régional" in tally.refused[per.address]


def test_a_domain_that_follows_its_bal_changes_hands_with_the_last_one(opened, per, org, by, operator, company):
    migration = opened(per, org, domain="", wanted={per.pk: per.address, org.pk: org.address})
    first, last = migration.rows.order_by("pk")
    switch_each(migration.rows.filter(pk=first.pk), by=by)
    domain = Domain.objects.get(name="chu-exemple.mssante.fr")
    assert domain.operator == operator
    switch_each(migration.rows.filter(pk=last.pk), by=by)
    domain.refresh_from_db()
    assert domain.operator == company
    assert {bal.address for bal in Bal.objects.filter(operator=company)} == {per.address, org.address}


def test_an_operator_who_keeps_the_old_address_makes_an_alias_of_it(opened, per, by):
    migration = opened(per, keeps_alias=True)
    switch_each(migration.rows.ready(), by=by)
    assert steps_of(migration) == {per.address: MigrationStep.ENDED}
    assert Alias.objects.get().nature == Alias.Nature.KEPT
    assert not Request.objects.exclude(kind="open").exists(), "nothing is left to close"


# --- The former address -----------------------------------------------------------------------------------------------
def test_the_old_leaves_the_annuaire_once_the_new_is_seen_and_is_closed_after_the_overlap(
    opened, per, by, fresh, make_entry, operator
):
    former = per.address
    make_entry(former)
    migration = opened(per)
    switch_each(migration.rows.ready(), by=by)
    jobs.run("follow_migrations")
    assert not Request.objects.filter(kind="depublish").exists(), "the new one is nowhere yet"
    make_entry(new(former))
    jobs.run("follow_migrations")
    asked = Request.objects.get(kind="depublish")
    assert (asked.address, asked.operator, asked.bal) == (former, operator, None)
    rows = migration.rows.all()
    tally = close_formers(rows, by=by, attested=True)
    assert "reste ouverte jusqu’au" in tally.refused[former]
    rows.update(due_on=TODAY())
    with pytest.raises(Refused, match="Attestez"):
        close_formers(closable(rows, TODAY()), by=by, attested=False)
    assert close_formers(closable(rows, TODAY()), by=by, attested=True).done == 1
    deletion = Request.objects.get(kind="delete")
    assert (deletion.address, deletion.operator) == (former, operator)
    assert steps_of(migration) == {former: MigrationStep.CLOSING}
    actions.step(deletion, Act.RECORD_DONE, by=by)
    jobs.run("follow_migrations")
    assert steps_of(migration) == {former: MigrationStep.ENDED}
    assert not Alias.objects.exists()
    per.refresh_from_db()
    assert (per.state, per.address) == ("active", new(former)), "the BAL itself never was on its way out"


def test_what_is_late_is_a_finding_that_leads_to_its_migration(prepare, per, client, by, people):
    migration = prepare(per)
    assert not narrow(Bal.objects.all(), "migration").exists()
    Alias.objects.update(due_on=TODAY() - timedelta(days=1))
    migration.rows.update(due_on=TODAY() - timedelta(days=1))
    assert list(narrow(Bal.objects.all(), "migration")) == [per]
    client.force_login(by)
    assert reverse("bal-migration", args=[per.pk]) in client.get(per.get_absolute_url()).text
    page = client.get(reverse("bal-migration", args=[per.pk]), follow=True)
    assert "en retard" in page.text


def test_who_holds_or_uses_the_bal_sees_where_it_goes_and_no_link_to_what_is_not_theirs(
    opened, org, by, people, visit, operator
):
    migration, former = opened(org), org.address
    for person in (people.alice, people.delphine):
        assert f"{new(former)}</span>, chez {migration.operator}, prévue le" in visit(person, "my-bals").text
    switch_each(migration.rows.all(), by=by)
    for person in (people.alice, people.delphine):
        assert f"{former}</span>, chez {operator}, au moins jusqu’au" in visit(person, "my-bals").text
        assert "Sa migration" not in visit(person, "bal", org.pk).text
    assert "Sa migration" in visit(people.gisele, "bal", org.pk).text


def test_who_sees_the_bal_and_not_the_structure_that_moves_it_is_told_whom_to_ask(
    prepare, org, people, visit, structure
):
    prepare(org)
    answer = visit(people.alice, "bal-migration", org.pk, follow=True)
    assert answer.redirect_chain == [(org.get_absolute_url(), 302)]
    assert f"la structure «\N{NO-BREAK SPACE}{structure}\N{NO-BREAK SPACE}» où elle en est" in answer.text
    assert visit(people.eve, "bal-migration", org.pk).status_code == 404


def test_an_address_that_is_about_to_close_is_not_announced(opened, per, org, by, people, visit):
    migration = opened(per, org)
    assert "Kits et lettres" not in visit(people.gisele, "migration", migration.pk).text
    switch_each(migration.rows.filter(bal=per), by=by)
    page = visit(people.gisele, "migration", migration.pk).text
    assert "Kits et lettres aux partenaires, des BAL basculées de cette page" in page
    assert f'name="bals" value="{per.pk}"' in page
    assert f'name="bals" value="{org.pk}"' not in page


def test_the_former_address_of_a_bal_is_not_unknown_to_the_register(opened, per, by, people, visit):
    migration = opened(per, overlap_days=0)
    switch_each(migration.rows.all(), by=by)
    close_formers(migration.rows.all(), by=by, attested=True)
    page = visit(people.gisele, "request", migration.rows.get().deletion_id).text
    assert "inconnue du registre" not in page
    assert f"({migration.rows.get().former_address}\u00a0: ancienne adresse, encore ouverte)" in page


# --- Each step at its edge --------------------------------------------------------------------------------------------
def test_a_launched_migration_is_undone_until_a_request_leaves_or_a_titulaire_is_told(prepare, per, by):
    migration = launch_migration(prepare(per), by=by)
    assert refused_with(check_undo_migration, migration, by=by) == ""
    told = Notice.objects.filter(stage=Act.MIGRATE)
    told.update(sent_at=timezone.now())
    with pytest.raises(Refused, match="demandes sont parties : la migration") as refusal:
        check_undo_migration(migration, by=by)
    assert refusal.value.code == "outside"
    told.update(sent_at=None)
    for stage in ("sent", "done", "refused"):
        Request.objects.update(stage=stage)
        assert refused_with(check_undo_migration, migration, by=by) == "outside"
    Request.objects.update(sent_at=timezone.now() - timedelta(days=3))
    with pytest.raises(Refused, match=f"parties le {TODAY() - timedelta(days=3):%d/%m/%Y}"):
        check_undo_migration(migration, by=by)


@pytest.mark.parametrize("is_reached", [True, False])
def test_who_was_told_of_a_move_hears_that_it_does_not_come(opened, org, per, people, by, is_reached):
    migration = opened(org, per)
    if is_reached:
        Notice.objects.filter(stage=Act.MIGRATE).update(sent_at=timezone.now())
    leave_migration(migration.rows.get(bal=org), why="Elle reste.", by=by)
    told = Notice.objects.filter(stage=Act.LEAVE_MIGRATION)
    readers = {people.alice, people.bruno, people.delphine} if is_reached else set()
    assert {notice.person for notice in told} == readers
    assert all("reste où elle est" in notice.text and "Elle reste." in notice.text for notice in told)
    assert {notice.bal for notice in told} <= {org}


@pytest.mark.parametrize("state", State)
def test_a_bal_on_its_way_is_switched_while_in_service_and_once(opened, per, by, state):
    opened(per)
    Bal.objects.filter(pk=per.pk).update(state=state)
    (row,) = held_rows(MigratedBal.objects.all())
    is_in_service = state in (State.ACTIVE, State.IDLE_ALERTED)
    assert refused_with(check_switch, row, {}, by=by) == ("" if is_in_service else "state")
    row.switched_at = timezone.now()
    assert refused_with(check_switch, row, {}, by=by) == ("switched" if is_in_service else "state")


@pytest.mark.parametrize("stage", [None, *RequestStage])
def test_a_bal_is_switched_once_its_new_box_is_open(opened, per, by, stage):
    opened(per)
    Request.objects.update(stage=stage or RequestStage.DRAFT)
    if stage is None:
        MigratedBal.objects.update(opening=None)
    (row,) = held_rows(MigratedBal.objects.all())
    is_open = stage in (RequestStage.DONE, RequestStage.VERIFIED)
    assert refused_with(check_switch, row, {}, by=by) == ("" if is_open else "opening")
    assert refused_with(check_switch, row, {per.pk: 1}, by=by) == ("asked" if is_open else "opening")


@pytest.mark.parametrize("stage", [None, *RequestStage])
def test_the_former_box_is_closed_once_switched_from_its_day_on_and_asked_once(opened, per, by, stage):
    migration = opened(per)
    (row,) = held_rows(MigratedBal.objects.all())
    assert refused_with(check_close_former, row, by=by) == "switched"
    switch_each(migration.rows.ready(), by=by)
    (row,) = held_rows(MigratedBal.objects.all())
    row.deletion = stage and Request(kind="delete", stage=stage)
    is_free = stage in (None, RequestStage.REFUSED, RequestStage.CANCELLED)
    for days, code in ((1, "overlap"), (0, ""), (-1, "")):
        row.due_on = TODAY() + timedelta(days=days)
        assert refused_with(check_close_former, row, by=by) == (code if is_free else "asked")
    is_over = stage in (RequestStage.DONE, RequestStage.VERIFIED)
    assert refused_with(check_end, row, by=SYSTEM) == ("" if is_over else "deletion")


def test_what_is_over_goes_no_further(opened, per, by):
    opened(per)
    (row,) = held_rows(MigratedBal.objects.all())
    for name, words in (("left_at", "déjà retirée de la migration"), ("ended_at", "a terminé sa migration")):
        setattr(row, name, timezone.now())
        for check in (lambda: check_switch(row, {}, by=by), lambda: check_leave(row, "Elle reste.", by=by)):
            with pytest.raises(Refused, match=words) as refusal:
                check()
            assert refusal.value.code == "over"
        setattr(row, name, None)


# --- Lists of both operators ------------------------------------------------------------------------------------------
def test_both_operators_lists_are_read_rightly_before_the_switch(prepare, per, by, bring_in, company):
    former = per.address
    migration = launch_migration(prepare(per), by=by)
    run = bring_in(f"Adresse;Type\n{former};PER\n")
    (line,) = run.lines.exclude(number=None)
    assert "En migration vers" in line.remark
    run = bring_in(f"Adresse;Type\n{new(former)};PER\n", operator=company)
    (line,) = run.lines.exclude(number=None)
    assert (line.bal, line.outcome, run.created, run.rejected) == (per, "updated", 0, 0)
    assert "adresse à venir" in line.remark
    assert steps_of(migration) == {former: MigrationStep.READY}, "to be on its list is to be open"
    assert Bal.objects.count() == 1


def test_both_operators_lists_are_read_rightly_after_the_switch(opened, per, by, bring_in, company, operator):
    former = per.address
    migration = opened(per)
    switch_each(migration.rows.ready(), by=by)
    run = bring_in(f"Adresse;Type;Espace occupé (Mo)\n{former};PER;70\n")
    (line,) = run.lines.exclude(number=None)
    assert (line.bal, line.outcome) == (per, "unchanged")
    assert "ancienne adresse" in line.remark
    assert Bal.objects.get().used_mb is None, "the old box says nothing of the new one"
    run = bring_in(f"Adresse;Type;Espace occupé (Mo)\n{new(former)};PER;3\n", operator=company)
    assert (run.updated, run.rejected) == (1, 0)
    assert Bal.objects.get().used_mb == 3
    migration.rows.update(due_on=TODAY())
    close_formers(closable(migration.rows.all(), TODAY()), by=by, attested=True)
    bring_in(f"Adresse;Type;État\n{former};PER;supprimée\n")
    jobs.run("follow_migrations")
    assert steps_of(migration) == {former: MigrationStep.ENDED}
    assert Bal.objects.get().state == "active"


def test_a_list_in_the_middle_that_says_deleted_too_early_is_a_line_to_take_up(prepare, per, by, bring_in):
    launch_migration(prepare(per), by=by)
    run = bring_in(f"Adresse;Type;État\n{per.address};PER;supprimée\n")
    (line,) = run.lines.exclude(number=None)
    assert line.outcome == "rejected"
    assert "Basculez-la d’abord, ou retirez-la de la migration" in line.remark
    assert Bal.objects.get().state == "active"


def test_a_forecast_of_a_list_answers_nothing(prepare, per, by, bring_in, company):
    launch_migration(prepare(per), by=by)
    bring_in(f"Adresse;Type\n{new(per.address)};PER\n", operator=company, stage="previewed")
    assert Request.objects.get().stage in ("draft", "sent")


def test_before_its_new_box_is_open_a_bal_is_not_switched(prepare, per, by):
    migration = launch_migration(prepare(per), by=by)
    tally = switch_each(migration.rows.all(), by=by)
    assert tally.done == 0
    assert Bal.objects.get().address == per.address
    assert "pas encore ouverte" in " ".join(tally.refused.values())


def test_a_former_box_whose_closing_is_not_confirmed_is_not_ended(opened, per, by):
    migration = opened(per)
    switch_each(migration.rows.ready(), by=by)
    tally = end_each(migration.rows.all())
    assert tally.done == 0
    assert "n’a pas confirmé la fermeture" in " ".join(tally.refused.values())


# --- The pages --------------------------------------------------------------------------------------------------------
def test_the_page_shows_what_would_change_with_its_costs_then_prepares_what_is_ticked(
    client, by, per, org, structure, company, operator
):
    Price.objects.create(operator=operator, offer="PER", yearly_cost=10)
    Price.objects.create(operator=company, offer="PER", yearly_cost=7)
    client.force_login(by)
    domain = company.domains.get()
    url = f"{reverse('migration-new', args=[structure.pk])}?to=d{domain.pk}&kind=PER"
    page = client.get(url)
    assert "10,00\xa0€ aujourd’hui, 7,00\xa0€ ensuite" in page.text.replace(" €", "\xa0€")
    assert new(per.address) in page.text
    assert org.address not in page.text
    facts = {
        "bals": [per.pk],
        f"address-{per.pk}": "paul.e@nouveau.mssante.fr",
        "planned_on": TODAY(),
        "overlap_days": 9,
    }
    answer = client.post(url, facts)
    row = MigratedBal.objects.get()
    assert answer.headers["Location"] == row.migration.get_absolute_url()
    assert row.new_address == "paul.e@nouveau.mssante.fr"


def test_a_collision_is_told_and_mended_on_the_page(client, by, per, make_bal, structure, company):
    make_bal("ORG", address=new(per.address), operator=company)
    client.force_login(by)
    domain = company.domains.get()
    url = f"{reverse('migration-new', args=[structure.pk])}?to=d{domain.pk}&bals={per.pk}"
    page = client.get(url).text
    assert "est déjà prise" in page
    facts = {"planned_on": TODAY(), "overlap_days": 9, "bals": [per.pk], f"address-{per.pk}": new(per.address)}
    assert "est déjà prise" in client.post(url, facts).text
    client.post(url, facts | {f"address-{per.pk}": "paul2@nouveau.mssante.fr"})
    assert MigratedBal.objects.get().new_address == "paul2@nouveau.mssante.fr"


def test_bal_ticked_in_the_register_lead_to_the_page_of_their_structure(client, by, per, org, structure):
    client.force_login(by)
    answer = client.get(reverse("migration-select"), {"bals": [per.pk, org.pk]})
    assert answer.headers["Location"].startswith(reverse("migration-new", args=[structure.pk]))
    assert f"bals={per.pk}" in answer.headers["Location"]
    assert client.get(reverse("migration-select"), {"bals": [999]}).headers["Location"] == reverse("bal-list")


def test_a_reader_follows_a_migration_without_acting_and_a_stranger_sees_none(client, opened, per, people):
    migration = opened(per)
    client.force_login(people.lea.user)
    page = client.get(migration.get_absolute_url()).text
    assert per.address in page
    assert reverse("migration-switch", args=[migration.pk]) not in page
    assert "réservé à" in client.get(reverse("migration-leave", args=[migration.pk, migration.rows.get().pk])).text
    client.force_login(people.eve.user)
    assert client.get(migration.get_absolute_url()).status_code == 404


def test_every_act_of_the_page_from_launch_to_close(client, prepare, per, by, operator):
    migration = prepare(per)
    client.force_login(by)
    client.post(reverse("migration-launch", args=[migration.pk]))
    actions.step(Request.objects.get(), Act.RECORD_DONE, by=by)
    client.post(reverse("migration-switch", args=[migration.pk]))
    migration.rows.update(due_on=TODAY())
    page = client.post(reverse("migration-close", args=[migration.pk]), {"attested": ""})
    assert "Attestez" in page.text
    client.post(reverse("migration-close", args=[migration.pk]), {"attested": "on"})
    assert set(steps_of(migration).values()) == {MigrationStep.CLOSING}


def test_the_pages_cost_as_many_queries_for_forty_bal_as_for_two(client, by, make_bal, structure, company, opened):
    client.force_login(by)
    url = f"{reverse('migration-new', args=[structure.pk])}?to=d{company.domains.get().pk}"

    def cost(address):
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    def written(bals):
        with CaptureQueriesContext(connection) as asked:
            migration = opened(*bals)
            switch_each(migration.rows.ready(), by=by)
        return migration, len(asked)

    few = [make_bal("ORG") for _ in range(2)]
    cost(url)
    before = cost(url)
    first, writes = written(few)
    shown = cost(first.get_absolute_url())
    many = [make_bal("ORG") for _ in range(40)]
    assert cost(url) == before
    second, more_writes = written(many)
    assert cost(second.get_absolute_url()) == shown
    assert more_writes <= writes + 2


def test_every_line_of_the_journal_says_why_and_by_whom(opened, per, by):
    switch_each(opened(per, why="Fin du contrat.").rows.ready(), by=by)
    lines = JournalEntry.objects.filter(bal=per, by=by)
    assert [line.what for line in lines.order_by("pk")] == [Act.MIGRATE, Act.MIGRATE, Act.SWITCH_BAL]
    assert lines.order_by("pk")[0].note == "Fin du contrat."


def test_more_bal_than_the_page_shows_go_by_the_same_rule_or_stay(
    client, make_bal, structure, company, by, monkeypatch
):
    monkeypatch.setattr("mailboxes.moves.reads.AT_ONCE", 2)
    monkeypatch.setattr("mailboxes.moves.prepare_views.AT_ONCE", 2)
    bals = [make_bal("ORG", address=f"s{n}@chu-exemple.mssante.fr") for n in range(6)]
    make_bal("ORG", address="s4@nouveau.mssante.fr", operator=company)
    client.force_login(by)
    url = reverse("migration-new", args=[structure.pk])
    target = next(value for value, label in MigrationScopeForm(None, structure=structure, user=by).fields["to"].choices
                  if "nouveau.mssante.fr" in str(label))  # fmt: skip
    page = client.get(url, {"to": target, "from_operator": bals[0].operator.pk}).text
    assert "Migrer aussi les 3 autres BAL" in page
    assert "reste de côté" in page
    facts = {"bals": [bal.pk for bal in bals[:2]], "planned_on": timezone.localdate(), "overlap_days": 30, "why": "X"}
    facts |= {f"address-{bal.pk}": bal.address.replace("chu-exemple", "nouveau") for bal in bals[:2]}
    facts |= {"auto_reply": "Écrivez à {adresse}.", "rest": "rest"}
    query = f"?to={target}&from_operator={bals[0].operator.pk}"
    assert client.post(f"{url}{query}", facts).status_code == 302
    moved = set(MigratedBal.objects.values_list("new_address", flat=True))
    assert moved == {f"s{n}@nouveau.mssante.fr" for n in (0, 1, 2, 3, 5)}


def test_how_many_are_switched_or_closed_is_said_first_and_none_is_refused(client, opened, per, org, by, operator):
    Operator.objects.filter(pk=operator.pk).update(can_auto_reply=True)
    migration = opened(per, org)
    client.force_login(by)
    page = client.get(reverse("migration-switch", args=[migration.pk]))
    assert "2\u00a0BAL : au registre" in page.context["warning"]
    assert "l’ancien opérateur : 2\u00a0BAL." in page.context["warning"]
    page = client.get(reverse("migration-close", args=[migration.pk]))
    assert "Aucune ancienne BAL" in str(page.context["refusal"])
    client.post(reverse("migration-switch", args=[migration.pk]))
    assert migration.rows.exclude(reply=None).count() == 2
    page = client.post(reverse("migration-switch", args=[migration.pk]))
    assert "Aucune BAL n’est prête" in str(page.context["refusal"])
    migration.rows.update(due_on=TODAY())
    page = client.get(reverse("migration-close", args=[migration.pk]))
    assert "2\u00a0suppressions à demander" in page.context["warning"]
    client.post(reverse("migration-close", args=[migration.pk]), {"attested": "on"})
    page = client.post(reverse("migration-close", args=[migration.pk]), {"attested": "on"})
    assert "Aucune ancienne BAL" in str(page.context["refusal"])


@pytest.mark.parametrize(
    ("facts", "can_auto_reply", "asks"),
    [({}, True, True), ({}, False, False), ({"auto_reply": ""}, True, False), ({"keeps_alias": True}, True, False)],
)
def test_the_page_announces_a_reply_where_one_is_then_asked(
    client, opened, per, by, operator, facts, can_auto_reply, asks
):
    Operator.objects.filter(pk=operator.pk).update(can_auto_reply=can_auto_reply)
    migration = opened(per, **facts)
    client.force_login(by)
    page = client.get(reverse("migration-switch", args=[migration.pk]))
    assert ("Réponse automatique" in page.context["warning"]) == asks
    client.post(reverse("migration-switch", args=[migration.pk]))
    assert migration.rows.exclude(reply=None).exists() == asks
