"""One's own account in a real browser: a second factor is enrolled and asked for, sessions are seen and closed."""

import re
import time
from email import message_from_bytes

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tests.e2e.cast import PASSWORD

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

ACCOUNTS = f"""
from django.contrib.auth import get_user_model
from mailboxes.models import Membership, Structure
gisele = get_user_model().objects.create_user("gisele", "gisele@exemple.invalid", "{PASSWORD}", first_name="Gisèle")
chu = Structure.objects.create(name="CHU des Lilas")
Membership.objects.create(user=gisele, structure=chu, role="gestionnaire")
"""
SECURE_ELEMENT = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def strict(app_server):
    """The application where gestionnaires must have a second factor; by a name, for passkeys know no bare address."""
    app = app_server(host="localhost", SECOND_FACTOR_REQUIRED="true")
    app.manage("shell", "-c", ACCOUNTS)
    return app


def begin(page, app):
    page.goto(f"{app.url}/compte/login/")
    page.locator("input[name=login]").fill("gisele")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def leave(page):
    page.locator("header summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/compte/login/")


def invitation_in(app) -> str:
    """The link of the one invitation among the mails that the application wrote into files."""
    messages = [message_from_bytes(path.read_bytes()) for path in (app.var / "mails").iterdir()]
    texts = [message.get_payload(decode=True).decode() for message in messages]
    (url,) = [found[0] for text in texts if (found := re.search(rf"{app.url}/compte/invitation/\S+", text))]
    return url


def code_of(secret) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_a_gestionnaire_enrols_an_application_then_a_passkey_and_logs_in_by_each(strict, page, look):
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": SECURE_ELEMENT})

    begin(page, strict)
    page.get_by_text("Votre rôle demande un second facteur").wait_for()
    look(page, "second-factor")
    page.get_by_role("link", name="Choisir l’application à codes").click()
    look(page, "totp")
    secret = page.locator("main code").inner_text()
    page.locator("input[name=code]").fill(code_of(secret))
    page.get_by_role("button", name="Vérifier le code").click()
    page.get_by_role("heading", name="Codes de secours").wait_for()
    expect(page.locator(".recovery-codes code")).to_have_count(10)
    look(page, "recovery-codes")
    leave(page)

    begin(page, strict)
    page.get_by_role("heading", name="Second facteur").wait_for()
    look(page, "second-factor-asked")
    page.locator("input[name=code]").fill(code_of(secret))
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url(f"{strict.url}/")

    page.goto(f"{strict.url}/compte/second-facteur/webauthn/add/")
    look(page, "passkey")
    page.get_by_label("Nom de la clé").fill("Ordinateur")
    page.get_by_label("Me connecter avec cette clé seule").check()
    page.get_by_role("button", name="Ajouter").click()
    page.get_by_text("Ordinateur, ajoutée le").wait_for()
    look(page, "second-factors")
    leave(page)

    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.wait_for_url(f"{strict.url}/")
    page.goto(f"{strict.url}/compte/")
    look(page, "account")
    page.goto(f"{strict.url}/compte/sessions/")
    look(page, "sessions")
    page.goto(f"{strict.url}/compte/adresse/")
    look(page, "address")


def test_a_gestionnaire_invites_a_colleague_who_opens_an_account(app_server, page, look, browser):
    app = app_server()
    app.manage("shell", "-c", ACCOUNTS)
    begin(page, app)
    page.goto(f"{app.url}/compte/droits/inviter/")
    look(page, "rights-invite")
    page.get_by_label("Adresse e-mail").fill("nadia@exemple.invalid")
    page.get_by_label("Rôle").select_option(label="lecteur")
    page.get_by_label("Structure").select_option(label="CHU des Lilas")
    page.get_by_role("button", name="Inviter").click()
    page.get_by_text("L’invitation est envoyée.").wait_for()
    look(page, "rights")
    url = invitation_in(app)

    colleague = browser.new_context(locale="fr-FR").new_page()
    colleague.goto(url)
    look(colleague, "invitation")
    for label, value in (("Prénom", "Nadia"), ("Nom", "Exemple"), ("Mot de passe", PASSWORD)):
        colleague.get_by_label(label, exact=True).fill(value)
    colleague.get_by_label("Le même").fill(PASSWORD)
    colleague.get_by_role("button", name="Ouvrir mon compte").click()
    colleague.get_by_text("Votre compte est ouvert").wait_for()
    colleague.context.close()

    page.goto(f"{app.url}/compte/droits/")
    page.get_by_role("link", name="Nadia Exemple").click()
    look(page, "rights-of")
    page.get_by_role("link", name="Retirer ce rôle").click()
    look(page, "rights-withdraw")
    page.get_by_role("button", name="Retirer le rôle").click()
    page.get_by_text("Le rôle est retiré.").wait_for()


PROFESSIONALS = {
    "899700218896": {
        "claims": {"SubjectNameID": "899700218896", "given_name": "KIT", "family_name": "DOC0021889"},
    }
}
RECORDED = """
from mailboxes.models import Affiliation, Person, Structure
kit = Person.objects.create(given_name="Kit", family_name="Doc0021889", rpps="99700218896", has_cps=True)
Affiliation.objects.create(person=kit, structure=Structure.objects.create(name="Cabinet Doc"))
"""


def test_a_professional_comes_by_pro_sante_connect_and_leaves_it_too(
    app_data, serve, openid_provider, page, look, browser_errors
):
    app = app_data(host="localhost")
    provider = openid_provider(app.url, PROFESSIONALS)
    app.env |= {name: value for name, value in provider.env.items() if name.startswith("PSC_")}
    app.manage("shell", "-c", RECORDED)
    serve(app)
    page.goto(f"{app.url}/compte/login/")
    look(page, "log-in")
    page.get_by_role("link", name="Se connecter avec Pro Santé Connect").click()
    page.get_by_role("link", name="899700218896").click()
    page.get_by_role("heading", name="Mes BAL").wait_for()
    expect(page).to_have_url(f"{app.url}/mes-bal/")
    assert "KIT DOC0021889" in page.locator("header summary").inner_text()
    page.goto(f"{app.url}/compte/")
    look(page, "account-of-a-professional")
    page.locator("header summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    page.get_by_role("heading", name="Vous avez quitté BAL Manager").wait_for()
    look(page, "left")
    page.get_by_role("link", name="Fermer aussi cette session").click()
    expect(page).to_have_url(re.compile(re.escape(provider.url)))
    browser_errors.clear()  # the provider's own pages want pictures and fonts from elsewhere
