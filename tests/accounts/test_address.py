"""An account has one address; it changes by the password, a link at the new one, and is announced at the former."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, transaction

from balmanager.accounts.models import AccountEntry, User
from tests.accounts.conftest import PASSWORD, is_in, link_in, log_in

pytestmark = pytest.mark.sqlite_run

FORMER, NEW = "gisele@exemple.invalid", "gisele.nouvelle@exemple.invalid"


@pytest.fixture
def in_account(client, gisele):
    client.force_login(gisele)
    return client


def ask(client, address=NEW, password=PASSWORD):
    return client.post("/compte/adresse/", {"address": address, "password": password})


def mails_to(address):
    return [message for message in mail.outbox if message.to == [address]]


def follow(client, url):
    return client.post(url.removeprefix("http://localhost:8000"))


def test_the_address_changes_once_confirmed_at_the_new_one(in_account, gisele):
    ask(in_account)
    gisele.refresh_from_db()
    assert gisele.email == FORMER
    (link,) = mails_to(NEW)
    assert follow(in_account, link_in(link)).status_code == 302
    gisele.refresh_from_db()
    assert gisele.email == NEW


def test_the_former_address_hears_of_it_when_asked_and_when_done(in_account):
    ask(in_account)
    assert NEW in mails_to(FORMER)[0].body
    follow(in_account, link_in(mails_to(NEW)[0]))
    assert len(mails_to(FORMER)) == 2


def test_opening_the_link_changes_nothing_yet(in_account, gisele):
    ask(in_account)
    in_account.get(link_in(mails_to(NEW)[0]).removeprefix("http://localhost:8000"))
    gisele.refresh_from_db()
    assert gisele.email == FORMER


def test_it_needs_the_password(in_account, gisele):
    assert "pas le bon" in ask(in_account, password="faux").content.decode()
    assert mail.outbox == []


def test_a_link_serves_once(in_account, gisele):
    ask(in_account)
    url = link_in(mails_to(NEW)[0])
    follow(in_account, url)
    answer = follow(in_account, url)
    assert "n’est plus valable" in answer.content.decode()
    assert AccountEntry.objects.filter(what=AccountEntry.What.ADDRESS_CHANGED).count() == 1


def test_a_link_dies_after_a_day_and_when_another_came_first(in_account, gisele, time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    ask(in_account)
    ask(in_account, "troisieme@exemple.invalid")
    first, second = link_in(mails_to(NEW)[0]), link_in(mails_to("troisieme@exemple.invalid")[0])
    follow(in_account, second)
    assert follow(in_account, first).status_code == 409
    gisele.email = FORMER
    gisele.save()
    assert follow(in_account, first).status_code == 409, "overtaken, even where the former address came back"
    assert follow(in_account, second).status_code == 409, "served, even where the former address came back"
    time_machine.shift(24 * 3600 + 1)
    assert follow(in_account, first).status_code == 409


def test_a_tampered_link_is_refused(in_account, gisele):
    ask(in_account)
    assert follow(in_account, link_in(mails_to(NEW)[0])[:-3] + "x/").status_code == 409


def test_two_accounts_never_share_an_address_whatever_its_capitals(in_account, people):
    assert "autre compte" in ask(in_account, "LEA@exemple.invalid").content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(username="gisele").update(email="Lea@Exemple.invalid")


def test_an_address_typed_with_capitals_opens_the_account_all_the_same(in_account, gisele, browser_of):
    ask(in_account, "Gisele.Nouvelle@Exemple.INVALID")
    follow(in_account, link_in(mail.outbox[1]))
    client = browser_of()
    log_in(client, "GISELE.nouvelle@exemple.invalid")
    assert is_in(client)


def test_an_address_taken_meanwhile_is_refused(in_account, people):
    ask(in_account)
    User.objects.filter(username="lea").update(email=NEW)
    assert follow(in_account, link_in(mails_to(NEW)[0])).status_code == 409


def test_no_other_table_ever_holds_an_address(in_account, browser_of, gisele):
    log_in(browser_of(), "gisele@exemple.invalid")
    browser_of().post("/compte/password/reset/", {"email": FORMER})
    ask(in_account)
    follow(in_account, link_in(mails_to(NEW)[0]))
    browser_of().post("/compte/password/reset/", {"email": NEW})
    assert not EmailAddress.objects.exists()


def test_a_reset_goes_to_the_account_s_address_alone_and_dies_within_the_hour(gisele, browser_of, time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    gisele.email = NEW
    gisele.save()
    browser_of().post("/compte/password/reset/", {"email": FORMER})
    assert "aucun compte" in mails_to(FORMER)[0].body
    browser_of().post("/compte/password/reset/", {"email": NEW})
    path = link_in(mails_to(NEW)[0]).removeprefix("http://localhost:8000")
    assert "Nouveau mot de passe" in browser_of().get(path, follow=True).content.decode()
    time_machine.shift(3601)
    assert "plus valable" in browser_of().get(path, follow=True).content.decode()


@pytest.mark.parametrize("address", [FORMER, "personne@exemple.invalid"])
def test_no_mail_repeats_the_host_of_the_request(gisele, settings, browser_of, address):
    settings.ALLOWED_HOSTS = ["pirate.invalid", "testserver"]
    browser_of().post("/compte/password/reset/", {"email": address}, headers={"host": "pirate.invalid"})
    (message,) = mail.outbox
    assert "pirate" not in message.body + message.subject


def test_a_reset_password_is_noted_and_told(gisele, browser_of):
    client = browser_of()
    client.post("/compte/password/reset/", {"email": FORMER})
    answer = client.get(link_in(mail.outbox[0]).removeprefix("http://localhost:8000"), follow=True)
    new = "girafe-tranquille-7"
    client.post(answer.request["PATH_INFO"], {"password1": new, "password2": new})
    assert AccountEntry.objects.filter(what=AccountEntry.What.PASSWORD_RESET, account=gisele).exists()
    assert len(mails_to(FORMER)) == 2


def test_the_account_log_is_added_to_and_never_changed(gisele, browser_of):
    log_in(browser_of(), "gisele", "faux")
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountEntry.objects.update(note="rien")


def test_a_dead_link_says_so_before_anything_is_pressed(in_account):
    ask(in_account)
    link = link_in(mails_to(NEW)[0]).removeprefix("http://localhost:8000")
    page = in_account.get(link)
    assert NEW in page.text
    assert "Confirmer cette adresse" in page.text
    in_account.post(link)
    for dead in (link, "/compte/adresse/rien/"):
        page = in_account.get(dead)
        assert page.status_code == 409
        assert "n’est plus valable" in page.text
        assert "Confirmer cette adresse" not in page.text
