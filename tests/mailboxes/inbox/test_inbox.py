"""The inbox: its rows, what is decided of them, who may, and the Monday mail."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailboxes import jobs
from mailboxes.actions import name_principal
from mailboxes.findings import BY_NAME, FINDINGS, Counted, counts
from mailboxes.inbox.actions import entrust_to, follow, pause_until, say_done, take_up
from mailboxes.inbox.digest import LINES, digest_of
from mailboxes.inbox.models import DONE_FOR, VISIT, Desk, Todo, desk_of
from mailboxes.inbox.rows import Inbox
from mailboxes.indicators.sparkline import sparkline
from mailboxes.lifecycle import Act
from mailboxes.lists.models import Batch
from mailboxes.models import Bal, JournalEntry, Membership, Structure
from mailboxes.rules import NotAllowed, Refused

FULL = BY_NAME["pleine"]


@pytest.fixture
def full(make_bal, people):
    """Three full BAL of Paul's, the fullest first."""
    facts = {"used_mb": 99, "quota_mb": 100}
    return [make_bal("PER", people.paul, percent_full=percent, **facts) for percent in (99, 98, 97)]


def rows(user, tab=""):
    inbox = Inbox(user, desk_of(user), timezone.now())
    return {row.finding.name: row for row in inbox.of(tab)}


def of(bal):
    return [bal.pk]


def test_a_group_of_equals_is_one_row_with_its_worst_first(full, people):
    row = rows(people.gisele.user)["pleine"]
    assert row.number == 3
    assert row.example.bal == full[0]
    assert "remplie à 99" in row.example.why


def test_what_is_paused_is_aside_until_its_day(full, people, time_machine):
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert follow(FULL, of(full[0]), pause_until(tomorrow), by=people.gisele.user) == 1
    assert rows(people.gisele.user)["pleine"].number == 2
    assert rows(people.gisele.user, "pause")["pleine"].number == 1
    time_machine.move_to(timezone.now() + timedelta(days=1, hours=1))
    assert rows(people.gisele.user)["pleine"].number == 3
    assert rows(people.gisele.user, "pause") == {}


def test_what_is_said_done_and_still_there_comes_back(full, people, time_machine):
    follow(FULL, [bal.pk for bal in full], say_done(), by=people.gisele.user)
    assert "pleine" not in rows(people.gisele.user)
    assert rows(people.gisele.user, "fait")["pleine"].number == 3
    time_machine.move_to(timezone.now() + DONE_FOR + timedelta(hours=1))
    assert rows(people.gisele.user)["pleine"].number == 3


def test_what_was_put_aside_is_taken_up_again(full, people):
    follow(FULL, of(full[0]), say_done(), by=people.gisele.user)
    follow(FULL, of(full[0]), take_up(), by=people.gisele.user)
    assert rows(people.gisele.user)["pleine"].number == 3


def test_each_decision_is_written_down(full, people):
    follow(FULL, of(full[0]), entrust_to(people.lea.user), by=people.gisele.user)
    entry = JournalEntry.objects.get(what=Act.FOLLOW)
    assert (entry.bal, entry.by, entry.before) == (full[0], people.gisele.user, FULL.title)
    assert entry.after == "confié à Lea"
    assert rows(people.lea.user)["pleine"].mine == 1


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_pause_ends_within_a_year(full, people, days):
    with pytest.raises(Refused, match="jour à venir"):
        follow(FULL, of(full[0]), pause_until(timezone.localdate() + timedelta(days=days)), by=people.gisele.user)


def test_nothing_is_entrusted_to_who_does_not_see_it(full, people):
    with pytest.raises(Refused, match="ne suit pas"):
        follow(FULL, of(full[0]), entrust_to(people.eve.user), by=people.gisele.user)


@pytest.mark.parametrize("name", ["lea", "eve", "paul"])
def test_who_does_not_manage_decides_nothing(full, people, name):
    with pytest.raises(NotAllowed):
        follow(FULL, of(full[0]), say_done(), by=getattr(people, name).user)
    assert not Todo.objects.exists()


