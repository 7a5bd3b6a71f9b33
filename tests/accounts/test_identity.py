"""Pro Santé Connect and other OpenID providers: an identity comes in, never a role; a bad answer changes nothing.

Against a real provider (tests/openid/provider.mjs), which knows nothing of the register.
"""

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.core import mail

from balmanager.accounts.actions import tie_by_rpps
from balmanager.accounts.models import AccountEntry, User
from balmanager.accounts.provider import places_of, rpps_of
from mailboxes.models import Membership
from tests.accounts.conftest import is_in, log_in, with_password
from tests.mailboxes.conftest import RPPS
from tests.servers import or_skip, run_openid

pytestmark = pytest.mark.sqlite_run

SITE = "http://localhost:8000"


def professional(rpps, **claims):
    return {"claims": {"SubjectNameID": f"8{rpps}", "given_name": "KIT", "family_name": "DOC0021889", **claims}}


EXERCISE = {"exercices": [{"activities": [{"numeroFinessSite": "010000002", "numeroSiretSite": ""}]}]}
ACCOUNTS = {
    "zoe": professional("70000000001", SubjectRefPro=EXERCISE),  # of whom the register knows nothing
    "alice": professional(RPPS["alice"]),
    "weak": professional("70000000003") | {"acr": "eidas0"},
    "clerk": {"claims": {"given_name": "Claude", "email": "claude@exemple.invalid", "email_verified": True}},
    "nameless": {"claims": {"given_name": "X"}},
}


@pytest.fixture(scope="module")
def provider(server_folder):
    with or_skip(), run_openid(server_folder, SITE, ACCOUNTS) as provider:
        yield provider


@pytest.fixture(autouse=True)
def _configured(settings, provider):
    shared = {"uid_claim": "SubjectNameID", "rpps_claim": "SubjectNameID", "acr_values": "eidas1", "servers": []}
    shared |= {"certificate": None, "authorities": ""}
    psc = shared | {
        "server_url": provider.env["PSC_DISCOVERY_URL"],
        "scope": ["openid", "scope_all"],
    }
    own = {**shared, "server_url": provider.url, "scope": ["openid", "profile"]}
    own |= {"uid_claim": "sub", "rpps_claim": "", "acr_values": ""}
    secret = provider.env["PSC_CLIENT_SECRET"]
    settings.IDENTITY_PROVIDERS = [
        {"provider_id": "psc", "name": "PSC", "client_id": "bal-manager", "secret": secret, "settings": psc},
        {"provider_id": "sso", "name": "Hôpital", "client_id": "bal-signed", "secret": secret, "settings": own},
    ]
    settings.STRONG_PROVIDERS = ["psc"]
    settings.SOCIALACCOUNT_PROVIDERS = {"oidc": {"APPS": settings.IDENTITY_PROVIDERS}}


def go(client, by="psc", **asked) -> str:
    """The address of the provider that the log-in page leads to."""
    answer = client.get(f"/compte/identite/{by}/", asked)
    assert answer.status_code == 302, answer.content.decode()
    return answer.headers["Location"]


def choose(url, name) -> str:
    """Log in at the provider as `name`; the way back, not yet followed."""
    with httpx.Client() as browser:
        answer = browser.get(url)
        while not (url := answer.headers["Location"]).startswith(SITE):
            url = str(answer.url.join(url))
            answer = browser.get(f"{url}/{name}" if "/choose/" in url else url)
        return url.removeprefix(SITE)


def come_in(client, name, by="psc"):
    return client.get(choose(go(client, by), name))


def altered(url, **parameters) -> str:
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return parts._replace(query=urlencode(asked)).geturl()


def assert_refused(client, answer, why=""):
    assert answer.status_code == 401
    assert "Rien n’a été changé." in answer.content.decode()
    assert not is_in(client)
    assert not SocialAccount.objects.exists()
    entry = AccountEntry.objects.get(what=AccountEntry.What.IDENTITY_REFUSED)
    assert why in entry.note


def test_what_is_asked_of_the_provider(client, db):
    asked = {name: values[0] for name, values in parse_qs(urlsplit(go(client)).query).items()}
    assert asked["acr_values"] == "eidas1"
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"openid", "scope_all"}
    assert len(asked["nonce"]) >= 32
    assert len(asked["state"]) >= 16
    assert asked["redirect_uri"] == f"{SITE}/compte/identite/psc/retour/"


def test_the_visitor_has_no_word_on_what_is_asked(client, db):
    url = go(client, auth_params="acr_values=eidas0", scope="email")
    assert "eidas0" not in url
    assert "email" not in url


