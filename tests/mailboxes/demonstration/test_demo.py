"""The demonstration, looked at from every side."""

from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError
from django.db.models import Count, Q
from django.utils import timezone

from directory.models import Change, Entry, SyncRun
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.findings import OF_BALS, OF_MOVEMENTS, OF_SIGHTINGS, count_findings
from mailboxes.gaps import SITUATIONS, Gaps
from mailboxes.gaps.preferred import PracticePlaces
from mailboxes.imports.models import Import
from mailboxes.indicators import BY_NAME as FIGURE
from mailboxes.indicators.costs import Costs
from mailboxes.indicators.side_by_side import SideBySide
from mailboxes.lifecycle import RequestStage, State, Verb
from mailboxes.management.demo.story import ACCOUNTS
from mailboxes.models import (
    Affiliation,
    Bal,
    Claim,
    Delegataire,
    JournalEntry,
    Measure,
    Movement,
    Notice,
    Operator,
    Person,
    Reading,
    Request,
    Sighting,
    Structure,
    Use,
)
from mailboxes.models.checklists import files
from mailboxes.models.measures import WASTED
from mailboxes.notices import idleness
from mailboxes.openings.models import NamingPolicy, OpeningDraft
from tests.mailboxes.demonstration.conftest import load

Kind = Bal.Kind
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]


def on(word):
    """The one BAL whose address starts so, its holders in the order in which they came."""
    bal = Bal.objects.get(address__startswith=word)
    return bal, [holder.person for holder in bal.cotitulaires.order_by("pk")]


def test_every_state_and_every_kind_is_there():
    assert set(Bal.objects.values_list("state", flat=True)) == set(State.values)
    assert set(Bal.objects.values_list("kind", flat=True)) == set(Kind.values)


def test_one_campaign_begins_one_is_half_answered_and_one_is_closed():
    choice, review, cleanup = Campaign.objects.order_by("-launched_at")
    begun = choice.targets.outcomes()
    assert begun["pending"] > begun["chosen"] >= 5
    assert begun["declined"] == 1
    assert (review.closed_at, cleanup.rounds) == (None, 2)
    assert cleanup.closed_at
    outcomes = review.targets.outcomes()
    assert outcomes["withdrawn"] == 2
    assert outcomes["confirmed"] >= outcomes["pending"] / 2 > 2
    assert {"used", "unused", "not_mine", "pending"} <= cleanup.targets.outcomes().keys()
    assert CampaignTarget.objects.put_to(authenticate_by_name("alice").person).unanswered().count() == 2


def test_every_verb_was_used():
    assert set(Verb.values) <= set(JournalEntry.objects.values_list("what", flat=True))


REFUSED = {"trop", "sans-principal"}  # the actions let none come to be: they stand for what was brought in


@pytest.mark.parametrize("finding", OF_BALS, ids=lambda finding: finding.name)
def test_there_is_something_to_do_of_every_sort_that_the_actions_allow(finding):
    assert finding.bals(Bal.objects.all()).exists() == (finding.name not in REFUSED)


def test_the_preferred_bal_are_at_every_stage_and_some_contradict_one_another():
    counts = PracticePlaces(Structure.objects.all()).counts()
    assert not [sort for sort, count in counts.items() if not count and sort != "pas-a-lui"]
    assert counts["observees"] == 3, "closed by what was seen"


def test_no_bal_has_two_principals_nor_21_cotitulaires():
    counted = Bal.objects.annotate(
        principals=Count("cotitulaires", filter=Q(cotitulaires__is_principal=True)), holders=Count("cotitulaires")
    )
    assert counted.filter(principals__gt=1).count() == 0
    assert max(counted.values_list("holders", flat=True)) == 20


def test_every_holder_has_an_rpps_and_a_card_but_one_whose_card_is_over():
    unable = Person.objects.filter(held__isnull=False).filter(Q(rpps=None) | Q(has_cps=False)).distinct()
    assert [(person.given_name, bool(person.rpps)) for person in unable] == [("Coralie", True)]


def test_the_printed_key_opens_the_api(printed, client):
    key = printed.partition("BAL_KEY=")[2].split()[0]
    answer = client.get("/api/v1/bals/?page_size=1", headers={"Authorization": f"Bearer {key}"})
    assert len(answer.json()["results"]) == 1


def test_the_printed_accounts_log_in_with_the_printed_password(printed):
    password = printed.partition("Mot de passe")[2].split()[0]
    assert "http://localhost:8123" in printed
    for login in ACCOUNTS:
        assert f"  {login} " in printed
        assert authenticate(username=login, password=password), login
    assert authenticate(username="gisele", password="") is None


def test_each_account_sees_what_its_role_shows():
    users = {login: authenticate_by_name(login) for login in ACCOUNTS}
    seen = {login: Bal.objects.visible_to(user).count() for login, user in users.items()}
    assert seen["admin"] == Bal.objects.count()
    assert seen["admin"] > seen["solange"] > seen["gisele"] == seen["direction"] > seen["emilie"] > 10
    assert (seen["alice"], seen["delphine"]) == (2, 2)
    assert Structure.objects.managed_by(users["direction"]).count() == 0
    assert [place.name for place in Structure.objects.managed_by(users["emilie"])] == ["EHPAD Les Glycines"]