def test_new_is_what_came_since_the_visit_before(full, people, make_bal, time_machine):
    jobs.run("note_todos")
    desk_of(people.gisele.user)
    time_machine.move_to(timezone.now() + VISIT + timedelta(minutes=1))
    assert rows(people.gisele.user)["pleine"].new == 0
    make_bal("PER", people.paul, percent_full=96, used_mb=96, quota_mb=100)
    jobs.run("note_todos")
    row = rows(people.gisele.user, "nouveau")["pleine"]
    assert (row.number, row.new) == (4, 1)


def test_a_row_is_kept_for_as_long_as_the_finding_holds(full):
    jobs.run("note_todos")
    first = Todo.objects.get(finding="pleine", bal=full[0])
    Bal.objects.filter(pk=full[1].pk).update(percent_full=10)
    jobs.run("note_todos")
    assert Todo.objects.filter(finding="pleine").count() == 2
    assert Todo.objects.get(finding="pleine", bal=full[0]).since == first.since


def test_a_visit_goes_on_while_pages_are_read(people, time_machine):
    user = people.gisele.user
    began = timezone.now()
    desk_of(user)
    for minutes in (30, 60, 90):
        time_machine.move_to(began + timedelta(minutes=minutes))
        assert desk_of(user).before_at is None
    last = Desk.objects.get(user=user).visited_at
    time_machine.move_to(began + timedelta(hours=5))
    assert desk_of(user).before_at == last


# --- The pages --------------------------------------------------------------------------------------------------------
def test_a_reader_is_offered_no_act_that_is_not_theirs(visit, full, people):
    page = visit(people.lea, "dashboard").text
    assert FULL.title in page
    assert "C’est fait" not in page
    assert "Traiter les" not in page
    remedy = reverse("todo-remedy", args=[FULL.name])
    assert remedy not in page
    assert remedy in visit(people.gisele, "dashboard").text


def test_the_rows_cost_as_many_queries_whatever_the_number(
    client, people, full, make_bal, django_assert_max_num_queries
):
    client.force_login(people.gisele.user)
    client.get(reverse("dashboard"))
    for _ in range(10):
        make_bal("PER", people.paul, percent_full=96, used_mb=96, quota_mb=100)
    with django_assert_max_num_queries(45):
        client.get(reverse("dashboard"))


def test_one_decides_of_those_ticked_or_of_all(client, people, full):
    client.force_login(people.gisele.user)
    url = reverse("todo-follow", args=["pleine"])
    answer = client.post(url, {"what": "done", "bals": [full[0].pk], "next": "/?onglet=urgent"})
    assert answer.url == "/?onglet=urgent"
    assert Todo.objects.done(timezone.now()).count() == 1
    client.post(url, {"what": "pause", "until": timezone.localdate() + timedelta(days=3), "all": "1"})
    assert set(Todo.objects.paused(timezone.now()).values_list("bal", flat=True)) == {full[1].pk, full[2].pk}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "Choisissez ce que vous décidez"),
        ({"what": "pause"}, "jusqu’à quel jour"),
        ({"what": "entrust"}, "à qui"),
        ({"what": "done"}, "Cochez au moins une BAL"),
    ],
)
def test_what_is_missing_is_said(client, people, full, said, why):
    client.force_login(people.gisele.user)
    answer = client.post(reverse("todo-follow", args=["pleine"]), said)
    assert why in " ".join(map(str, get_messages(answer.wsgi_request)))


def test_one_is_led_back_to_no_other_site(client, people, full):
    client.force_login(people.gisele.user)
    facts = {"what": "done", "all": "1", "next": "https://ailleurs.invalid/"}
    assert client.post(reverse("todo-follow", args=["pleine"]), facts).url == reverse("finding", args=["pleine"])


