"""Campaigns: who is asked and who is not, once; what each answer does; reminders, the end, and what is left."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from directory.models import Entry, SyncRun
from mailboxes import actions, jobs
from mailboxes.campaigns import actions as acting
from mailboxes.campaigns.actions import answer_campaign, close_campaign, launch_campaign, remind_campaign
from mailboxes.campaigns.models import Campaign, CampaignTarget, Outcome
from mailboxes.campaigns.questions import QUESTIONS, preview
from mailboxes.lifecycle import Act, CampaignKind, State, Verb
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Bal,
    Claim,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Notice,
    Person,
    Preference,
    Signatory,
    Structure,
)
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.conftest import make_professional
from tests.mailboxes.gaps.test_preferences import CHU, practises, situate

pytestmark = pytest.mark.sqlite_run

CLEANUP, RECERTIFY, PREFERRED = CampaignKind
Answer = CampaignTarget.Answer
__all__ = ["practises", "situate"]
SETTLED_BY_LIFE = {
    "a use": lambda bal, people: Bal.objects.filter(pk=bal.pk).update(clock_at=timezone.now()),
    "its way out": lambda bal, people: Bal.objects.filter(pk=bal.pk).update(state=State.DEPUBLICATION_REQUESTED),
    "another holder": lambda bal, people: Cotitulaire.objects.filter(bal=bal).update(person=people.bruno),
}


@pytest.fixture
def launch(structure, people):
    """`launch(CLEANUP)` over the whole register, by gisele."""

    def do(kind=CLEANUP, bals=None, by=None, **facts):
        campaign = Campaign(kind=kind, structure=structure, **{"title": "Point d’automne", **facts})
        bals = Bal.objects.all() if bals is None else bals
        return launch_campaign(campaign, bals, by=by or people.gisele.user)

    return do


@pytest.fixture
def foresee():
    def do(kind=CLEANUP, bals=None):
        return preview(QUESTIONS[kind], Bal.objects.all() if bals is None else bals, timezone.now())

    return do


def fates(lines):
    return {line.name: line.bals for line in lines}


def target_of(bal, **facts):
    return CampaignTarget.objects.with_outcome().get(bal=bal, **facts)


def later(campaign, **delta):
    """As if it had been launched so long ago."""
    campaign.launched_at -= timedelta(**delta)
    campaign.save()


# --- Whom one would ask -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("days", "is_asked"), [(0, False), (180, False), (190, True), (None, True)])
def test_a_clean_up_asks_of_what_is_unknown_or_long_unused(per, foresee, days, is_asked):
    clock_at = None if days is None else timezone.now() - timedelta(days=days)
    Bal.objects.update(clock_at=clock_at)
    found = foresee()
    assert found.asked == int(is_asked)
    assert fates(found.left_out) == ({} if is_asked else {"used": 1})


def test_a_clean_up_leaves_out_each_for_its_reason(per, app, make_bal, people, foresee):
    make_bal("PER", people.alice, state=State.IDLE_ALERTED)
    make_bal("PER", people.alice, state=State.DEPUBLISHED)
    asked = make_bal("PER", people.bruno)
    actions.ask_use(asked, by=people.gisele.user)
    found = foresee()
    assert found.asked == 1
    assert fates(found.left_out) == {"app": 1, "alerted": 1, "state": 1, "lately": 1}


def test_who_cannot_be_reached_is_told_apart_and_enters_the_campaign(make_bal, people, foresee, launch):
    for name, facts in {
        "paul": {"email": ""},
        "alice": {"channel": Person.Channel.HAND},
        "bruno": {"channel": Person.Channel.MSSANTE, "email": "", "mssante_address": "b@chu.mssante.fr"},
    }.items():
        person = getattr(people, name)
        Person.objects.filter(pk=person.pk).update(**facts)
        make_bal("PER", person)
    orphan = make_bal("ORG")
    found = foresee()
    assert (found.asked, found.people, found.total) == (0, 0, 4)
    # No MSSanté mail is set up here: it would leave by ordinary mail, of which there is no address.
    assert fates(found.unreachable) == {"no_address": 2, "hand": 1, "orphan": 1}
    campaign = launch()
    assert campaign.targets.outcomes() == {Outcome.UNREACHED: 4}
    assert "principal" in target_of(orphan).why_unreached
    assert target_of(orphan).told == 0


def test_who_has_no_account_cannot_recertify_but_can_clean_up(org, people, foresee):
    Person.objects.filter(pk=people.alice.pk).update(user=None)
    assert fates(foresee(RECERTIFY).unreachable) == {"no_account": 1}
    assert foresee(CLEANUP).asked == 1


def test_a_recertification_asks_where_somebody_else_has_access(org, per, app, make_bal, people, foresee):
    make_bal("ORG", people.bruno, state=State.REQUESTED)
    lent = make_bal("PER", people.alice)
    ended = Delegataire.objects.create(bal=lent, person=people.delphine, under=people.alice, reason="congés")
    assert foresee(RECERTIFY).asked == 2
    ended.ended_at = timezone.now()
    ended.save()
    assert foresee(RECERTIFY).asked == 1
    assert fates(foresee(RECERTIFY).left_out) == {"app": 1, "state": 1, "alone": 2}


def test_a_preview_counts_people_once_and_costs_the_same_for_many(
    make_bal, people, foresee, django_assert_max_num_queries
):
    for count in (2, 30):
        for _ in range(count):
            make_bal("PER", people.paul)
        with django_assert_max_num_queries(2):
            found = foresee()
    assert (found.asked, found.people) == (32, 1)


# --- Launch -----------------------------------------------------------------------------------------------------------
def test_one_person_gets_one_notice_for_all_their_bal(make_bal, people, launch, mailoutbox, settings):
    first, second = make_bal("PER", people.paul), make_bal("ORG", people.paul)
    launch()
    notice = Notice.objects.get()
    assert notice.person == people.paul
    assert first.address in notice.text
    assert second.address in notice.text
    assert {target.notice for target in CampaignTarget.objects.all()} == {notice}
    for bal in (first, second):
        assert bal.journal.get().what == Act.ASK_CAMPAIGN
    assert JournalEntry.objects.get(structure=first.structure, what=Act.LAUNCH_CAMPAIGN).after == "Point d’automne"


def test_the_mail_of_a_clean_up_opens_without_a_password(
    per, launch, client, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        launch()
    body = mailoutbox[0].body
    assert "ne demande pas de mot de passe" in body
    assert per.address not in body
    path = "/" + next(line for line in body.splitlines() if "/questions/" in line).split("/", 3)[3]
    assert per.address in client.get(path).content.decode()
    target = CampaignTarget.objects.get()
    client.post(path, {"target": target.pk, "answer": "used"})
    assert target_of(per).answer == Answer.USED
    entry = JournalEntry.objects.get(what=Act.ANSWER_CAMPAIGN)
    assert entry.person == target.person
    assert client.get(path.replace("/questions/", "/avis/repondre/")).status_code == 404
    assert client.post(path, {"target": "x"}).status_code == 404


def test_the_mail_of_a_recertification_leads_behind_the_log_in(
    org, launch, client, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        launch(RECERTIFY)
    assert "Ce lien demande de se connecter" in mailoutbox[0].body
    assert "/mes-bal/questions/" in mailoutbox[0].body
    with pytest.raises(NotAllowed, match="Connectez-vous"):
        answer_campaign(target_of(org), Answer.CONFIRMED, by=Signatory(target_of(org).person))


def test_a_second_launch_finds_nobody_to_ask(per, launch):
    launch()
    with pytest.raises(Refused, match="personne à interroger"):
        launch()
    assert Campaign.objects.count() == CampaignTarget.objects.count() == Notice.objects.count() == 1


def test_a_bal_taken_meanwhile_is_passed_over_and_the_others_are_asked(per, make_bal, people, launch, foresee):
    launch()
    other = make_bal("PER", people.bruno)
    assert fates(foresee().left_out) == {"already": 1}
    assert list(launch().targets.values_list("bal", flat=True)) == [other.pk]


def test_the_database_holds_one_open_question_of_a_kind(per, launch):
    first = launch()
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignTarget.objects.create(campaign=first, bal=per, open_kind=CLEANUP)


def test_another_kind_may_ask_of_the_same_bal(org, launch):
    launch()
    assert launch(RECERTIFY).targets.count() == 1


def test_a_closed_campaign_frees_its_bal(per, launch, people):
    close_campaign(launch(), by=people.gisele.user)
    assert launch().targets.count() == 1


@pytest.mark.parametrize("name", ["lea", "alice", "eve"])
def test_only_a_gestionnaire_of_the_structure_launches(per, people, launch, name):
    with pytest.raises(NotAllowed):
        launch(by=getattr(people, name).user)


def test_the_last_day_comes_after_today(per, launch):
    with pytest.raises(Refused, match="après aujourd’hui"):
        launch(closes_on=timezone.localdate())
    assert launch(closes_on=timezone.localdate() + timedelta(days=1)).pk


def test_many_are_told_by_the_job_which_goes_on_where_it_was(
    make_bal, launch, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(acting, "PEOPLE", 2)
    for number in range(5):
        make_bal("PER", make_professional(number, email=f"p{number}@exemple.invalid"))
    campaign = launch()  # its callbacks lost: the broker is down
    assert campaign.targets.due().count() == 5
    assert acting.tell_some(campaign) == 2  # and the worker dies here
    assert jobs.run("ask_campaigns").done == 1
    assert campaign.targets.due().count() == 0
    assert Notice.objects.count() == 5
    assert jobs.run("ask_campaigns").done == 0


def test_few_are_told_at_once(per, launch):
    assert not launch().targets.due().exists()


def test_to_tell_costs_the_same_for_few_and_many(make_bal, launch, monkeypatch):
    monkeypatch.setattr(acting, "_begin_round", lambda campaign: None)
    costs = []
    for count in (2, 30):
        for number in range(count):
            make_bal("PER", make_professional(100 * count + number, email="p@exemple.invalid"))
        campaign = launch()
        with CaptureQueriesContext(connection) as queries:
            assert acting.tell_some(campaign) == count
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_the_nightly_question_leaves_a_bal_in_campaign_alone(per, launch):
    Bal.objects.update(state_since=timezone.now() - timedelta(days=400))
    launch()
    assert jobs.run("ask_unknown").done == 0
    Campaign.objects.update(kind=RECERTIFY)
    CampaignTarget.objects.update(open_kind=RECERTIFY)
    assert jobs.run("ask_unknown").done == 1


# --- Answer -----------------------------------------------------------------------------------------------------------
def test_used_dates_the_last_use(per, people, launch):
    launch()
    answer_campaign(target_of(per), Answer.USED, by=people.paul.user)
    per.refresh_from_db()
    assert per.last_used_source == "answer"
    assert target_of(per).outcome == Answer.USED
    assert per.journal.filter(what=Act.ANSWER_CAMPAIGN, after="Je m’en sers").exists()


def test_unused_asks_for_the_depublication(per, people, launch):
    launch()
    answer_campaign(target_of(per), Answer.UNUSED, by=people.paul.user)
    per.refresh_from_db()
    assert per.state == State.DEPUBLICATION_REQUESTED
    assert per.journal.get(what=Verb.REQUEST_DEPUBLICATION).note.endswith("(Point d’automne).")


def test_not_mine_is_noted_and_moves_nothing(per, people, launch):
    launch()
    answer_campaign(target_of(per), Answer.NOT_MINE, by=people.paul.user)
    per.refresh_from_db()
    assert per.state == State.ACTIVE
    assert target_of(per).outcome == Answer.NOT_MINE
    assert not Claim.objects.exists()  # the annuaire does not give it to this person


@pytest.mark.parametrize("name", ["bruno", "delphine", "gisele", "eve"])
def test_only_whoever_was_asked_answers(org, people, launch, name):
    launch()
    with pytest.raises(NotAllowed):
        answer_campaign(target_of(org), Answer.USED, by=getattr(people, name).user)
    with pytest.raises(NotAllowed):
        answer_campaign(target_of(org), Answer.USED, by=SYSTEM)


def test_one_answers_once(per, people, launch):
    launch()
    answer_campaign(target_of(per), Answer.USED, by=people.paul.user)
    with pytest.raises(Refused, match="déjà répondu"):
        answer_campaign(target_of(per), Answer.UNUSED, by=people.paul.user)


@pytest.mark.parametrize("said", ["", "confirmed", "elsewhere", "nonsense"])
def test_only_the_answers_of_the_question_are_taken(per, people, launch, said):
    launch()
    with pytest.raises(Refused, match="Choisissez"):
        answer_campaign(target_of(per), said, by=people.paul.user)


def test_who_handed_over_the_bal_answers_no_more(org, people, launch):
    launch()
    actions.transfer_principal(org, people.bruno, by=people.alice.user)
    with pytest.raises(NotAllowed):
        answer_campaign(target_of(org), Answer.USED, by=people.alice.user)
    with pytest.raises(NotAllowed, match="à la personne interrogée") as refusal:
        answer_campaign(target_of(org), Answer.USED, by=people.bruno.user)
    assert refusal.value.code == "role", "bruno has it now, and was not asked"


def test_confirmed_keeps_every_access(org, people, launch):
    launch(RECERTIFY)
    keys = [f"cotitulaire-{people.bruno.pk}", f"delegation-{org.delegataires.get().pk}"]
    answer_campaign(target_of(org), Answer.CONFIRMED, by=people.alice.user, shown=keys)
    assert org.cotitulaires.count() == 2
    assert target_of(org).withdrawn == 0


def test_to_confirm_all_with_a_box_ticked_is_a_slip(org, people, launch):
    launch(RECERTIFY)
    keys = [f"cotitulaire-{people.bruno.pk}", f"delegation-{org.delegataires.get().pk}"]
    with pytest.raises(Refused, match="rien n’est enregistré"):
        answer_campaign(target_of(org), Answer.CONFIRMED, by=people.alice.user, shown=keys, withdrawn=keys[:1])


def test_withdrawn_ends_what_was_ticked_and_keeps_the_rest(org, people, launch):
    lent = Delegataire.objects.create(bal=org, person=people.lea, under=people.bruno, reason="remplacement")
    kept, holder = f"delegation-{org.delegataires.first().pk}", f"cotitulaire-{people.bruno.pk}"
    shown = [kept, holder, f"delegation-{lent.pk}"]
    launch(RECERTIFY)
    answer_campaign(
        target_of(org), Answer.WITHDRAWN, by=people.alice.user, shown=shown, withdrawn=[holder, f"delegation-{lent.pk}"]
    )
    assert [c.person for c in org.cotitulaires.all()] == [people.alice]
    assert [d.person for d in org.delegataires.filter(ended_at=None)] == [people.delphine]
    assert target_of(org).withdrawn == 2
    done = set(org.journal.values_list("what", flat=True))
    assert {Act.REMOVE_COTITULAIRE, Act.END_DELEGATION, Act.ANSWER_CAMPAIGN} <= done


def test_who_takes_accesses_along_is_said_to_and_all_that_ends_is_counted(org, people, launch, visit):
    lent = Delegataire.objects.create(bal=org, person=people.lea, under=people.bruno, reason="remplacement")
    holder = f"cotitulaire-{people.bruno.pk}"
    launch(RECERTIFY)
    assert "les accès que donne cette personne prennent fin avec le sien" in visit(people.alice, "my-campaigns").text
    shown = [holder, *(f"delegation-{row.pk}" for row in org.delegataires.all())]
    answer_campaign(target_of(org), Answer.WITHDRAWN, by=people.alice.user, shown=shown, withdrawn=[holder])
    lent.refresh_from_db()
    assert lent.ended_at is not None
    assert target_of(org).withdrawn == 2


def test_accesses_that_their_principal_left_unread_are_settled_by_nobody(org, people, launch, visit):
    campaign = launch(RECERTIFY)
    actions.transfer_principal(org, people.bruno, by=people.alice.user)
    assert target_of(org).outcome == Outcome.UNREACHED
    assert target_of(org).why_unreached == "n’en est plus le principal"
    assert str(org) not in visit(people.alice, "my-campaigns").text
    later(campaign, days=2)
    assert not visit(people.gisele, "campaign", campaign.pk).context["can_remind"], "nobody is left to remind"
    close_campaign(campaign, by=people.gisele.user)
    assert target_of(org).answer == ""
    assert launch(RECERTIFY).targets.get(bal=org).person == people.bruno


@pytest.mark.parametrize(("asked", "said"), [(1, "1 question."), (2, "2 questions.")])
def test_the_journal_counts_in_whole_words(per, org, people, launch, asked, said):
    launch(bals=Bal.objects.filter(pk__in=[per.pk, org.pk][:asked]))
    note = JournalEntry.objects.get(what=Act.LAUNCH_CAMPAIGN).note
    assert note.replace("\N{NO-BREAK SPACE}", " ").endswith(said)


def test_nobody_confirms_an_access_that_they_were_not_shown(org, people, launch):
    launch(RECERTIFY)
    shown = [f"delegation-{org.delegataires.get().pk}"]
    with pytest.raises(Refused, match="a changé"):
        answer_campaign(target_of(org), Answer.CONFIRMED, by=people.alice.user, shown=shown)
    assert target_of(org).outcome == Outcome.PENDING


def test_to_withdraw_is_to_tick_something(org, people, launch):
    launch(RECERTIFY)
    shown = [f"cotitulaire-{people.bruno.pk}", f"delegation-{org.delegataires.get().pk}"]
    with pytest.raises(Refused, match="Cochez"):
        answer_campaign(target_of(org), Answer.WITHDRAWN, by=people.alice.user, shown=shown, withdrawn=["x"])


@pytest.mark.parametrize("how", SETTLED_BY_LIFE)
def test_what_life_settles_awaits_no_answer(per, people, launch, how):
    campaign = launch()
    SETTLED_BY_LIFE[how](per, people)
    assert target_of(per).outcome == Outcome.ELSEWHERE
    later(campaign, days=2)
    if how != "a use":  # dated by the moment, it would fall before
        with pytest.raises(Refused, match="personne à qui"):
            remind_campaign(campaign, by=people.gisele.user)
    close_campaign(campaign, by=people.gisele.user)
    assert target_of(per).answer == Answer.ELSEWHERE


@pytest.mark.parametrize("how", SETTLED_BY_LIFE)
def test_after_its_end_life_changes_a_campaign_no_more(per, people, launch, how):
    close_campaign(launch(), by=people.gisele.user)
    SETTLED_BY_LIFE[how](per, people)
    assert target_of(per).outcome == Outcome.PENDING


# --- Remind, close ----------------------------------------------------------------------------------------------------
def test_a_reminder_goes_to_those_who_have_not_answered(per, org, people, launch):
    campaign = launch()
    answer_campaign(target_of(per), Answer.USED, by=people.paul.user)
    later(campaign, days=1)
    remind_campaign(campaign, by=people.gisele.user)
    assert [notice.person for notice in Notice.objects.filter(stage="remind_campaign-cleanup")] == [people.alice]
    assert (target_of(org).told, target_of(per).told) == (2, 1)


def test_a_reminder_waits_a_day(per, people, launch):
    campaign = launch()
    with pytest.raises(Refused, match="moins d’un jour"):
        remind_campaign(campaign, by=people.gisele.user)
    later(campaign, days=1)
    remind_campaign(campaign, by=people.gisele.user)
    with pytest.raises(Refused, match="moins d’un jour"):
        remind_campaign(campaign, by=people.gisele.user)
    assert Notice.objects.count() == 2


def test_a_reminder_does_not_overtake_the_launch(per, people, launch, monkeypatch):
    monkeypatch.setattr(acting, "_begin_round", lambda campaign: None)
    campaign = launch()
    later(campaign, days=1)
    with pytest.raises(Refused, match="pas encore interrogé"):
        remind_campaign(campaign, by=people.gisele.user)


@pytest.mark.parametrize(("days", "reminded"), [(13, 0), (14, 1)])
def test_the_job_reminds_once_after_the_delay(per, launch, days, reminded):
    campaign = launch()
    later(campaign, days=days, minutes=1)
    assert jobs.run("follow_campaigns").done == reminded
    later(Campaign.objects.get(), days=30)
    Campaign.objects.filter(rounds=2).update(reminded_at=timezone.now() - timedelta(days=30))
    assert jobs.run("follow_campaigns").done == 1 - reminded


@pytest.mark.parametrize(("ago", "closed"), [(0, 0), (1, 1)])
def test_the_job_closes_after_the_last_day(per, launch, ago, closed):
    campaign = launch()
    Campaign.objects.update(closes_on=timezone.localdate() - timedelta(days=ago))
    assert jobs.run("follow_campaigns").done == closed
    campaign.refresh_from_db()
    assert bool(campaign.closed_at) == bool(closed)


def test_a_closed_campaign_takes_no_answer_no_reminder_and_no_second_end(per, people, launch):
    campaign = launch()
    close_campaign(campaign, by=people.gisele.user)
    for act in (close_campaign, remind_campaign):
        with pytest.raises(Refused, match="close depuis"):
            act(campaign, by=people.gisele.user)
    with pytest.raises(Refused, match="close depuis"):
        answer_campaign(target_of(per), Answer.USED, by=people.paul.user)
    assert target_of(per).outcome == Outcome.PENDING
    assert "Sans réponse : 1." in JournalEntry.objects.get(what=Act.CLOSE_CAMPAIGN).note


@pytest.mark.parametrize("act", [close_campaign, remind_campaign])
@pytest.mark.parametrize("name", ["lea", "paul", "eve"])
def test_only_a_gestionnaire_reminds_and_closes(per, people, launch, act, name):
    with pytest.raises(NotAllowed):
        act(launch(), by=getattr(people, name).user)


# --- The preferred BAL ------------------------------------------------------------------------------------------------
def test_nobody_is_asked_who_has_access_to_a_bal_that_the_operator_has_closed(launch, org, per, people):
    per.delegataires.create(person=people.delphine, under=people.paul, reason="x")
    Bal.objects.filter(pk=org.pk).update(state=State.DELETION_CONFIRMED)
    campaign = launch(CampaignKind.RECERTIFICATION)
    (target,) = campaign.targets.all()
    assert target.bal == per
    Bal.objects.filter(pk=per.pk).update(state=State.DELETION_CONFIRMED)
    assert not campaign.targets.with_outcome().filter(outcome=Outcome.PENDING).exists(), "nor reminded"


@pytest.fixture
def two_bal(practises, make_bal):
    """Paul practises at the CHU and has two BAL."""
    return [make_bal("PER", practises), make_bal("PER", practises)]


def asked_person(person):
    return CampaignTarget.objects.with_outcome().get(person=person, bal=None)


def test_who_has_several_addresses_is_asked_once_which_one_they_prefer(
    two_bal, people, situate, make_bal, foresee, launch
):
    situate(people.bruno)
    make_bal("PER", people.bruno)  # one address only
    make_bal("PER", people.alice)
    make_bal("PER", people.alice)  # nowhere, says the annuaire
    found = foresee(PREFERRED)
    assert (found.asked, found.people) == (1, 1)
    assert fates(found.left_out) == {"one": 1, "nowhere": 1}
    campaign = launch(PREFERRED)
    assert [target.person for target in campaign.targets.all()] == [people.paul]
    assert Notice.objects.get().stage == "ask_campaign-preferred"
    assert fates(foresee(PREFERRED).left_out)["already"] == 1
    with pytest.raises(Refused, match="personne à interroger"):
        launch(PREFERRED)


def test_an_address_of_another_operator_is_one_to_choose_from(practises, per, foresee):
    assert fates(foresee(PREFERRED).left_out) == {"one": 1}
    now = timezone.now()
    SyncRun.objects.create(source="extraction", status=SyncRun.Status.APPLIED, generated_at=now)
    facts = {"source": "extraction", "kind": "PER", "digest": "x", "first_seen_at": now, "changed_at": now}
    Entry.objects.create(address=per.address, person_id=practises.rpps, **facts)
    assert foresee(PREFERRED).asked == 0
    Entry.objects.create(address="paul@ailleurs.mssante.fr", person_id=practises.rpps, **facts)
    assert foresee(PREFERRED).asked == 1


def test_the_choice_is_the_persons_wish(two_bal, people, launch):
    launch(PREFERRED)
    target = asked_person(people.paul)
    with pytest.raises(Refused, match="Choisissez une BAL"):
        answer_campaign(target, Answer.CHOSEN, by=people.paul.user, chosen={CHU: ""})
    with pytest.raises(Refused, match="rien n’est enregistré"):
        answer_campaign(target, Answer.DECLINED, by=people.paul.user, chosen={CHU: two_bal[0].address})
    answer_campaign(target, Answer.CHOSEN, by=people.paul.user, chosen={CHU: two_bal[1].address})
    assert Preference.objects.get().address == two_bal[1].address
    assert asked_person(people.paul).outcome == Answer.CHOSEN


def test_one_may_decline_to_choose(two_bal, people, launch):
    launch(PREFERRED)
    answer_campaign(asked_person(people.paul), Answer.DECLINED, by=people.paul.user, chosen={CHU: ""})
    assert not Preference.objects.exists()
    assert asked_person(people.paul).outcome == Answer.DECLINED


@pytest.mark.parametrize("said", [Answer.CHOSEN, Answer.DECLINED])
def test_a_choice_that_stands_is_kept_by_either_answer(two_bal, people, situate, launch, visit, said):
    actions.prefer(people.paul, CHU, two_bal[0].address, by=people.paul.user)
    clinic = Structure.objects.create(name="Clinique", finess_et="930000001", parent=two_bal[0].structure.parent)
    Affiliation.objects.create(person=people.paul, structure=clinic)
    situate(people.paul, "930000001", "Clinique")
    launch(PREFERRED)
    shown = visit(people.paul, "my-campaigns").text
    assert shown.count("pas de choix") == 1, "nothing says that it could be taken back here"
    chosen = {CHU: two_bal[0].address, "930000001": ""}
    answer_campaign(asked_person(people.paul), said, by=people.paul.user, chosen=chosen)
    assert Preference.objects.get().address == two_bal[0].address
    assert asked_person(people.paul).outcome == said


def test_who_chooses_in_mes_bal_is_asked_no_more(two_bal, people, launch, foresee):
    launch(PREFERRED)
    actions.prefer(people.paul, CHU, two_bal[0].address, by=people.paul.user)
    assert asked_person(people.paul).outcome == Outcome.ELSEWHERE
    CampaignTarget.objects.all().delete()
    assert fates(foresee(PREFERRED).left_out) == {"chosen": 1}


def test_an_address_that_is_not_theirs_is_refused_and_leaves_no_answer(two_bal, org, people, launch):
    launch(PREFERRED)
    with pytest.raises(Refused, match="pas à vous"):
        answer_campaign(asked_person(people.paul), Answer.CHOSEN, by=people.paul.user, chosen={CHU: org.address})
    assert asked_person(people.paul).outcome == Outcome.PENDING
