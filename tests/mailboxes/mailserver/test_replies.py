"""Automatic replies that holders ask for, set on a real Pigeonhole by ManageSieve, and taken away in their time."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes import jobs
from mailboxes.lifecycle import Act
from mailboxes.mailserver.actions import ask_reply, end_reply, give_secret
from mailboxes.mailserver.script import NAME, is_ours, script_of
from mailboxes.mailserver.sieve import session
from mailboxes.mailserver.visits import visit
from mailboxes.models import SYSTEM, AutoReply, Bal, JournalEntry, Notice, Reading
from mailboxes.rules import Refused
from tests.mailboxes.mailserver.dovecot import run_dovecot
from tests.servers import free_port, or_skip, private_folder, wait_for

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
TEXT = 'Je suis en congé.\nÉcrivez à « accueil@chu-exemple.mssante.fr » \\ "urgences".'


@pytest.fixture
def asked(dovecot, set_server, per, people):
    """Paul asked for a reply, from today for a week; the server is open."""
    dovecot.add(per.address)
    server = set_server(dovecot)
    per = Bal.objects.get(pk=per.pk)
    reply = ask_reply(per, text=TEXT, starts_on=TODAY(), ends_on=TODAY() + timedelta(days=7), by=people.paul.user)
    return server, reply


def visited(server, reply):
    AutoReply.objects.update(next_at=timezone.now())
    type(server).objects.update(next_at=timezone.now())
    visit(server.pk)
    reply.refresh_from_db()
    server.refresh_from_db()
    return reply


def scripts_of(server, address):
    with session(server, address, None) as client:
        active, others = client.listscripts()
        return active, others, client.getscript(active) if active else ""


# --- Set, and taken away --------------------------------------------------------------------------------------------
def test_a_reply_is_set_as_its_holder_wrote_it(asked):
    server, reply = asked
    assert visited(server, reply).stage == AutoReply.Stage.SET
    active, others, script = scripts_of(server, reply.bal.address)
    assert (active, others) == (NAME, [])
    assert is_ours(script)
    assert '« accueil@chu-exemple.mssante.fr » \\\\ \\"urgences\\".' in script
    assert f'currentdate :value "ge" "date" "{reply.starts_on:%Y-%m-%d}"' in script
    line = JournalEntry.objects.filter(what=Act.NOTE_REPLY).get()
    assert line.after.startswith("en place, du ")
    assert "congé" not in "".join(JournalEntry.objects.values_list("after", flat=True))


def test_at_the_holder_s_word_it_goes(asked, people):
    server, reply = asked
    visited(server, reply)
    assert end_reply(reply, by=people.paul.user).stage == AutoReply.Stage.ENDING
    assert visited(server, reply).stage == AutoReply.Stage.ENDED
    assert scripts_of(server, reply.bal.address) == (None, [], "")


def test_after_its_last_day_it_goes_by_itself(asked, time_machine):
    time_machine.move_to(timezone.now())
    server, reply = asked
    visited(server, reply)
    time_machine.shift(timedelta(days=8))
    jobs.run("visit_operators")  # ended, then visited
    reply.refresh_from_db()
    assert reply.stage == AutoReply.Stage.ENDED
    assert scripts_of(server, reply.bal.address) == (None, [], "")
    assert JournalEntry.objects.get(what=Act.END_REPLY).by is None


def test_what_is_asked_for_later_waits_for_its_day(dovecot, set_server, per, people, time_machine):
    time_machine.move_to(timezone.now())
    dovecot.add(per.address)
    server = set_server(dovecot)
    first = TODAY() + timedelta(days=3)
    reply = ask_reply(Bal.objects.get(), text="Absent", starts_on=first, ends_on=first, by=people.paul.user)
    assert visited(server, reply).stage == AutoReply.Stage.ASKED
    time_machine.shift(timedelta(days=3))
    assert visited(server, reply).stage == AutoReply.Stage.SET


def test_what_was_never_set_ends_without_the_server(set_server, per, people):
    set_server()
    first = TODAY() + timedelta(days=3)
    reply = ask_reply(Bal.objects.get(), text="Absent", starts_on=first, ends_on=first, by=people.paul.user)
    assert end_reply(reply, by=people.paul.user).stage == AutoReply.Stage.ENDED


def test_what_is_ended_while_it_is_being_set_goes_at_the_next_visit(asked, people, monkeypatch):
    server, reply = asked

    def set_then_ended(*args):
        end_reply(AutoReply.objects.get(pk=reply.pk), by=people.paul.user)

    monkeypatch.setattr("mailboxes.mailserver.visits.set_reply", set_then_ended)
    assert visited(server, reply).stage == AutoReply.Stage.ENDING
    assert visited(server, reply).stage == AutoReply.Stage.ENDED


def test_a_reply_is_taken_away_even_where_no_new_one_may_be_asked_for(asked, set_server, dovecot, people):
    server, reply = asked
    visited(server, reply)
    set_server(dovecot, sets_replies=False)
    end_reply(reply, by=people.paul.user)
    assert visited(server, reply).stage == AutoReply.Stage.ENDED


# --- Their own rules --------------------------------------------------------------------------------------------------
def test_a_script_of_the_holder_s_is_never_replaced_and_they_are_told(asked):
    server, reply = asked
    with session(server, reply.bal.address, None) as client:
        client.putscript("mes regles", "keep;")
        client.setactive("mes regles")
    assert visited(server, reply).stage == AutoReply.Stage.REFUSED
    assert scripts_of(server, reply.bal.address) == ("mes regles", [], "keep;")
    notice = Notice.objects.get(stage=Act.NOTE_REPLY)
    assert "n’a pas été posée" in notice.text
    assert "elles restent telles quelles" in notice.text


def test_a_script_written_beside_managesieve_is_given_back(asked, dovecot):
    """Pigeonhole lists none, and puts it aside as ours becomes active."""
    server, reply = asked
    home = dovecot.home(reply.bal.address)
    home.mkdir(parents=True)
    (home / ".dovecot.sieve").write_text("keep;\n")
    dovecot.own_boxes()
    assert visited(server, reply).stage == AutoReply.Stage.REFUSED
    active, others, script = scripts_of(server, reply.bal.address)
    assert (active, others, script.strip()) == ("dovecot.orig", [], "keep;")


def test_a_script_of_theirs_that_came_after_ours_stays_when_ours_goes(asked, people):
    server, reply = asked
    visited(server, reply)
    with session(server, reply.bal.address, None) as client:
        client.putscript("les miennes", "keep;")
        client.setactive("les miennes")
    end_reply(reply, by=people.paul.user)
    assert visited(server, reply).stage == AutoReply.Stage.ENDED
    assert scripts_of(server, reply.bal.address) == ("les miennes", [], "keep;")


# --- What goes wrong --------------------------------------------------------------------------------------------------
def test_a_server_that_is_away_is_tried_again_and_the_page_says_it(asked, set_server, dovecot, client, people):
    server, reply = asked
    set_server(dovecot, sieve_port=free_port())
    assert visited(server, reply).stage == AutoReply.Stage.ASKED
    assert "refuse la connexion" in reply.failure
    assert server.failing_since is not None
    assert Reading.objects.count() == 1  # its other door is open
    client.force_login(people.paul.user)
    shown = client.get(reply.bal.get_absolute_url()).content.decode()
    assert "Demandée, pas encore en place" in shown
    assert "refuse la connexion" in shown
    set_server(dovecot)
    assert visited(server, reply).stage == AutoReply.Stage.SET
    assert reply.failure == ""


def test_a_refused_log_in_waits_for_this_bal_alone(asked, dovecot, set_server):
    server, reply = asked
    set_server(dovecot, password="faux")
    assert visited(server, reply).stage == AutoReply.Stage.ASKED
    assert reply.failure.startswith("L’opérateur refuse l’accès aux règles de cette BAL")


def test_an_unknown_authority_is_refused_by_managesieve_too(asked, settings):
    server, reply = asked
    settings.OPERATORS_CA_FILE = ""
    assert "n’est pas signé par une autorité connue" in visited(server, reply).failure


def test_without_starttls_nothing_is_sent_by_managesieve(set_server, per, people):
    with or_skip(), private_folder() as folder, run_dovecot(folder, ssl="no") as plain:
        plain.add(per.address)
        server = set_server(plain, reads_space=False)
        reply = ask_reply(Bal.objects.get(), text="x", starts_on=TODAY(), ends_on=TODAY(), by=people.paul.user)
        assert visited(server, reply).failure.endswith("rien n’y est envoyé en clair.")
        wait_for(lambda: len(plain.names_given()) > 1)
        assert plain.names_given() == ["", ""]


def test_by_the_box_s_own_secret(dovecot, set_server, per, people):
    dovecot.add(per.address, "mot-de-passe-de-paul")
    server = set_server(dovecot, auth="own", reads_space=False)
    facts = {"text": "Absent", "starts_on": TODAY(), "ends_on": TODAY(), "by": people.paul.user}
    with pytest.raises(Refused, match="Donnez d’abord le secret"):
        ask_reply(Bal.objects.get(), **facts)
    give_secret(per, "mot-de-passe-de-paul", by=people.paul.user)
    reply = ask_reply(Bal.objects.get(), **facts)
    assert visited(server, reply).stage == AutoReply.Stage.SET


# --- What may be asked ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "starts", "ends", "says"),
    [
        ("  ", 0, 3, "Écrivez la réponse"),
        ("x", 3, 2, "Le dernier jour ne peut être ni passé ni avant le premier."),
        ("x", -5, -1, "Le dernier jour ne peut être ni passé ni avant le premier."),
        ("x", 0, 367, "un an au plus"),
    ],
)
def test_what_makes_no_sense_is_refused(set_server, per, people, text, starts, ends, says):
    set_server()
    days = {"starts_on": TODAY() + timedelta(days=starts), "ends_on": TODAY() + timedelta(days=ends)}
    with pytest.raises(Refused, match=says):
        ask_reply(Bal.objects.get(), text=text, by=people.paul.user, **days)


def test_one_at_a_time(set_server, per, people):
    set_server()
    facts = {"text": "x", "starts_on": TODAY(), "ends_on": TODAY(), "by": people.paul.user}
    reply = ask_reply(Bal.objects.get(), **facts)
    with pytest.raises(Refused, match="déjà une réponse automatique"):
        ask_reply(Bal.objects.get(), **facts)
    end_reply(reply, by=SYSTEM)
    with pytest.raises(Refused, match="déjà retirée, ou son retrait est demandé"):
        end_reply(reply, by=people.paul.user)


def test_where_the_operator_is_not_open_one_is_told_where_to_set_it(per, people):
    with pytest.raises(Refused, match="depuis votre messagerie"):
        ask_reply(per, text="x", starts_on=TODAY(), ends_on=TODAY(), by=people.paul.user)


def test_a_server_without_dates_is_given_no_dates():
    reply = AutoReply(pk=7, bal=Bal(address="a@b.mssante.fr"), text="x", starts_on=date(2026, 1, 1))
    assert "currentdate" not in script_of(reply, {"vacation"})
    assert is_ours(script_of(reply, {"vacation"}))
    assert not is_ours("keep;")


# --- By the pages -----------------------------------------------------------------------------------------------------
def test_a_holder_asks_and_takes_back_by_the_pages(client, set_server, per, people):
    set_server()
    client.force_login(people.paul.user)
    said = {"text": "Je reviens lundi.", "starts_on": f"{TODAY()}", "ends_on": f"{TODAY() + timedelta(days=2)}"}
    assert client.post(reverse("bal-reply", args=[per.pk]), said).status_code == 302
    shown = client.get(per.get_absolute_url()).content.decode()
    assert "Je reviens lundi." in shown
    assert "à la demande de Paul" in shown
    assert client.post(reverse("bal-reply-end", args=[per.pk])).status_code == 302
    assert AutoReply.objects.get().stage == AutoReply.Stage.ENDING
    assert client.post(reverse("bal-reply", args=[per.pk]), said).status_code == 200  # one at a time


def test_a_gestionnaire_sees_it_and_does_not_set_it(client, set_server, per, people):
    set_server()
    client.force_login(people.gisele.user)
    assert reverse("bal-reply", args=[per.pk]) not in client.get(per.get_absolute_url()).content.decode()
    assert "est réservé à" in client.get(reverse("bal-reply", args=[per.pk])).content.decode()


def test_where_no_operator_is_open_the_page_says_nothing_of_it(client, per, people):
    client.force_login(people.paul.user)
    assert "Réponse automatique" not in client.get(per.get_absolute_url()).content.decode()


def test_who_asked_for_one_is_handed_it_with_all_that_is_kept_on_them(asked, people, client):
    _, reply = asked
    client.force_login(people.paul.user)
    kept = client.post(reverse("person-data", args=[people.paul.pk]), {"format": "json"}).json()
    assert [(row["adresse"], row["texte de la réponse"]) for row in kept["Réponses automatiques"]] == [
        (reply.bal.address, TEXT)
    ]
    client.force_login(people.bruno.user)
    kept = client.post(reverse("person-data", args=[people.bruno.pk]), {"format": "json"}).json()
    assert kept["Réponses automatiques"] == []