def test_the_page_of_a_finding_is_narrowed_to_a_structure(client, people, full, structure, other_structure):
    client.force_login(people.gisele.user)
    url = reverse("finding", args=["pleine"])
    assert client.get(url, {"structure": structure.pk}).context["page"].paginator.count == 3
    assert client.get(url, {"structure": other_structure.pk}).context["place"] is None


def test_the_line_of_figures(visit, people, full):
    page = visit(people.gisele, "dashboard").text
    assert "<strong>3</strong> BAL en vie" in page
    assert sparkline([1]) == ""
    assert sparkline([2, 2]) == "0.0,11.0 96.0,11.0"
    assert sparkline([0, 4]) == "0.0,22.0 96.0,0.0"


def test_of_very_many_bals_the_latest_measure_tells_and_the_page_says_of_when(people, full, client, monkeypatch):
    client.force_login(people.gisele.user)
    jobs.run("take_measures")
    Bal.objects.filter(pk=full[0].pk).update(percent_full=10)

    def told():
        page = client.get(reverse("dashboard"))
        [row] = [row for row in page.context["rows"] if row.finding.name == "pleine"]
        return row.number, "de la dernière mesure, du" in page.content.decode()

    assert told() == (2, False)
    monkeypatch.setattr("mailboxes.findings.counts.MANY", 2)
    assert told() == (3, True)


# --- Activité ---------------------------------------------------------------------------------------------------------
def test_activity_tells_what_was_done_since_the_visit_before(client, people, full, time_machine):
    time_machine.move_to("2026-03-02 09:00 +0100")
    client.force_login(people.gisele.user)
    client.get(reverse("dashboard"))
    follow(FULL, of(full[0]), say_done(), by=people.gisele.user)
    time_machine.move_to(timezone.now() + VISIT + timedelta(hours=1))
    client.force_login(people.gisele.user)  # the session has ended by itself meanwhile
    page = client.get(reverse("activity"))
    assert page.context["listing"].is_since_visit
    assert [line.what for line in page.context["page"]] == [Act.FOLLOW]
    for asked, count in (
        ({"who": people.lea.user.pk}, 0),
        ({"who": people.gisele.user.pk}, 1),
        ({"who": "automate"}, 0),
        ({"what": Act.FOLLOW}, 1),
        ({"what": Act.ASK_USE}, 0),
        ({"structure": full[0].structure_id}, 1),
        ({"until": timezone.localdate() - timedelta(days=1)}, 0),
    ):
        assert client.get(reverse("activity"), asked).context["page"].paginator.count == count, asked
    client.force_login(people.eve.user)
    assert client.get(reverse("activity")).context["page"].paginator.count == 0


# --- The Monday mail --------------------------------------------------------------------------------------------------
@pytest.fixture
def monday(time_machine):
    time_machine.move_to("2026-03-02 07:45 +0100", tick=False)


def test_each_gestionnaire_is_written_once_a_week(monday, fresh, full, people, mailoutbox):
    jobs.run("send_digests")
    jobs.run("send_digests")
    (mail,) = mailoutbox
    assert mail.to == ["gisele@exemple.invalid"]
    assert mail.subject == "[CHU] Boîtes MSSanté, cette semaine : 3\u00a0urgents, 3 à faire"
    assert "BAL pleines ou presque\u00a0: 3" in mail.body
    assert full[0].address not in mail.body + mail.alternatives[0][0]


def test_it_is_named_after_the_structure_at_the_head(monday, fresh, full, people, structure, mailoutbox):
    """Whichever was entered first; on PostgreSQL what has nothing above it would come last."""
    head = Structure.objects.create(name="Groupement du Centre")
    Structure.objects.filter(pk=structure.pk).update(parent=head)
    Membership.objects.create(user=people.gisele.user, structure=head, role=Membership.Role.GESTIONNAIRE)
    jobs.run("send_digests")
    assert mailoutbox[0].subject.startswith("[Groupement du Centre]")