def test_the_grades_manages_its_region_and_reads_the_foundation():
    solange = authenticate_by_name("solange")
    grades = Structure.objects.get(kind=Structure.Kind.GRADES)
    managed, seen = (Structure.objects.managed_by(solange), Structure.objects.visible_to(solange))
    assert set(managed) == {grades, *grades.children.all()}
    assert len({place.department for place in managed}) == 12, "a map worth looking at"
    foundation = Structure.objects.get(name__startswith="Fondation")
    assert set(seen) - set(managed) >= set(Structure.objects.under(foundation))
    assert str(len(managed) - 1) in ACCOUNTS["solange"]


def test_whoever_compares_structures_sees_the_course_of_each_also_some_days_later():
    now = timezone.now()
    for days in (0, 1, 5):
        Measure.objects.filter(day=timezone.localdate(now)).update(day=timezone.localdate(now) + timedelta(days=days))
        compared = SideBySide(Structure.objects.all(), now)
        courses = compared.courses(compared.lines)
        assert {len(course[name]) for course in courses.values() for name in ("live", "todo", WASTED)} == {13}, days
        Measure.objects.filter(day=timezone.localdate(now) + timedelta(days=days)).update(day=timezone.localdate(now))


def authenticate_by_name(login):
    return Person._meta.get_field("user").related_model.objects.get(username=login)


def test_case_1_nurse_a_opens_and_names_b_who_names_c():
    bal, (a, b, c) = on("cabinet-infirmier-tilleuls")
    assert not bal.structure.has_national_id
    assert bal.principal() == a
    opened = bal.journal.get(what="register")
    assert (opened.by, opened.after) == (a.user, "requested")
    added = bal.journal.filter(what="add_cotitulaire").order_by("at")
    assert [(entry.by, entry.after) for entry in added] == [(a.user, str(b)), (b.user, str(c))]


@pytest.mark.parametrize("address", ["cabinet-place-aux-herbes", "reseau-depistage-sein"])
def test_cases_2_and_3_both_cotitulaires_delegate_to_the_secretary(address):
    bal, holders = on(address)
    delegations = Delegataire.objects.current().filter(bal=bal)
    assert {delegation.under for delegation in delegations} == set(holders)
    assert len(holders) == 2
    assert {delegation.person.rpps for delegation in delegations} == {None}
    assert len({delegation.person for delegation in delegations}) == 1


def test_case_4_one_doctor_opens_four_org_and_delegates_to_seven_functions():
    bals = Bal.objects.filter(kind=Kind.ORGANISATIONNELLE, structure__kind=Structure.Kind.ADMINISTRATION)
    assert bals.count() == 4
    assert {bal.principal().user.username for bal in bals} == {"honore"}
    delegations = Delegataire.objects.current().filter(bal__in=bals)
    assert delegations.values("person").distinct().count() == 7
    assert {delegation.under.user.username for delegation in delegations} == {"honore"}


def test_two_people_share_a_name_in_the_hospital():
    assert Person.objects.filter(given_name="Claire", family_name="Martin").count() == 2
    assert Bal.objects.filter(address__startswith="claire.martin").count() == 2


def test_the_operators_differ():
    assert Operator.objects.values("alert_after_months", "default_quota_mb", "yearly_cost").distinct().count() == 3
    assert all(operator.bals.count() > 5 for operator in Operator.objects.all())


def test_the_past_stands_at_its_own_dates():
    now = timezone.now()
    for dates in (
        JournalEntry.objects.values_list("at", flat=True),
        Bal.objects.values_list("state_since", flat=True),
        Notice.objects.values_list("created_at", flat=True),
        Reading.objects.values_list("at", flat=True),
    ):
        assert max(dates) <= now
        assert (now - min(dates)).days >= 300
    for bal in Bal.objects.prefetch_related("journal"):
        moved = [entry.at for entry in bal.journal.all() if entry.after == bal.state]
        assert bal.state_since == max(moved), bal


def test_nothing_is_left_to_send():
    assert not JournalEntry.objects.filter(told_at=None).exists()
    assert not Notice.objects.filter(sent_at=None, channel=Notice.Channel.EMAIL).exists()


def test_the_annuaire_has_a_history_and_differs_from_the_register():
    runs = SyncRun.objects.order_by("started_at")
    assert {run.status for run in runs} == {SyncRun.Status.APPLIED}
    assert not runs.last().is_stale
    assert set(Change.objects.filter(run=runs.last()).values_list("kind", flat=True)) == set(Change.Kind.values)
    ours = Entry.objects.current().filter(domain="trois-rivieres.mssante.fr")
    assert ours.exclude(address__in=Bal.objects.values("address")).count() == 3
    elsewhere = Entry.objects.current().filter(person_id__in=Person.objects.values("rpps"))
    assert elsewhere.filter(source="extraction", domain="praticiens-liberaux.mssante.fr").count() == 6


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.name)
def test_every_sort_of_gap_is_there(situation):
    gaps = Gaps(Structure.objects.all()).narrowed(situation=situation.name, status="open")
    assert gaps.count()