def test_the_answer_comes_back_to_site_url_whatever_the_host(client, db, settings):
    settings.ALLOWED_HOSTS = ["pirate.invalid"]
    url = client.get("/compte/identite/psc/", headers={"host": "pirate.invalid"}).headers["Location"]
    assert "pirate" not in url


def test_a_professional_unknown_here_gets_an_account_that_may_nothing(client, people):
    come_in(client, "zoe")
    assert is_in(client)
    account = SocialAccount.objects.get(provider="psc", uid="870000000001").user
    assert not account.has_usable_password()
    assert (account.is_staff, account.is_superuser, account.memberships.count()) == (False, False, 0)
    assert not hasattr(account, "person")
    assert not EmailAddress.objects.exists()


def test_what_is_kept_of_the_claims_is_what_serves(client, db):
    come_in(client, "zoe")
    kept = SocialAccount.objects.get().extra_data
    assert kept == {"rpps": "70000000001", "places": ["010000002"]}


def test_the_rpps_ties_the_account_to_the_person_it_names(client, people):
    people.alice.user = None
    people.alice.save()
    come_in(client, "alice")
    people.alice.refresh_from_db()
    assert people.alice.user == SocialAccount.objects.get().user
    assert AccountEntry.objects.get(what=AccountEntry.What.TIED).person == people.alice


def test_a_person_recorded_later_is_tied_at_the_next_log_in(client, browser_of, people):
    come_in(client, "zoe")
    people.paul.user, people.paul.rpps = None, "70000000001"
    people.paul.save()
    come_in(browser_of(), "zoe")
    people.paul.refresh_from_db()
    assert people.paul.user == SocialAccount.objects.get().user


def test_two_providers_that_vouch_for_two_numbers_tie_nobody_and_stop_no_log_in(people):
    account = people.gisele.user
    people.alice.user = people.gisele.user = None
    people.alice.save()
    people.gisele.save()
    SocialAccount.objects.create(user=account, provider="sso", uid="a", extra_data={"rpps": "70000000001"})
    SocialAccount.objects.create(user=account, provider="psc", uid="b", extra_data={"rpps": people.alice.rpps})
    tie_by_rpps(account, people.alice.rpps)
    people.alice.refresh_from_db()
    assert people.alice.user is None


def test_a_person_who_has_an_account_links_it_from_there(client, people):
    answer = client.get(choose(go(client), "alice"), follow=True)
    assert "reliez PSC depuis" in answer.content.decode()
    assert not is_in(client)
    alice = with_password(people.alice.user)
    log_in(client, "alice")
    page = client.post("/compte/identite/psc/relier/").content.decode()
    query = page.split("/compte/identite/psc/?")[1].split('"')[0].replace("&amp;", "&")
    client.get(choose(client.get(f"/compte/identite/psc/?{query}").headers["Location"], "alice"))
    assert SocialAccount.objects.get().user == alice
    client.post("/compte/logout/")
    come_in(client, "alice")
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_no_page_from_elsewhere_makes_a_session_link_an_identity(client, gisele):
    log_in(client, "gisele")
    assert client.get("/compte/identite/psc/", {"process": "connect"}).status_code == 404
    for mark in ("0" * 64, "é"):
        assert client.get("/compte/identite/psc/", {"process": "connect", "mark": mark}).status_code == 404


def test_the_key_is_the_national_identifier_not_sub(client, browser_of, db):
    come_in(client, "zoe")
    come_in(browser_of(), "zoe")
    assert SocialAccount.objects.get().uid == "870000000001"
    assert User.objects.count() == 1


def test_a_hospital_s_own_provider_with_a_signed_answer(client, db):
    come_in(client, "clerk", by="sso")
    account = SocialAccount.objects.get(provider="sso", uid="clerk").user
    assert (account.first_name, account.email) == ("Claude", "claude@exemple.invalid")
    assert not EmailAddress.objects.exists()


def test_an_address_of_another_account_is_not_taken_over(client, gisele):
    gisele.email = "claude@exemple.invalid"
    gisele.save()
    come_in(client, "clerk", by="sso")
    account = SocialAccount.objects.get().user
    assert account != gisele
    assert account.email == ""


def test_pro_sante_connect_is_a_second_factor_and_a_hospital_s_own_is_not_unless_said(
    client, browser_of, people, settings
):
    settings.SECOND_FACTOR_REQUIRED = True
    for by, who, opened in (("psc", "zoe", 200), ("sso", "clerk", 302)):
        browser = browser_of()
        come_in(browser, who, by=by)
        account = SocialAccount.objects.get(provider=by).user
        Membership.objects.create(
            user=account, structure=people.gisele.affiliations.get().structure, role="gestionnaire"
        )
        assert browser.get("/compte/").status_code == opened


