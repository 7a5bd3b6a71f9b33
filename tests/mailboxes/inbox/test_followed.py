"""Gaps, files, sightings, engagements and requests are paused, entrusted and done as BAL are, and come back so."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.gaps import Gaps
from mailboxes.inbox.actions import entrust_to, follow, pause_until, say_done, take_up
from mailboxes.inbox.models import DONE_FOR, Todo, desk_of
from mailboxes.inbox.rows import Inbox
from mailboxes.inbox.subjects import SUBJECTS
from mailboxes.lifecycle import Act, RequestKind, RequestStage
from mailboxes.models import Affiliation, Engagement, JournalEntry, Movement, Request, Sighting
from mailboxes.rules import NotAllowed, Refused

UNKNOWN, LATE = BY_NAME["inconnue"], BY_NAME["depart-en-retard"]
SEEN, PRESSING, ASKED = BY_NAME["depart-vu"], BY_NAME["engagement"], BY_NAME["en-retard-ailleurs"]
SOON = timedelta(days=3)


@pytest.fixture
def gaps(fresh, structure, make_entry):
    """Three addresses that the annuaire shows of ours, and the register does not hold."""
    for name in ("a", "b", "c"):
        make_entry(f"{name}@chu-exemple.mssante.fr", "ORG", structure_id_type="1", structure_id=structure.finess_et)
    return [f"inconnue:{structure.pk}:{name}@chu-exemple.mssante.fr" for name in ("a", "b", "c")]


@pytest.fixture
def late(people, structure):
    """Two departures whose day has passed."""
    found = []
    for name in ("alice", "bruno"):
        stay = Affiliation.objects.get(person=getattr(people, name), structure=structure)
        found.append(
            Movement.objects.create(
                stay=stay,
                kind=Movement.Kind.DEPARTURE,
                planned_on=timezone.localdate() - timedelta(days=len(found) + 2),
            )
        )
    return found[::-1]


@pytest.fixture
def departures(people, structure):
    """Two people whose activity the annuaire no longer shows."""
    stays = [Affiliation.objects.get(person=people.alice), Affiliation.objects.get(person=people.bruno)]
    now = timezone.now()
    return [Sighting.objects.create(kind=Sighting.Kind.ENDED, stay=stay, seen_at=now) for stay in stays]


@pytest.fixture
def engagements(structure):
    """Two programmes whose day is near, of which nothing is reached."""
    due = timezone.localdate() + timedelta(days=5)
    facts = {"structure": structure, "target": Engagement.Target.OPENED, "number": 9, "due_on": due}
    return [Engagement.objects.create(programme=name, **facts) for name in ("ESMS numérique", "Ségur")]


@pytest.fixture
def overdue(structure, operator, people):
    """Two requests about addresses that the register does not hold, which the operator left unanswered."""
    yesterday = timezone.localdate() - timedelta(days=1)
    facts = {"structure": structure, "operator": operator, "by": people.gisele.user}
    for name in ("a", "b"):
        actions.requests.ask(RequestKind.DEPUBLISH, address=f"{name}@ancien.mssante.fr", **facts)
    Request.objects.update(stage=RequestStage.SENT, due_on=yesterday)
    return list(Request.objects.order_by("pk"))


@pytest.fixture(params=["gaps", "movements", "sightings", "engagements", "requests"])
def things(request):
    """The finding, and the keys of what it is about."""
    if request.param == "gaps":
        return UNKNOWN, request.getfixturevalue("gaps")
    finding, rows = {
        "movements": (LATE, "late"),
        "sightings": (SEEN, "departures"),
        "engagements": (PRESSING, "engagements"),
        "requests": (ASKED, "overdue"),
    }[request.param]
    return finding, [row.pk for row in request.getfixturevalue(rows)]


def rows(user, tab=""):
    return {row.finding.name: row for row in Inbox(user, desk_of(user), timezone.now()).of(tab)}


def number(user, finding, tab=""):
    found = rows(user, tab).get(finding.name)
    return found.number if found else 0


def test_what_is_paused_is_aside_until_its_day(things, people, time_machine):
    finding, keys = things
    user = people.gisele.user
    assert follow(finding, keys[:1], pause_until(timezone.localdate() + SOON), by=user) == 1
    assert number(user, finding) == len(keys) - 1
    assert number(user, finding, "pause") == 1
    time_machine.move_to(timezone.now() + SOON + timedelta(hours=1))
    assert number(user, finding) == len(keys)


def test_what_is_said_done_and_still_there_comes_back(things, people, time_machine):
    finding, keys = things
    user = people.gisele.user
    follow(finding, keys, say_done(), by=user)
    assert number(user, finding) == 0
    assert number(user, finding, "fait") == len(keys)
    follow(finding, keys[:1], take_up(), by=user)
    assert number(user, finding) == 1
    with pytest.raises(Refused):  # another window
        follow(finding, keys[:1], take_up(), by=user)
    time_machine.move_to(timezone.now() + DONE_FOR + timedelta(hours=1))
    assert number(user, finding, "fait") == 0


def test_what_is_entrusted_is_theirs_and_written_down(things, people, structure):
    finding, keys = things
    follow(finding, keys[:1], entrust_to(people.lea.user), by=people.gisele.user)
    assert rows(people.lea.user)[finding.name].mine == 1
    entry = JournalEntry.objects.get(what=Act.FOLLOW)
    assert (entry.after, entry.structure) == ("confié à Lea", structure)
    assert entry.before.startswith(finding.title)
    assert entry.address or entry.person or "ESMS numérique" in entry.before, "of what it was decided"


@pytest.mark.parametrize("name", ["lea", "eve", "paul"])
def test_who_does_not_manage_decides_nothing(things, people, name):
    finding, keys = things
    with pytest.raises(NotAllowed):
        follow(finding, keys, say_done(), by=getattr(people, name).user)
    assert not Todo.objects.exists()


def test_another_structure_has_its_own_inbox(things, people):
    finding, keys = things
    follow(finding, keys, say_done(), by=people.gisele.user)
    assert number(people.eve.user, finding, "fait") == 0


def test_what_was_decided_of_a_gap_goes_with_it(gaps, people, structure, fresh):
    follow(UNKNOWN, gaps, say_done(), by=people.gisele.user)
    gap = Gaps.visible_to(people.gisele.user).keyed(gaps[:1])[0]
    gap.entries[0].delete()
    jobs.run("note_todos")
    assert set(Todo.objects.values_list("address", flat=True)) == {
        "b@chu-exemple.mssante.fr",
        "c@chu-exemple.mssante.fr",
    }


def test_while_the_annuaire_is_too_old_no_decision_is_forgotten(fresh, per, people, structure, time_machine):
    missing = BY_NAME["absente"]
    key = f"absente:{structure.pk}:{per.address}"
    follow(missing, [key], say_done(), by=people.gisele.user)
    time_machine.move_to(timezone.now() + timedelta(days=60))
    jobs.run("note_todos")
    assert Todo.objects.filter(finding="absente").exists()


def test_a_file_has_its_row_for_as_long_as_the_finding_holds(late, people):
    jobs.run("note_todos")
    assert Todo.objects.filter(finding=LATE.name).count() == 2
    Movement.objects.filter(pk=late[0].pk).update(closed_at=timezone.now())
    jobs.run("note_todos")
    assert Todo.objects.get(finding=LATE.name).movement == late[1]


def test_the_others_have_their_row_for_as_long_as_the_finding_holds(departures, engagements, overdue, people):
    jobs.run("note_todos")
    for finding in (SEEN, PRESSING, ASKED):
        assert Todo.objects.filter(finding=finding.name).count() == 2, finding.name
    actions.step(overdue[0], Act.RECORD_DONE, by=people.gisele.user)
    Sighting.objects.filter(pk=departures[0].pk).update(dismissed_at=timezone.now(), reason="Elle reste.")
    Engagement.objects.filter(pk=engagements[0].pk).update(closed_at=timezone.now())
    jobs.run("note_todos")
    assert Todo.objects.get(finding=SEEN.name).sighting == departures[1]
    assert Todo.objects.get(finding=PRESSING.name).engagement == engagements[1]
    assert Todo.objects.get(finding=ASKED.name).request == overdue[1]


def test_a_thing_to_do_is_about_one_thing(late, org, structure, departures, engagements):
    two = ({"bal": org, "movement": late[0]}, {"sighting": departures[0], "engagement": engagements[0]})
    for facts in ({}, *two, {"structure": structure}, {"bal": org, "address": "a@b"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Todo.objects.create(finding="pleine", **facts)


# --- The pages --------------------------------------------------------------------------------------------------------
def test_its_page_lists_what_is_to_do_and_each_tab_what_was_decided(client, things, people):
    finding, keys = things
    client.force_login(people.gisele.user)
    url, do = reverse("finding", args=[finding.name]), reverse("todo-follow", args=[finding.name])
    assert client.get(url).context["page"].paginator.count == len(keys)
    picks = SUBJECTS[finding.about].picks
    client.post(do, {"what": "pause", "until": timezone.localdate() + SOON, picks: [keys[0]]})
    client.post(do, {"what": "entrust", "who": people.lea.user.pk, picks: [keys[1]]})
    left = client.get(url)
    assert left.context["page"].paginator.count == len(keys) - 1
    assert "Lea" in left.text
    paused = client.get(url, {"onglet": "pause"})
    assert paused.context["page"].paginator.count == 1
    assert "en pause jusqu’au" in paused.text
    client.post(do, {"what": "take_up", "scope": "all", "onglet": "pause"})
    assert client.get(url).context["page"].paginator.count == len(keys)


def test_all_of_it_is_paused_from_its_row(client, things, people):
    finding, keys = things
    client.force_login(people.gisele.user)
    page = client.get(reverse("dashboard")).text
    assert f'action="{reverse("todo-follow", args=[finding.name])}"' in page
    assert f'href="{reverse("finding", args=[finding.name])}"' in page
    client.post(reverse("todo-follow", args=[finding.name]), {"what": "done", "all": "1"})
    assert Todo.objects.done(timezone.now()).count() == len(keys)


def test_a_reader_is_offered_no_decision(client, things, people):
    finding, _ = things
    client.force_login(people.lea.user)
    page = client.get(reverse("finding", args=[finding.name]))
    assert page.status_code == 200
    assert reverse("todo-follow", args=[finding.name]) not in page.text
    assert reverse("todo-follow", args=[finding.name]) not in client.get(reverse("dashboard")).text


def test_what_one_does_not_see_is_not_decided_of(client, things, people):
    finding, keys = things
    client.force_login(people.eve.user)
    client.post(reverse("todo-follow", args=[finding.name]), {"what": "done", SUBJECTS[finding.about].picks: keys})
    assert not Todo.objects.exists()


def test_the_remedy_of_gaps_is_given_from_the_inbox(client, gaps, people):
    client.force_login(people.gisele.user)
    remedy = reverse("todo-remedy", args=["inconnue"])
    assert remedy in client.get(reverse("dashboard")).text
    foreseen = client.get(client.post(remedy, {"scope": "all"}).url)
    assert foreseen.context["possible"] + foreseen.context["impossible"] == 3
    assert not JournalEntry.objects.exists(), "nothing is done yet"


def test_the_pages_cost_the_same_queries_for_few_and_many(client, things, people, django_assert_max_num_queries):
    finding, keys = things
    client.force_login(people.gisele.user)
    follow(finding, keys[:1], say_done(), by=people.gisele.user)
    client.get(reverse("dashboard"))
    with django_assert_max_num_queries(50):
        client.get(reverse("dashboard"))
    with django_assert_max_num_queries(30):
        client.get(reverse("finding", args=[finding.name]))
