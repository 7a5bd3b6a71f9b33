"""A BAL asked for from the first step to the last, in a real browser: for a team, and by a professional for their
own use."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def onwards(page):
    page.get_by_role("button", name="Continuer").click()


def ask_for_an_org(app, page, log_in, look):
    """Gisele, for a team, names a colleague whom only the annuaire knows, and a délégataire."""
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/")
    page.get_by_role("link", name="Demander une BAL").click()
    look("opening-start")
    page.get_by_role("button", name="Commencer une demande").click()
    page.get_by_label("Pour quelle structure").select_option(label="CHU des Lilas")
    page.get_by_label("plusieurs professionnels, et des personnes sans RPPS").check()
    page.get_by_label("oui", exact=True).check()
    page.get_by_label("Qu’est-ce qui s’échangera").fill("Comptes rendus de dialyse.")
    look("opening-usage")
    onwards(page)
    expect(page.get_by_text("nous conseillons une BAL organisationnelle (ORG), avec des délégations")).to_be_visible()
    look("opening-type")
    onwards(page)
    page.get_by_label("Service, équipe ou cabinet").fill("Néphrologie")
    page.get_by_label("Cotitulaire principal").fill("10000000058")
    look("opening-holder")
    onwards(page)
    page.get_by_label("@chu-exemple.mssante.fr").check()
    look("opening-operator")
    onwards(page)
    look("opening-address")
    page.get_by_label("une autre, que j’écris").check()
    page.get_by_label("Ce qui précède le @").fill("Néphrologie.Lilas")
    onwards(page)
    page.get_by_text("Beaucoup de messageries refusent les lettres accentuées").wait_for()
    look("opening-warned")
    page.get_by_label("Ce qui précède le @").fill("nephrologie.lilas")
    onwards(page)
    page.get_by_label("Personne à ajouter").fill("10000000066")
    page.get_by_label("cotitulaire (RPPS").check()
    page.get_by_role("button", name="Ajouter cette personne").click()
    page.get_by_text("il lui manque une CPS ou une e-CPS").wait_for()
    page.get_by_label("Cette personne a une CPS ou une e-CPS").check()
    page.get_by_role("button", name="Ajouter cette personne").click()
    page.get_by_text("Marie EXEMPLE").wait_for()
    page.get_by_label("Personne à ajouter").fill("delphine")
    page.get_by_label("délégataire", exact=True).check()
    page.get_by_label("Motif de l’accès du délégataire").fill("secrétariat de dialyse")
    page.get_by_role("button", name="Ajouter cette personne").click()
    page.get_by_role("button", name="Retirer Delphine EXEMPLE").wait_for()
    look("opening-access")
    onwards(page)
    page.get_by_text(re.compile(r"Merci d’ouvrir la BAL .*nephrologie\.lilas@")).wait_for()
    look("opening-review")
    page.goto(f"{app.url}/bal/demander/")
    look("opening-draft")
    page.get_by_role("link", name="Reprendre le brouillon nephrologie.lilas@").click()
    page.get_by_role("button", name="Demander cette BAL").click()
    page.get_by_text("Demande inscrite au registre").wait_for()
    assert page.locator("h1 .badge").inner_text() == "demandée"
    expect(page.get_by_text("Marie EXEMPLE").first).to_be_visible()
    expect(page.get_by_text("Délégation prévue : Delphine EXEMPLE").first).to_be_visible()


def test_a_gestionnaire_asks_for_an_org(app, page, log_in, look, browser_errors):
    ask_for_an_org(app, page, log_in, lambda name: look(page, name))
    assert [error for error in browser_errors if "422" not in error] == []  # what was to be corrected
    browser_errors.clear()


def test_the_same_without_javascript(app, bare_page, log_in):
    ask_for_an_org(app, bare_page, log_in, lambda name: None)


def test_a_professional_asks_for_their_own_per_without_javascript(app, bare_page, log_in):
    page = bare_page
    log_in(page, "chloe")
    page.get_by_role("link", name="Demander une BAL").click()
    page.get_by_role("button", name="Commencer une demande").click()
    page.get_by_label("un seul professionnel", exact=True).check()
    page.get_by_label("non", exact=True).check()
    onwards(page)
    expect(page.get_by_label("PER, nominative")).to_be_checked()
    onwards(page)
    expect(page.get_by_text("Titulaire : Chloe EXEMPLE")).to_be_visible()
    onwards(page)
    onwards(page)
    page.get_by_role("radio").first.check()  # her usual address is taken: the next one proposed
    onwards(page)
    onwards(page)
    page.get_by_role("button", name="Demander cette BAL").click()
    page.get_by_text("Demande inscrite au registre").wait_for()
    assert page.locator("h1 .badge").inner_text() == "demandée"


def test_the_naming_policy_shows_what_it_gives_as_one_chooses(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/demander/")
    page.get_by_role("link", name="Voir la règle de nommage").first.click()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("BAL nominatives").select_option(label="p.nom (initiale du prénom)")
    page.get_by_role("cell", name="jm.ndiaye").wait_for()
    page.get_by_role("button", name="Enregistrer la règle").click()
    page.get_by_text("La règle de nommage vaut pour les BAL à venir").wait_for()
    assert page.get_by_label("BAL nominatives").input_value() == "p.nom"


def test_the_examples_are_seen_without_javascript(app, bare_page, log_in):
    log_in(bare_page, "gisele")
    bare_page.goto(f"{app.url}/structures/1/nommage/")
    bare_page.get_by_label("Apostrophes").select_option(label="gardées : n'diaye")
    bare_page.get_by_role("button", name="Voir les exemples").click()
    bare_page.get_by_role("cell", name="jean-marc.n'diaye").wait_for()
    bare_page.goto(f"{app.url}/structures/1/nommage/")
    assert bare_page.get_by_label("Apostrophes").input_value() == "dropped"