# --- Bad answers --------------------------------------------------------------------------------------------------
def test_a_replayed_answer(client, db):
    back = choose(go(client), "zoe")
    client.get(back)
    client.post("/compte/logout/")
    SocialAccount.objects.all().delete()
    assert_refused(client, client.get(back))


def test_an_answer_to_another_browser(client, browser_of, db):
    other = browser_of()
    assert_refused(other, other.get(choose(go(client), "zoe")))


def test_a_wrong_state(client, db):
    assert_refused(client, client.get(altered(choose(go(client), "zoe"), state="x" * 16)))


def test_a_wrong_nonce(client, db):
    assert_refused(client, client.get(choose(altered(go(client), nonce="n" * 32), "zoe")), "nonce")


def test_a_code_of_another_log_in(client, browser_of, db):
    stolen = parse_qs(urlsplit(choose(go(browser_of()), "alice")).query)["code"][0]
    assert_refused(client, client.get(altered(choose(go(client), "zoe"), code=stolen)))


def test_a_level_of_authentication_too_low(client, db):
    assert_refused(client, come_in(client, "weak"), "level")


def test_an_identity_without_its_key(client, db):
    assert_refused(client, come_in(client, "nameless"), "KeyError")


def test_a_token_signed_by_someone_else(client, db, monkeypatch):
    forged = {"sub": "f:tests:zoe", "aud": "bal-manager", "exp": time.time() + 60, "iat": time.time()}
    token = jwt.encode(forged, "secret-of-the-tests" * 3, algorithm="HS256")
    back = choose(go(client), "zoe")
    monkeypatch.setattr(
        "allauth.socialaccount.providers.oauth2.client.OAuth2Client.get_access_token",
        lambda *_, **__: {"access_token": "x", "id_token": token},
    )
    assert_refused(client, client.get(back), "announced")


def test_a_provider_that_does_not_answer(client, db, settings):
    settings.IDENTITY_PROVIDERS[0]["settings"]["server_url"] = "http://127.0.0.1:9/.well-known/x"
    answer = client.get("/compte/identite/psc/")
    assert_refused(client, answer)


def test_a_provider_nobody_configured(client, db):
    assert client.get("/compte/identite/inconnu/").status_code == 404


def test_giving_up_there_is_no_attack(client, db):
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    answer = client.get("/compte/identite/psc/retour/", {"state": state, "error": "access_denied"}, follow=True)
    assert "Vous avez renoncé" in answer.content.decode()
    assert not AccountEntry.objects.exists()


# --- Leaving ------------------------------------------------------------------------------------------------------
def test_leaving_offers_to_end_the_session_there_too(client, db, provider):
    come_in(client, "zoe")
    answer = client.post("/compte/logout/", follow=True)
    page = answer.content.decode()
    assert f"{provider.url}/session/end?id_token_hint=" in page
    assert "id_token" not in client.session
    assert "id_token_hint" not in client.get("/compte/parti/", follow=True).content.decode()


def test_who_came_by_a_password_leaves_as_before(client, gisele):
    log_in(client, "gisele")
    assert client.post("/compte/logout/").headers["Location"] == "/compte/login/"


# --- What a claim says --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("claim", "rpps"),
    [
        ("899700218896", "99700218896"), ("99700218896", "99700218896"), ("799700218896", ""), ("8997002188961", ""),
        ("ANS20231122132732", ""), ("", ""), (None, ""),
    ],
)  # fmt: skip
def test_the_rpps_in_a_claim(claim, rpps):
    assert rpps_of(claim) == rpps


@pytest.mark.parametrize(
    "claims", [{}, {"SubjectRefPro": None}, {"SubjectRefPro": []}, {"SubjectRefPro": {"exercices": None}}]
)
def test_a_person_whose_places_are_not_told(claims):
    assert places_of(claims) == []


def test_no_mail_is_sent_to_an_account_without_address(client, db):
    come_in(client, "zoe")
    assert mail.outbox == []


def test_the_client_certificate_is_shown_to_its_provider_alone(settings):
    options = settings.IDENTITY_PROVIDERS[0]["settings"]
    options |= {"servers": ["https://psc.invalid/"], "certificate": ("a.pem", "a.key"), "authorities": "ca.pem"}
    session = get_adapter().get_requests_session()
    shown = session.get_adapter("https://psc.invalid/token")
    assert (shown.shown, shown.authorities) == (("a.pem", "a.key"), "ca.pem")
    assert not hasattr(session.get_adapter("https://other.invalid/"), "shown")
