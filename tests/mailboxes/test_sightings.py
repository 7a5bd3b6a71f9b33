"""Departures seen: proposed once for each fact, gone with it, and never acted upon by themselves."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Activity, Entry, SyncRun
from mailboxes import actions
from mailboxes.findings import BY_NAME, OF_SIGHTINGS, count_findings
from mailboxes.jobs import run
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import Affiliation, JournalEntry, Person, Request, Sighting
from mailboxes.rules import NotAllowed, Refused
from mailboxes.views.findings import address_of

Kind = Sighting.Kind
CHU, CLINIC = "010000002", "020000001"


@pytest.fixture
def pictured(fresh):
    """A fresh picture of the public annuaire, and one of the activities."""
    return SyncRun.objects.create(source="activities", status="applied", generated_at=timezone.now())


@pytest.fixture
def practise(db):
    """`practise(alice, CHU)`: the annuaire says that she practises there, or did."""

    def go(person, site=CHU, ended=None):
        now = timezone.now()
        rank = Activity.objects.filter(national_id=f"8{person.rpps}").count() + 1
        return Activity.objects.create(
            source="activities", national_id=f"8{person.rpps}", ordinal=rank, finess_site=site, structure_name="CHU",
            first_seen_at=now, changed_at=now, withdrawn_at=ended,
        )  # fmt: skip

    return go


def days_ago(days):
    return timezone.now() - timedelta(days=days)


def seen():
    return [(row.kind, row.stay and row.stay.person.given_name) for row in Sighting.objects.open().order_by("pk")]


def test_an_activity_that_ended_is_proposed_once_and_goes_when_it_comes_back(people, pictured, practise):
    here, _elsewhere = practise(people.alice), practise(people.alice, CLINIC)
    run("note_sightings")
    assert seen() == []
    Activity.objects.filter(pk=here.pk).update(withdrawn_at=days_ago(3))
    for _ in range(2):
        run("note_sightings")
        assert seen() == [(Kind.ENDED, "Alice")]
    assert JournalEntry.objects.filter(what=Act.NOTE_SIGHTING, person=people.alice).count() == 1
    assert people.alice.affiliations.get().left_on is None, "a proposal, never an act"
    Activity.objects.filter(pk=here.pk).update(withdrawn_at=None)
    run("note_sightings")
    assert not Sighting.objects.exists()


def test_it_is_seen_too_where_the_annuaire_wrote_the_new_place_over_the_old_one(people, pictured, practise):
    line = practise(people.alice)
    run("note_sightings")
    Activity.objects.filter(pk=line.pk).update(finess_site=CLINIC)
    run("note_sightings")
    assert seen() == [(Kind.ENDED, "Alice")]
    assert Sighting.objects.get().seen_at == pictured.generated_at


def test_who_has_no_line_left_at_all_is_said_to_be_gone(people, pictured, practise, make_entry):
    practise(people.alice, ended=days_ago(3))
    practise(people.bruno, ended=days_ago(3))
    make_entry("bruno@ailleurs.mssante.fr", person_id=people.bruno.rpps)
    make_entry("alice@ailleurs.mssante.fr", person_id=people.alice.rpps, withdrawn_at=days_ago(2))
    run("note_sightings")
    assert seen() == [(Kind.ENDED, "Bruno"), (Kind.GONE, "Alice")]


def test_what_ended_before_the_arrival_or_was_never_shown_says_nothing(people, pictured, practise):
    practise(people.alice, ended=days_ago(400))
    people.alice.affiliations.update(arrived_on=timezone.localdate() - timedelta(days=30))
    practise(people.bruno, CLINIC)
    run("note_sightings")
    assert seen() == []


@pytest.mark.parametrize("source", ["activities", "extraction"])
def test_a_stale_annuaire_proposes_nothing_and_takes_nothing_back(people, pictured, practise, per, make_entry, source):
    make_entry(per.address, withdrawn_at=days_ago(3))
    ended = practise(people.alice, ended=days_ago(3))
    SyncRun.objects.filter(source=source).update(generated_at=days_ago(60))
    run("note_sightings")
    kinds = {Kind.RED_LISTED} if source == "activities" else {Kind.GONE}
    assert set(Sighting.objects.values_list("kind", flat=True)) == kinds
    Activity.objects.filter(pk=ended.pk).update(withdrawn_at=None)
    Entry.objects.update(withdrawn_at=None)
    SyncRun.objects.update(generated_at=days_ago(60))
    run("note_sightings")
    assert set(Sighting.objects.values_list("kind", flat=True)) == kinds


def test_a_bal_that_left_the_annuaire_and_that_its_operator_still_tells_of_may_be_red_listed(
    people, pictured, per, org, make_entry
):
    line = make_entry(per.address, withdrawn_at=days_ago(3))
    make_entry(org.address, withdrawn_at=days_ago(3))
    type(org).objects.filter(pk=org.pk).update(read_at=days_ago(4))  # told of before it left: that proves nothing
    run("note_sightings")
    assert [row.bal for row in Sighting.objects.open()] == [per]
    actions.describe_bal(per, by=people.gisele.user, liste_rouge=True)
    assert not Sighting.objects.open().exists()
    actions.describe_bal(per, by=people.gisele.user, liste_rouge=False)
    Entry.objects.filter(pk=line.pk).update(withdrawn_at=None)
    run("note_sightings")
    assert not Sighting.objects.exists()


def test_a_bal_that_is_to_be_published_again_is_not_taken_for_red_listed(people, pictured, per, make_entry):
    """It left because its withdrawal was asked for; its titulaire then kept it."""
    make_entry(per.address, withdrawn_at=days_ago(3))
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    actions.step(Request.objects.get(), Act.RECORD_DONE, by=people.gisele.user)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert Request.objects.filter(kind="publish").exists()
    run("note_sightings")
    assert not Sighting.objects.exists()
    Request.objects.filter(kind="publish").update(stage="refused")
    run("note_sightings")
    assert Sighting.objects.get().bal == per


def test_one_set_aside_stays_so_until_the_fact_goes_and_comes_again(people, pictured, practise):
    line = practise(people.alice, ended=days_ago(3))
    run("note_sightings")
    sighting = Sighting.objects.get()
    with pytest.raises(Refused, match="pourquoi"):
        actions.dismiss_sighting(sighting, by=people.gisele.user, reason=" ")
    for name in ("lea", "alice", "eve"):
        with pytest.raises(NotAllowed):
            actions.dismiss_sighting(sighting, by=getattr(people, name).user, reason="Congé")
    actions.dismiss_sighting(sighting, by=people.gisele.user, reason="Congé de formation")
    assert JournalEntry.objects.get(what=Act.DISMISS_SIGHTING).note == "Congé de formation"
    with pytest.raises(Refused, match="déjà écartée"):
        actions.dismiss_sighting(sighting, by=people.gisele.user, reason="Encore")
    run("note_sightings")
    assert seen() == []
    for withdrawn_at, expected in ((None, []), (days_ago(1), [(Kind.GONE, "Alice")])):
        Activity.objects.filter(pk=line.pk).update(withdrawn_at=withdrawn_at)
        run("note_sightings")
        assert seen() == expected


def test_it_leads_to_a_departure_on_the_day_it_was_seen_and_is_answered_by_it(client, people, pictured, practise):
    practise(people.alice, ended=days_ago(3))
    run("note_sightings")
    client.force_login(people.gisele.user)
    counted = {one.finding.name: one.number for one in count_findings(people.gisele.user)}
    assert counted["depart-vu"] == 1
    page = client.get(address_of(BY_NAME["depart-vu"])).text
    remedy = reverse("movement-open", args=[people.alice.affiliations.get().pk, "departure"])
    assert remedy in page
    form = client.get(remedy).context["form"]
    assert form.initial["planned_on"] == timezone.localdate(days_ago(3))
    client.post(remedy, {"planned_on": date(2026, 12, 31)})
    assert seen() == []
    assert "depart-vu" not in {one.finding.name for one in count_findings(people.gisele.user)}


def test_a_reader_reads_and_gets_no_act_and_a_stranger_sees_nothing(client, people, pictured, practise):
    practise(people.alice, ended=days_ago(3))
    run("note_sightings")
    client.force_login(people.lea.user)
    page = client.get(reverse("sighting-list")).text
    assert "Alice EXEMPLE" in page
    assert "Écarter" not in page
    assert "Préparer le départ" not in page
    client.force_login(people.eve.user)
    assert "Alice EXEMPLE" not in client.get(reverse("sighting-list")).text
    assert client.get(reverse("sighting-dismiss", args=[Sighting.objects.get().pk])).status_code == 404


def test_the_list_costs_the_same_for_few_and_many(client, people, structure, django_assert_max_num_queries):
    client.force_login(people.gisele.user)
    costs = []
    for number in range(12):
        person = Person.objects.create(family_name=f"N{number}", given_name="P")
        stay = Affiliation.objects.create(person=person, structure=structure)
        Sighting.objects.create(kind=Kind.GONE, stay=stay, seen_at=timezone.now())
        with django_assert_max_num_queries(44) as captured:
            assert client.get(reverse("sighting-list")).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[-1]


def test_each_finding_about_sightings_is_one_of_the_two_sorts(people, per):
    stay = people.alice.affiliations.get()
    rows = [
        Sighting.objects.create(kind=Kind.ENDED, stay=stay, seen_at=timezone.now()),
        Sighting.objects.create(kind=Kind.RED_LISTED, bal=per, seen_at=timezone.now()),
    ]
    found = [list(finding.sightings(Sighting.objects.all())) for finding in OF_SIGHTINGS]
    assert found == [[rows[0]], [rows[1]]]


# --- Titulaires who cannot hold ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("facts", [{"rpps": None}, {"has_cps": False}])
def test_a_holder_without_rpps_or_card_is_a_finding(people, org, per, facts):
    narrow = BY_NAME["sans-rpps"].bals
    assert not narrow(type(org).objects.all()).exists()
    Person.objects.filter(pk=people.bruno.pk).update(**facts)
    assert list(narrow(type(org).objects.all())) == [org]
    Person.objects.filter(pk=people.paul.pk).update(**facts)
    assert set(narrow(type(org).objects.all())) == {org, per}
    type(org).objects.filter(pk=per.pk).update(state="deleted")
    assert list(narrow(type(org).objects.all())) == [org]
