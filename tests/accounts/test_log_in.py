"""Logging in: wrong passwords are counted, never against the owner; a new browser is announced."""

import pytest
from django.core import mail

from balmanager.accounts.models import AccountEntry
from tests.accounts.conftest import PASSWORD, is_in, link_in, log_in

pytestmark = pytest.mark.sqlite_run

What = AccountEntry.What
OWN, STRANGE = "192.0.2.1", "198.51.100.9"


def noted(what) -> int:
    return AccountEntry.objects.filter(what=what).count()


def test_the_right_password_opens_by_name_and_by_address(gisele, browser_of):
    for login in ("gisele", "gisele@exemple.invalid"):
        client = browser_of()
        log_in(client, login)
        assert is_in(client)


def test_the_sixth_wrong_password_in_five_minutes_is_not_even_looked_at(gisele, browser_of, time_machine):
    time_machine.move_to("2026-11-02T08:00:00Z", tick=False)
    client = browser_of(STRANGE)
    for number in range(5):
        assert "Identifiant ou mot de passe incorrect." in log_in(client, "gisele", f"faux-{number}").content.decode()
    assert "Trop d’essais" in log_in(client, "gisele").content.decode()
    assert not is_in(client)
    assert (noted(What.REFUSED), noted(What.THROTTLED)) == (5, 1)
    time_machine.shift(301)
    log_in(client, "gisele")
    assert is_in(client)


def test_name_and_address_of_an_account_are_counted_together(gisele, browser_of):
    client = browser_of(STRANGE)
    for login in ["gisele", "GISELE", "gisele@exemple.invalid"] * 2:
        answer = log_in(client, login, "faux")
    assert "Trop d’essais" in answer.content.decode()


def test_right_passwords_are_not_counted(gisele, browser_of):
    for _ in range(12):
        client = browser_of()
        log_in(client, "gisele")
        assert is_in(client)


def test_whoever_tries_from_elsewhere_does_not_keep_the_owner_out(gisele, browser_of):
    for _ in range(6):
        log_in(browser_of(STRANGE), "gisele", "faux")
    client = browser_of(OWN)
    log_in(client, "gisele")
    assert is_in(client)


def test_not_even_from_fifty_addresses_nor_from_the_same_one(gisele, browser_of):
    own = browser_of(OWN)
    log_in(own, "gisele")
    own.post("/compte/logout/")
    for number in range(51):
        log_in(browser_of(f"198.51.100.{number}"), "gisele", "faux")
    for _ in range(6):
        log_in(browser_of(OWN), "gisele", "faux")
    assert "Trop d’essais" in log_in(browser_of("203.0.113.5"), "gisele").content.decode()
    log_in(own, "gisele")
    assert is_in(own)


def test_a_reset_link_opens_a_way_in_past_the_tries_of_others(gisele, browser_of):
    for number in range(51):
        log_in(browser_of(f"198.51.100.{number}"), "gisele", "faux")
    client = browser_of(OWN)
    assert "Trop d’essais" in log_in(client, "gisele").content.decode()
    client.post("/compte/password/reset/", {"email": gisele.email})
    answer = client.get(link_in(mail.outbox[0]).removeprefix("http://localhost:8000"), follow=True)
    new = "girafe-tranquille-7"
    client.post(answer.request["PATH_INFO"], {"password1": new, "password2": new})
    log_in(client, "gisele", new)
    assert is_in(client)


def test_a_known_browser_has_its_own_count(gisele, browser_of):
    own = browser_of(OWN)
    log_in(own, "gisele")
    own.post("/compte/logout/")
    for _ in range(10):
        log_in(own, "gisele", "faux")
    assert "Trop d’essais" in log_in(own, "gisele").content.decode()


def test_one_address_may_not_go_through_all_the_accounts(people, gisele, browser_of):
    client = browser_of(STRANGE)
    for number in range(60):
        log_in(client, f"personne-{number}", "faux")
    assert "Trop d’essais" in log_in(client, "gisele").content.decode()


def test_behind_a_proxy_the_client_is_told_by_the_header_the_proxy_added(gisele, browser_of, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    proxy = browser_of("127.0.0.1")
    for number in range(6):
        log_in(proxy, "gisele", "faux", headers={"x-forwarded-for": f"10.0.0.{number}, {STRANGE}"})
    refused = log_in(proxy, "gisele", headers={"x-forwarded-for": STRANGE})
    assert "Trop d’essais" in refused.content.decode()
    log_in(proxy, "gisele", headers={"x-forwarded-for": OWN})
    assert is_in(proxy)
    assert AccountEntry.objects.filter(what=What.REFUSED, client=STRANGE).count() == 5


def test_a_refused_log_in_is_noted_without_what_was_typed(gisele, browser_of):
    log_in(browser_of(STRANGE), "mon-mot-de-passe", "faux")
    log_in(browser_of(STRANGE), "gisele", "faux")
    unknown, known = AccountEntry.objects.filter(what=What.REFUSED).order_by("pk")
    assert (unknown.account, known.account, known.client) == (None, gisele, STRANGE)
    assert "mon-mot-de-passe" not in str(vars(unknown))


def test_a_new_browser_is_told_by_mail_once(gisele, browser_of):
    client = browser_of(STRANGE, HTTP_USER_AGENT="Navigateur d’essai")
    log_in(client, "gisele")
    (message,) = mail.outbox
    assert message.to == ["gisele@exemple.invalid"]
    assert STRANGE in message.body
    assert "testserver" not in message.body
    client.post("/compte/logout/")
    log_in(client, "gisele")
    assert len(mail.outbox) == 1
    assert noted(What.NEW_BROWSER) == 1


def test_a_browser_known_to_one_account_is_new_to_another(people, gisele, root, browser_of):
    client = browser_of()
    log_in(client, "gisele")
    client.post("/compte/logout/")
    log_in(client, "root")
    assert [message.to[0] for message in mail.outbox] == ["gisele@exemple.invalid", "root@exemple.invalid"]


def test_a_forged_cookie_makes_no_browser_known(gisele, browser_of):
    client = browser_of(STRANGE)
    client.cookies["browser"] = f"{gisele.pk}-abc:1:xyz"
    for _ in range(5):
        log_in(client, "gisele", "faux")
    assert "Trop d’essais" in log_in(client, "gisele").content.decode()


def test_the_admin_has_no_log_in_of_its_own(root, browser_of):
    client = browser_of()
    answer = client.get("/admin/", follow=True)
    assert answer.request["PATH_INFO"] == "/compte/login/"
    client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert not is_in(client)


@pytest.mark.parametrize(
    "route", ["signup/", "email/", "confirm-email/", "password/set/", "login/code/confirm/", "3rdparty/"]
)
def test_what_allauth_offers_besides_is_closed(client, gisele, route):
    client.force_login(gisele)
    assert client.get(f"/compte/{route}").status_code == 404


def test_a_closed_account_does_not_open(gisele, browser_of):
    gisele.is_active = False
    gisele.save()
    client = browser_of()
    log_in(client, "gisele")
    assert not is_in(client)
