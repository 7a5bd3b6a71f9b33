"""Programmes: engaged by a gestionnaire, counted by the indicators, reminded before the day."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes.engagements.actions import close_engagement, set_engagement
from mailboxes.findings import count_findings
from mailboxes.indicators.progress import TARGETS, progress_of
from mailboxes.indicators.table import BY_NAME
from mailboxes.jobs import run
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Engagement, JournalEntry, Notice, Structure
from mailboxes.notices.telling import path_of
from mailboxes.rules import NotAllowed, Refused

DAY = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def in_january(time_machine):
    time_machine.move_to("2026-01-10T08:00:00+01:00", tick=False)


@pytest.fixture
def engage(structure, people):
    def go(number=2, target="opened", due_on=DAY, by=None, **facts):
        facts = {"programme": "ESMS numérique", "target": target, "number": number, "due_on": due_on, **facts}
        return set_engagement(Engagement(structure=structure), by=by or people.gisele.user, **facts)

    return go


@pytest.mark.parametrize(
    ("target", "count"), [("opened", 3), ("published", 1), ("used", 1), ("personal", 2), ("shared", 2)]
)
def test_each_target_is_counted_by_its_figure_over_the_structure_and_those_below(
    engage, structure, make_bal, people, fresh, make_entry, target, count
):
    site = Structure.objects.create(name="Site", parent=structure)
    other = Structure.objects.create(name="Ailleurs")
    per = make_bal("PER", people.paul, clock_at=timezone.now() - timedelta(days=3))
    make_bal("ORG", people.alice)
    make_bal("PER", people.bruno, structure=site)
    make_bal("CAB", people.alice, state="requested")
    make_bal("APP", structure=other)
    make_entry(per.address)
    (progress,) = progress_of([engage(5, target)])
    assert progress.achieved == count
    assert (progress.percent, progress.missing, progress.is_reached) == (20 * count, 5 - count, False)


def test_each_target_is_one_of_the_indicators_own_keys():
    assert set(TARGETS) == set(Engagement.Target)
    for counted in TARGETS.values():
        assert counted.keys <= BY_NAME[counted.figure].keys().keys()


def test_many_cost_as_many_queries_as_one(engage, make_bal, people, django_assert_max_num_queries):
    kinds = [(number, target) for number in (1, 2, 3) for target in Engagement.Target]
    rows, costs = [engage(number, target, programme=f"Programme {number}") for number, target in kinds], []
    for some in (rows[:5], rows):
        with django_assert_max_num_queries(12) as captured:
            progress_of(some)
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_it_is_reminded_once_before_each_threshold_and_no_more_once_reached(
    engage, people, make_bal, time_machine, mailoutbox, django_capture_on_commit_callbacks
):
    engagement, sent = engage(2), []
    make_bal("ORG", people.alice)
    for day in ("2026-04-20", "2026-05-05", "2026-05-05", "2026-06-01", "2026-06-24", "2026-06-25"):
        time_machine.move_to(f"{day}T08:00:00+02:00", tick=False)
        with django_capture_on_commit_callbacks(execute=True):
            sent.append(run("follow_engagements").done)
    assert sent == [0, 1, 0, 1, 1, 0]
    notices = Notice.objects.filter(stage=Act.REMIND_ENGAGEMENT)
    assert {notice.recipient for notice in notices} == {"Gisele"}
    assert "1 sur 2, il en manque 1" in notices[0].text
    assert path_of(notices[0]) == reverse("engagement-list")
    assert mailoutbox[0].subject == "[CHU] L’échéance d’un engagement approche"
    make_bal("ORG", people.bruno)
    set_engagement(engagement, by=people.gisele.user, due_on=date(2026, 7, 1))
    assert run("follow_engagements").done == 0
    engagement.refresh_from_db()
    assert engagement.reached_on == date(2026, 6, 25)


def test_one_written_late_is_reminded_once_not_three_times(engage):
    engage(9, due_on=date(2026, 1, 12))
    assert [run("follow_engagements").done for _ in range(2)] == [1, 0]
    assert Engagement.objects.get().reminded_for == 7


def test_the_finding_stands_from_the_first_threshold_until_reached_or_closed(engage, people, make_bal, time_machine):
    def found():
        return {one.finding.name: one.number for one in count_findings(people.gisele.user)}.get("engagement", 0)

    engagement = engage(1)
    assert found() == 0
    for day, expected in (("2026-04-30", 0), ("2026-05-01", 1), ("2026-07-15", 1)):
        time_machine.move_to(f"{day}T08:00:00+02:00", tick=False)
        assert found() == expected, day
    bal = make_bal("ORG", people.alice)
    run("follow_engagements")
    assert found() == 0
    Bal.objects.filter(pk=bal.pk).update(state="deleted")
    run("follow_engagements")
    assert found() == 1, "no longer reached"
    close_engagement(engagement, by=people.gisele.user, note="Prolongé par convention")
    assert found() == 0
    said = JournalEntry.objects.get(what=Act.CLOSE_ENGAGEMENT)
    assert (said.after, said.note) == ("0 sur 1", "Prolongé par convention")
    with pytest.raises(Refused, match="clos"):
        set_engagement(engagement, by=people.gisele.user, number=3)


def test_a_change_is_journaled_with_both_and_no_change_is_not(engage, people):
    engagement = engage(2)
    for _ in range(2):
        set_engagement(engagement, by=people.gisele.user, number=4)
    lines = JournalEntry.objects.filter(what=Act.SET_ENGAGEMENT).order_by("pk")
    assert [(line.before, line.after) for line in lines] == [
        ("", "ESMS numérique : 2 BAL ouvertes, le 30/06/2026"),
        ("ESMS numérique : 2 BAL ouvertes, le 30/06/2026", "ESMS numérique : 4 BAL ouvertes, le 30/06/2026"),
    ]


@pytest.mark.parametrize(
    ("facts", "says"), [({"number": 0}, "supérieure"), ({"programme": ""}, "Programme"), ({"target": "sold"}, "sold")]
)
def test_what_makes_no_sense_is_refused(engage, facts, says):
    with pytest.raises(Refused, match=says):
        engage(**facts)
    assert not Engagement.objects.exists()


def test_the_pages_engage_change_and_close_and_a_reader_only_reads(client, people, structure, engage):
    client.force_login(people.gisele.user)
    facts = {"structure": structure.pk, "programme": "Ségur", "target": "used", "number": 3, "due_on": "2026-12-31"}
    assert client.post(reverse("engagement-new"), facts).status_code == 302
    engagement = Engagement.objects.get()
    edit, close = (reverse(name, args=[engagement.pk]) for name in ("engagement-edit", "engagement-close"))
    page = client.get(reverse("engagement-list")).text
    assert "0 sur 3 BAL utilisées" in page
    assert edit in page
    assert client.post(edit, facts | {"number": 8}).status_code == 302
    assert Engagement.objects.get().number == 8
    client.force_login(people.lea.user)
    page = client.get(reverse("engagement-list")).text
    assert "Ségur" in page
    assert edit not in page
    client.post(close, {})
    assert Engagement.objects.get().closed_at is None
    client.force_login(people.eve.user)
    assert "Ségur" not in client.get(reverse("engagement-list")).text
    assert client.get(edit).status_code == 404
    client.force_login(people.gisele.user)
    assert client.post(close, {"note": "Tenu."}).status_code == 302
    assert "Clos" in client.get(reverse("engagement-list")).text


def test_nobody_but_a_gestionnaire_engages(engage, people):
    for name in ("lea", "alice", "eve"):
        with pytest.raises(NotAllowed):
            engage(by=getattr(people, name).user)


def test_a_second_window_writes_no_second_engagement(engage, people, structure):
    first = engage()
    with pytest.raises(Refused) as refused:
        engage(3, programme=" esms NUMÉRIQUE")
    assert refused.value.code == "twice"
    assert "30/06/2026" in refused.value.messages[0]
    other = engage(target="used")
    with pytest.raises(Refused):
        set_engagement(other, by=people.gisele.user, target="opened")
    set_engagement(first, by=people.gisele.user, number=7)  # itself is no other
    close_engagement(first, by=people.gisele.user)
    engage()


@pytest.mark.parametrize(
    ("target", "one", "two"),
    [
        ("opened", "1 BAL ouverte", "2 BAL ouvertes"),
        ("published", "1 BAL à l’annuaire public", "2 BAL à l’annuaire public"),
        ("shared", "1 BAL organisationnelle ou de cabinet", "2 BAL organisationnelles ou de cabinet"),
    ],
)
def test_one_is_said_of_one(target, one, two):
    said = [str(Engagement(programme="Ségur", target=target, number=number)) for number in (1, 2)]
    assert said == [f"Ségur : {one}", f"Ségur : {two}"]
