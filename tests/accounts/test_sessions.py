"""A session ends however busy it is; one sees one's own, and closes them."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from balmanager.accounts.browsers import named
from balmanager.accounts.grants import invite
from balmanager.accounts.models import AccountEntry, Invitation
from balmanager.accounts.tasks import purge_account_log
from tests.accounts.conftest import is_in, log_in

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def morning(time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    return time_machine


def test_a_busy_session_ends_after_twelve_hours_all_the_same(gisele, browser_of, morning):
    client = browser_of()
    log_in(client, "gisele")
    for _ in range(12):
        morning.shift(3600)
        assert client.get("/compte/").status_code == 200
    morning.shift(1)
    assert client.get("/compte/").status_code == 302
    assert not is_in(client)


def test_an_idle_session_ends_after_two_hours(gisele, browser_of, morning):
    client = browser_of()
    log_in(client, "gisele")
    morning.shift(7201)
    assert client.get("/compte/").status_code == 302


def test_one_closes_the_sessions_left_open_elsewhere(gisele, browser_of):
    here, there, elsewhere = browser_of(), browser_of("192.0.2.2"), browser_of("192.0.2.3")
    for client in (here, there, elsewhere):
        log_in(client, "gisele")
    page = here.get("/compte/sessions/").content.decode()
    assert "192.0.2.2" in page
    here.post("/compte/sessions/", {"session": UserSession.objects.get(ip="192.0.2.2").pk})
    assert there.get("/compte/").status_code == 302
    assert elsewhere.get("/compte/").status_code == 200
    here.post("/compte/sessions/")
    assert elsewhere.get("/compte/").status_code == 302
    assert here.get("/compte/").status_code == 200
    assert AccountEntry.objects.filter(what=AccountEntry.What.SESSION_CLOSED, account=gisele).count() == 2


def test_where_from_a_session_was_is_kept_no_longer_than_it_lasts(gisele, browser_of):
    here, there = browser_of(), browser_of("192.0.2.2")
    for client in (here, there):
        log_in(client, "gisele")
    Session.objects.get(pk=there.session.session_key).delete()
    purge_account_log()
    assert UserSession.objects.get().session_key == here.session.session_key


@pytest.mark.parametrize(("age", "left"), [(timedelta(minutes=-1), 1), (timedelta(minutes=1), 0)])
def test_an_invitation_is_kept_as_long_as_the_log_of_the_accounts(gisele, structure, settings, age, left):
    invitation = invite("nouveau@exemple.invalid", "reader", structure, by=gisele)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - settings.ACCOUNT_LOG_KEPT - age)
    purge_account_log()
    assert Invitation.objects.count() == left


def test_the_sessions_of_another_are_out_of_reach(gisele, root, browser_of):
    mine, theirs = browser_of(), browser_of("192.0.2.2")
    log_in(mine, "gisele")
    log_in(theirs, "root")
    assert "192.0.2.2" not in mine.get("/compte/sessions/").content.decode()
    mine.post("/compte/sessions/", {"session": UserSession.objects.get(ip="192.0.2.2").pk})
    assert theirs.get("/compte/").status_code == 200


def test_a_changed_password_closes_the_other_sessions(gisele, browser_of):
    here, there = browser_of(), browser_of("192.0.2.2")
    for client in (here, there):
        log_in(client, "gisele")
    new = "girafe-tranquille-7"
    fields = {"oldpassword": "correct-cheval-pile", "password1": new, "password2": new}
    here.post("/compte/password/change/", fields)
    assert there.get("/compte/").status_code == 302
    assert here.get("/compte/").status_code == 200


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari, iPhone"),
        ("curl/8.0", "curl/8.0"),
        ("", "inconnu"),
    ],
)
def test_a_browser_is_named_as_people_know_it(said, shown):
    assert named(said) == shown


def test_coming_in_says_nothing_and_leaving_says_that_it_is_over(client, people, gisele):
    log_in(client, "gisele")
    assert "réussie" not in client.get("/compte/").text
    assert "Votre session est fermée." in client.post("/compte/logout/", follow=True).text