def test_professionals_were_asked_of_their_addresses_and_some_answered():
    assert set(Claim.objects.values_list("answer", flat=True)) == {"", *Claim.Answer.values}
    assert set(Notice.objects.values_list("stage", flat=True)) >= {"ask_person", "remind_person"}


def test_every_gestionnaire_has_a_naming_policy_and_two_bal_were_asked_for_by_the_assistant():
    assert NamingPolicy.objects.count() == 7
    asked = JournalEntry.objects.filter(what="request_opening").order_by("at")
    assert [entry.by.username == "gisele" for entry in asked] == [True, False]
    assert [entry.bal.delegataires.exists() for entry in asked] == [False, True]  # foreseen, then given
    assert set(OpeningDraft.objects.get().answers) == {"usage", "type", "responsable", "operateur"}


def test_arrivals_and_departures_are_at_every_stage():
    found = files(Movement.objects.all())
    states = {(file.movement.kind, bool(file.movement.closed_at), file.is_complete) for file in found}
    assert states == {("arrival", False, False), ("departure", False, False), ("departure", True, True)}
    assert [file.movement.stay.person for file in found if file.standing.blocking]
    for finding in OF_MOVEMENTS:
        assert finding.movements(Movement.objects.all()).exists(), finding.name
    for finding in OF_SIGHTINGS:
        assert finding.sightings(Sighting.objects.all()).exists(), finding.name
    assert set(Sighting.objects.values_list("kind", flat=True)) == {"ended", "gone", "red_listed"}
    assert any(0 < file.settled < len(file.lines) for file in found if file.movement.kind == "arrival")
    assert not Affiliation.objects.filter(left_on__isnull=False, applied_at=None).exists()


def test_requests_stand_in_every_stage_some_late_some_reminded_some_for_the_hand():
    assert set(Request.objects.values_list("stage", flat=True)) == set(RequestStage.values)
    late = Request.objects.overdue(timezone.localdate())
    assert late.exclude(reminded_at=None).exists()
    assert late.exclude(escalated_at=None).filter(operator__request_email="").exists()
    assert Request.objects.filter(stage=RequestStage.DRAFT, operator__request_email="").exists()
    latest = Request.objects.filter(operator__request_layouts__isnull=False).latest("pk")
    assert latest.letter.subject.startswith("Demande MSSanté n°")


def test_the_counts_are_the_same_whatever_the_day():
    """Whoever writes of the demonstration, or shows it, finds the same figures."""
    assert (Bal.objects.count(), Person.objects.count(), Request.objects.count()) == (379, 331, 232)
    assert Counter(Bal.objects.values_list("state", flat=True)) == {
        State.REQUESTED: 8,
        State.ACTIVE: 307,
        State.IDLE_ALERTED: 21,
        State.DEPUBLICATION_REQUESTED: 9,
        State.DEPUBLISHED: 12,
        State.DELETION_REQUESTED: 4,
        State.DELETION_CONFIRMED: 4,
        State.DELETED: 8,
        State.ABANDONED: 6,
    }


def test_it_is_not_loaded_twice():
    before = Bal.objects.count()
    assert load("--if-empty") == ""
    with pytest.raises(CommandError, match="déjà"):
        load()
    assert Bal.objects.count() == before


def test_lists_of_operators_are_there_applied_waiting_and_taken_back():
    runs = {run.stage: run for run in Import.objects.all()}
    assert set(runs) == {"applied", "previewed", "undone"}
    applied, waiting = runs["applied"], runs["previewed"]
    assert (applied.created, applied.rejected, applied.corrected) == (5, 3, 3)
    assert applied.updated > 5
    assert (waiting.created, waiting.rejected) == (0, 3)
    assert waiting.path.is_file(), "gisele may apply it"
    assert set(Bal.objects.filter(address__startswith="recette").values_list("state", flat=True)) == {State.ABANDONED}


def test_pages_figures_costs_and_sweeps_count_the_same_sets():
    gisele, now = authenticate_by_name("gisele"), timezone.now()
    seen, structures = Bal.objects.visible_to(gisele), Structure.objects.visible_to(gisele)
    assert (seen.count(), seen.live().count(), seen.paid().count(), seen.of_unknown_use().count()) == (
        255,
        242,
        232,
        10,
    )
    bill = Costs(structures, now).total
    assert (bill.total.count, bill.unknown.count) == (232, 10)
    figures = {name: Counter() for name in ("total", "activity")}
    for name, found in figures.items():
        for _, key, number in FIGURE[name].counts(structures, now):
            found[key] += number
    assert (figures["total"][""], figures["activity"].total(), figures["activity"][Use.UNKNOWN]) == (242, 232, 10)
    assert {row.finding.name: row.number for row in count_findings(gisele)}["usage-inconnu"] == 10
    assert idleness.to_ask_about().filter(pk__in=seen).count() == 10
