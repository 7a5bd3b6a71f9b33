"""Essential acts in a browser without JavaScript, from the log-in on. Others are played so beside the same with it:
alerts, campaigns, imports, openings, cotitulaires, and the whole way out (test_journeys, test_campaigns, test_opening).
"""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.cast import PASSWORD
from tests.e2e.test_every_page import person_url

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


@pytest.fixture
def page(browser):
    context = browser.new_context(locale="fr-FR", java_script_enabled=False, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_a_gestionnaire_logs_in_finds_filters_and_acts_in_bulk(app, page):
    page.goto(app.url)
    page.get_by_label("Identifiant").fill("gisele")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name="À traiter", level=1)).to_be_visible()
    page.get_by_label("Rechercher une BAL, une personne, un acte").fill("cardiologie")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="cardiologie.lilas@").first.click()
    expect(page.get_by_role("heading", name="Qui y a accès")).to_be_visible()
    page.goto(f"{app.url}/bal/")
    page.get_by_label("Rechercher", exact=True).fill("paul")
    page.get_by_role("button", name="Filtrer").click()
    expect(page.get_by_role("link", name="cardiologie.lilas@")).to_have_count(0)
    expect(page.get_by_label("Cocher toute la page")).to_be_hidden()
    page.get_by_label("Cocher paul.exemple@chu-exemple.mssante.fr").check()
    page.get_by_text("Agir en lot").click()
    page.get_by_label("Pour la sélection").select_option(label="Demander la dépublication")
    page.get_by_role("button", name="Voir ce qui est possible").click()
    page.get_by_role("button", name="Demander la dépublication").click()
    page.get_by_text("fait pour 1 BAL").wait_for()


def test_what_is_to_be_done_is_paused_and_taken_up_again(app, page, log_in):
    log_in(page, "gisele")
    row = page.locator(".todo").filter(has_text="BAL orphelines")
    row.locator("summary").click()
    row.get_by_role("button", name=re.compile("[Pp]ause")).first.click()
    page.get_by_role("link", name=re.compile("^En pause")).click()
    expect(page.locator(".todo").filter(has_text="BAL orphelines")).to_be_visible()


def test_a_principal_lends_an_access_and_hands_over(app, page, log_in):
    log_in(page, "alice")
    page.get_by_role("link", name="cardiologie.lilas@").first.click()
    page.get_by_role("link", name="Déléguer l’accès").click()
    page.get_by_label("Personne", exact=True).fill("Chloe EXEMPLE")
    page.get_by_label("Sans date de fin").check()
    page.get_by_label("Motif de l’accès").fill("remplacement")
    page.get_by_role("button", name="Déléguer l’accès").click()
    page.get_by_text("est prié d’ouvrir l’accès").wait_for()
    page.get_by_text("Rendre principal").first.click()
    page.get_by_role("button", name=re.compile("Transmettre")).click()
    page.get_by_text("est maintenant principal de cardiologie.lilas@").wait_for()


def test_a_professional_chooses_the_address_to_be_written_to(app, page, log_in):
    log_in(page, "alice")
    page.get_by_role("button", name="Privilégier").first.click()
    page.get_by_role("status").first.wait_for()
    expect(page.get_by_text("Votre choix").first).to_be_visible()


def test_a_departure_is_foreseen(app, page, log_in):
    log_in(page, "gisele")
    page.goto(app.url + person_url(app, page, "Bruno EXEMPLE"))
    page.get_by_role("link", name="Préparer le départ").click()
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    expect(
        page.get_by_role("button", name=re.compile("^(Enregistrer le départ|Demander de transmettre)"))
    ).to_be_visible()


def test_an_operator_s_answer_is_recorded(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/demandes/")
    page.get_by_role("link", name="Modification").click()
    page.get_by_role("link", name="Marquer comme envoyée").click()
    page.get_by_role("button", name="Marquer comme envoyée").click()
    page.get_by_role("link", name="Enregistrer que c’est fait").click()
    page.get_by_role("button", name="Enregistrer que c’est fait").click()
    page.get_by_text("C’est enregistré. Étape de la demande").wait_for()
