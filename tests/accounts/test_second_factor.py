"""The second factor: asked of gestionnaires and administrators, at each log-in once there is one."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import override_settings

from balmanager.accounts.factors import must_have
from balmanager.accounts.models import AccountEntry
from tests.accounts.conftest import is_in, log_in, with_password

pytestmark = pytest.mark.sqlite_run

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = 1_793_620_800  # a time in seconds, and the beginning of a code's half-minute


@pytest.fixture(autouse=True)
def _required(settings, time_machine):
    settings.SECOND_FACTOR_REQUIRED = True
    time_machine.move_to(NOON, tick=False)


def code_at(seconds, secret=SECRET) -> str:
    return format_hotp_value(hotp_value(secret, seconds // 30))


@pytest.fixture
def protected(gisele):
    TOTP.activate(gisele, SECRET)
    return gisele


def test_who_must_have_one(people, root, settings):
    assert must_have(people.gisele.user)
    assert must_have(root)
    assert not must_have(people.lea.user)
    assert not must_have(people.alice.user)
    settings.SECOND_FACTOR_REQUIRED = False
    assert not must_have(root)


def test_a_gestionnaire_gets_one_before_the_first_page(gisele, browser_of):
    client = browser_of()
    answer = client.post("/compte/login/", {"login": "gisele", "password": "correct-cheval-pile"}, follow=True)
    assert answer.request["PATH_INFO"] == "/compte/second-facteur/"
    for path in ("/", "/bal/", "/compte/", "/compte/adresse/", "/admin/", "/api/v1/bals/"):
        assert client.get(path).headers.get("Location") == "/compte/second-facteur/"


def test_enrolling_opens_the_pages_and_is_noted_and_told(gisele, browser_of):
    client = browser_of()
    log_in(client, "gisele")
    client.get("/compte/second-facteur/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    mail.outbox.clear()
    answer = client.post("/compte/second-facteur/totp/activate/", {"code": code_at(NOON, secret)}, follow=True)
    assert "Codes de secours" in answer.content.decode()
    assert client.get("/compte/").status_code == 200
    assert AccountEntry.objects.filter(what=AccountEntry.What.FACTOR_ADDED, account=gisele).count() == 2
    assert "gisele@exemple.invalid" in mail.outbox[0].to


def test_who_needs_none_is_left_alone(people, browser_of):
    with_password(people.lea.user)
    client = browser_of()
    log_in(client, "lea")
    assert client.get("/compte/").status_code == 200


def test_the_password_alone_opens_nothing_any_more(protected, browser_of):
    client = browser_of()
    log_in(client, "gisele")
    assert not is_in(client)
    assert client.get("/compte/").status_code == 302


def test_the_code_opens_and_a_minute_off_it_does_not(protected, browser_of):
    for seconds, opens in ((NOON, True), (NOON - 30, True), (NOON - 60, False)):
        client = browser_of()
        log_in(client, "gisele")
        client.post("/compte/second-facteur/authenticate/", {"code": code_at(seconds)})
        assert is_in(client) is opens


def test_a_code_serves_once(protected, browser_of):
    for opens in (True, False):
        client = browser_of()
        log_in(client, "gisele")
        client.post("/compte/second-facteur/authenticate/", {"code": code_at(NOON)})
        assert is_in(client) is opens


def test_the_sixth_wrong_code_waits_and_is_noted(protected, browser_of):
    client = browser_of()
    log_in(client, "gisele")
    for _ in range(5):
        client.post("/compte/second-facteur/authenticate/", {"code": "000000"})
    answer = client.post("/compte/second-facteur/authenticate/", {"code": code_at(NOON)})
    assert "Trop d’essais" in answer.content.decode()
    assert AccountEntry.objects.filter(what=AccountEntry.What.FACTOR_REFUSED, account=protected).count() == 5


def test_a_reset_password_does_not_go_round_it(protected, browser_of):
    client = browser_of()
    client.post("/compte/password/reset/", {"email": protected.email})
    path = mail.outbox[0].body.split("http://localhost:8000")[1].split()[0]
    answer = client.get(path, follow=True)
    new = "girafe-tranquille-7"
    client.post(answer.request["PATH_INFO"], {"password1": new, "password2": new})
    log_in(client, "gisele", new)
    assert not is_in(client)


def test_the_secret_is_locked_in_the_database_and_a_former_key_still_opens_it(protected, settings):
    row = Authenticator.objects.get()
    assert SECRET not in str(row.data)
    with override_settings(SECRET_KEY="another-" * 8, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert row.wrap().validate_code(code_at(NOON))


def test_taking_the_last_one_away_asks_who_it_is_then_for_another(protected, browser_of, time_machine):
    client = browser_of()
    log_in(client, "gisele")
    client.post("/compte/second-facteur/authenticate/", {"code": code_at(NOON)})
    assert client.get("/compte/").status_code == 200
    time_machine.shift(301)
    answer = client.get("/compte/second-facteur/totp/deactivate/")
    assert answer.url.startswith("/compte/reauthenticate/")
    client.post("/compte/reauthenticate/", {"password": "correct-cheval-pile"})
    client.post("/compte/second-facteur/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert client.get("/compte/").headers["Location"] == "/compte/second-facteur/"


@pytest.mark.parametrize(("act", "typed"), [("edit", {"name": "bureau"}), ("remove", {})])
def test_a_key_renamed_or_taken_away_leads_back_to_the_second_factor(people, browser_of, act, typed):
    with_password(people.paul.user)
    client = browser_of()
    log_in(client, "paul")
    key = Authenticator.objects.create(user=people.paul.user, type=Authenticator.Type.WEBAUTHN, data={"name": "clé"})
    answer = client.post(f"/compte/second-facteur/webauthn/keys/{key.pk}/{act}/", typed, follow=True)
    assert answer.request["PATH_INFO"] == "/compte/second-facteur/"
