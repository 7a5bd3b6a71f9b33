"""The periodic review of accesses: fixed by the structure, begun by the automate, once on its day."""

from datetime import date

import pytest
from django.urls import reverse

from mailboxes.campaigns.models import Campaign, Recurrence
from mailboxes.campaigns.reviews import set_recurrence
from mailboxes.jobs import run
from mailboxes.lifecycle import Act
from mailboxes.models import JournalEntry, Structure
from mailboxes.rules import NotAllowed, Refused

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def on_the_second_of_march(time_machine):
    time_machine.move_to("2026-03-02T08:00:00+01:00", tick=False)


@pytest.fixture
def fix(structure, people):
    def go(every, next_on=None, by=None):
        return set_recurrence(structure, every=every, next_on=next_on, by=by or people.gisele.user)

    return go


def test_the_campaign_begins_on_its_day_and_once(fix, structure, people, org, time_machine):
    fix("quarter", date(2026, 4, 1))
    run("review_accesses")
    assert not Campaign.objects.exists()
    time_machine.move_to("2026-04-01T08:00:00+02:00", tick=False)
    run("review_accesses")
    run("review_accesses")
    campaign = Campaign.objects.get()
    assert (campaign.structure, campaign.kind, campaign.title) == (structure, "recertify", "Revue des accès, 04/2026")
    assert (campaign.by, campaign.closes_on) == (people.gisele.user, date(2026, 5, 1))
    assert [target.bal for target in campaign.targets.all()] == [org]
    assert Recurrence.objects.get().next_on == date(2026, 7, 1)
    launched = JournalEntry.objects.get(what=Act.LAUNCH_CAMPAIGN)
    assert (launched.by, launched.structure) == (None, structure), "by the automate"


@pytest.mark.parametrize(
    ("every", "next_on"),
    [("quarter", date(2026, 6, 15)), ("half_year", date(2026, 9, 15)), ("year", date(2027, 3, 15))],
)
def test_each_frequency_says_the_next_day(fix, org, time_machine, every, next_on):
    fix(every, date(2026, 3, 15))
    time_machine.move_to("2026-03-20T08:00:00+01:00", tick=False)
    run("review_accesses")
    assert Recurrence.objects.get().next_on == next_on


def test_a_service_stopped_for_a_year_asks_once_and_goes_on_from_today(fix, org, time_machine):
    fix("quarter", date(2026, 3, 15))
    time_machine.move_to("2027-03-20T08:00:00+01:00", tick=False)
    run("review_accesses")
    assert Campaign.objects.count() == 1
    assert Recurrence.objects.get().next_on == date(2027, 6, 20)


def test_with_nobody_to_ask_nothing_is_launched_and_the_next_day_is_set(fix, structure, time_machine):
    fix("year", date(2026, 3, 15))
    time_machine.move_to("2026-03-15T08:00:00+01:00", tick=False)
    run("review_accesses")
    assert not Campaign.objects.exists()
    assert "personne à interroger" in JournalEntry.objects.get(what=Act.LAUNCH_CAMPAIGN).note
    assert Recurrence.objects.get().next_on == date(2027, 3, 15)


def test_it_is_fixed_by_a_gestionnaire_journaled_and_taken_back(fix, people):
    for name in ("lea", "alice", "eve"):
        with pytest.raises(NotAllowed):
            fix("year", date(2026, 6, 1), by=getattr(people, name).user)
    fix("year", date(2026, 6, 1))
    fix("year", date(2026, 6, 1))
    fix("")
    said = [(line.before, line.after) for line in JournalEntry.objects.filter(what=Act.SET_RECURRENCE).order_by("pk")]
    never, yearly = "seulement quand elle est lancée", "chaque année, la prochaine le 01/06/2026"
    assert said == [(never, yearly), (yearly, never)], "what did not change is no line"
    assert not Recurrence.objects.exists()


@pytest.mark.parametrize(
    ("every", "next_on", "says"),
    [("year", None, "quel jour"), ("year", TODAY, "après aujourd’hui"), ("weekly", date(2026, 6, 1), "weekly")],
)
def test_what_makes_no_sense_is_refused(fix, every, next_on, says):
    with pytest.raises(Refused, match=says):
        fix(every, next_on)
    assert not Recurrence.objects.exists()


def test_what_is_closed_is_gone_through_no_more(fix, structure, client, people):
    fix("year", date(2026, 6, 1))
    Structure.objects.filter(pk=structure.pk).update(closed_on=TODAY)
    with pytest.raises(Refused, match="est fermée"):
        fix("quarter", date(2026, 6, 1))
    client.force_login(people.gisele.user)
    assert str(structure) not in client.get(reverse("recurrence-list")).text
    fix("", None)
    assert not Recurrence.objects.exists()


def test_the_page_sets_it_and_a_reader_only_reads(client, people, structure):
    page = reverse("recurrence", args=[structure.pk])
    client.force_login(people.lea.user)
    assert page not in client.get(reverse("recurrence-list")).text
    client.post(page, {"every": "year", "next_on": "2026-06-01"})
    assert not Recurrence.objects.exists()
    client.force_login(people.gisele.user)
    assert page in client.get(reverse("recurrence-list")).text
    assert client.get(page).context["form"].initial["next_on"] == date(2026, 4, 1)
    assert client.post(page, {"every": "year", "next_on": "2026-06-01"}).status_code == 302
    assert "01/06/2026" in client.get(reverse("recurrence-list")).text
    client.force_login(people.eve.user)
    assert client.get(page).status_code == 404