def test_it_counts_what_the_page_counts_not_what_is_paused_or_said_done(monday, fresh, full, people, mailoutbox):
    by, later = people.gisele.user, timezone.localdate() + timedelta(days=30)
    follow(FULL, of(full[0]), pause_until(later), by=by)
    follow(FULL, of(full[1]), say_done(), by=by)
    jobs.run("send_digests")
    assert "1\u00a0urgent, " in mailoutbox[0].subject
    assert f"BAL pleines ou presque\u00a0: {rows(by)['pleine'].number}" in mailoutbox[0].body


def test_it_never_says_that_nothing_is_to_be_done_above_what_is_to_be_watched():
    watched = [Counted(BY_NAME["app-muette"], 2, None)]
    assert digest_of("Gisèle", "CHU", watched).subject.endswith(" : 2 à surveiller")


def test_it_says_what_it_leaves_to_the_page():
    counted = [Counted(finding, 1, None) for finding in FINDINGS]
    mail = digest_of("Gisèle", "CHU", counted)
    assert mail.lines[LINES:] == (f"et {len(FINDINGS) - LINES}\u00a0autres points",)
    assert digest_of("Gisèle", "CHU", counted[:LINES]).lines[LINES:] == ()


def test_who_wants_no_digest_gets_none(monday, fresh, client, full, people, mailoutbox):
    client.force_login(people.gisele.user)
    client.post(reverse("digest"), {"wants": "no"})
    jobs.run("send_digests")
    assert mailoutbox == []
    client.post(reverse("digest"), {"wants": "yes"})
    jobs.run("send_digests")
    assert len(mailoutbox) == 1


def test_nothing_to_do_is_no_mail(monday, people, mailoutbox, fresh):
    jobs.run("send_digests")
    assert mailoutbox == []


def test_a_mail_server_that_fails_has_another_try(monday, fresh, full, people, mailoutbox, monkeypatch):
    def fail(*_):
        raise OSError("injoignable")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
        assert len(jobs.run("send_digests").refused) == 1
    until_next = jobs.JOBS["send_digests"].when.remaining_estimate(timezone.now())
    assert until_next <= timedelta(hours=1), "the same morning, of a server that was away or asks to come back"
    jobs.run("send_digests")
    assert len(mailoutbox) == 1


# --- Of many BAL: as of the latest measure ----------------------------------------------------------------------------
@pytest.fixture
def measured(full, monkeypatch):
    """Three full BAL are many here, and were measured."""
    monkeypatch.setattr(counts, "MANY", 2)
    jobs.run("take_measures", timezone.now())
    cache.clear()
    yield full
    cache.clear()


def test_of_many_the_counts_are_those_of_the_measure_and_say_so(measured, people, make_bal):
    make_bal("PER", people.paul, percent_full=96, used_mb=96, quota_mb=100)
    row = rows(people.gisele.user)["pleine"]
    assert (row.number, row.day) == (3, timezone.localdate())
    jobs.run("take_measures", timezone.now())
    assert rows(people.gisele.user)["pleine"].number == 4


def test_of_few_they_are_those_of_the_moment(measured, people, make_bal, monkeypatch):
    monkeypatch.setattr(counts, "MANY", 3)
    make_bal("PER", people.paul, percent_full=96, used_mb=96, quota_mb=100)
    row = rows(people.gisele.user)["pleine"]
    assert (row.number, row.day) == (4, None)


def test_of_many_the_worst_is_kept_until_something_is_done_with_it(measured, people, make_bal):
    assert rows(people.gisele.user)["pleine"].example.bal == measured[0]
    worse = make_bal("PER", people.paul, percent_full=100, used_mb=100, quota_mb=100)
    assert rows(people.gisele.user)["pleine"].example.bal == measured[0], "not looked for anew at each visit"
    follow(FULL, of(measured[0]), pause_until(timezone.localdate() + timedelta(days=1)), by=people.gisele.user)
    assert rows(people.gisele.user)["pleine"].example is None
    cache.clear()
    assert rows(people.gisele.user)["pleine"].example.bal == worse


def test_of_many_the_page_counts_no_bal(measured, visit, people):
    visit(people.gisele, "dashboard")
    with CaptureQueriesContext(connection) as asked:
        page = visit(people.gisele, "dashboard")
    assert FULL.title in page.text
    counted = [one["sql"] for one in asked if "percent_full" in one["sql"] and "COUNT" in one["sql"]]
    assert counted == []


def test_of_many_a_price_counts_at_once_and_an_orphan_mended_is_shown_no_more(
    measured, client, people, operator, structure, make_bal
):
    orphan = make_bal("ORG")
    client.force_login(people.gisele.user)
    for price in (12, 30):
        type(operator).objects.update(yearly_cost=price)
        assert f"{4 * price}" in client.get(reverse("costs")).text
    assert orphan.address in client.get(reverse("movement-list")).text
    name_principal(orphan, people.alice, by=people.gisele.user)
    assert orphan.address not in client.get(reverse("movement-list")).text


# --- Who manages some structures, and only reads others ---------------------------------------------------------------
@pytest.fixture
def elsewhere(make_bal, people, other_structure):
    """Two full BAL of a structure that Gisele only reads."""
    Membership.objects.create(user=people.gisele.user, structure=other_structure, role=Membership.Role.READER)
    facts = {"used_mb": 99, "quota_mb": 100, "percent_full": 100, "structure": other_structure}
    return [make_bal("PER", people.eve, **facts) for _ in range(2)]


def test_a_row_promises_an_act_on_what_one_manages_alone(client, full, elsewhere, people):
    row = rows(people.gisele.user)["pleine"]
    assert (row.number, row.own) == (5, 3)
    client.force_login(people.gisele.user)
    page = client.get(reverse("dashboard"))
    assert "dont 3 dans les structures que vous gérez" in page.text
    client.post(reverse("todo-remedy", args=["pleine"]), {"scope": "all"})
    batch = Batch.objects.get()
    assert set(batch.keys) == {bal.pk for bal in full}


def test_to_pause_all_pauses_what_one_manages(client, full, elsewhere, people):
    client.force_login(people.gisele.user)
    until = timezone.localdate() + timedelta(days=3)
    client.post(reverse("todo-follow", args=["pleine"]), {"all": "1", "what": "pause", "until": until})
    assert set(Todo.objects.exclude(paused_until=None).values_list("bal", flat=True)) == {bal.pk for bal in full}
    row = rows(people.gisele.user)["pleine"]
    assert (row.number, row.own) == (2, 0)


def test_of_a_structure_that_one_only_reads_no_act_is_offered(client, elsewhere, people, other_structure):
    client.force_login(people.gisele.user)
    for url in (reverse("dashboard"), reverse("finding", args=["pleine"])):
        page = client.get(url, {"structure": other_structure.pk})
        assert page.context["place"] == other_structure
        assert reverse("todo-follow", args=["pleine"]) not in page.text
        assert reverse("todo-remedy", args=["pleine"]) not in page.text
    whole = client.get(reverse("dashboard")).text
    assert reverse("todo-remedy", args=["pleine"]) not in whole, "there is none that Gisele manages"


def test_the_digest_counts_what_one_manages(elsewhere, people, mailoutbox):
    people.gisele.user.email = "gisele@exemple.invalid"
    people.gisele.user.save()
    jobs.run("send_digests")
    told = {mail.to[0]: mail.body for mail in mailoutbox}
    assert str(FULL.title) not in told["gisele@exemple.invalid"], "two full BAL, that she only reads"
    assert str(FULL.title) in told[people.eve.user.email]


def test_who_has_no_bal_yet_is_told_where_to_begin_and_not_that_all_is_well(
    client, people, make_bal, make_entry, fresh
):
    client.force_login(people.gisele.user)
    page = client.get(reverse("dashboard")).text
    assert "Aucune BAL n’est encore au registre" in page
    assert reverse("import-new") in page
    assert "Rien ne demande votre attention" not in page
    make_bal("PER", people.paul)
    assert "Aucune BAL n’est encore au registre" not in client.get(reverse("dashboard")).text
