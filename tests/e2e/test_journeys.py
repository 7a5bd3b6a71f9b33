"""What people come for, from log-in to the last word, in a real browser against the application as it runs."""

import pytest

from tests.e2e.test_every_page import link_of

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def test_a_gestionnaire_finds_a_bal_and_asks_for_its_depublication(app, page, log_in):
    log_in(page, "gisele")
    page.get_by_role("link", name="Registre des BAL").click()
    page.get_by_label("Rechercher").fill("cardiologie")
    page.get_by_role("button", name="Filtrer").click()
    page.get_by_role("link", name="cardiologie.lilas@").click()
    page.get_by_role("link", name="Demander la dépublication").click()
    page.get_by_label("Motif").fill("Remplacée par la BAL du pôle.")
    page.get_by_role("button", name="Demander la dépublication").click()
    page.get_by_text("« Demander la dépublication » : c’est fait.").wait_for()
    assert page.locator("h1 .badge").inner_text() == "dépublication demandée"
    assert page.get_by_text("Motif : Remplacée par la BAL du pôle.").is_visible()


def test_a_gestionnaire_ticks_bal_and_is_told_what_was_refused(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?q=logie.lilas")
    page.get_by_label("Cocher toutes les BAL de la page").check()
    page.get_by_label("Pour les BAL cochées").select_option(label="Demander la dépublication")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Demander la dépublication").click()
    page.get_by_text("fait pour 1 BAL").wait_for()
    assert page.get_by_text("Refusé pour 1 BAL (pneumologie.lilas@").is_visible()


def test_a_principal_names_a_cotitulaire_as_he_types(app, page, log_in):
    log_in(page, "alice")
    page.get_by_role("link", name="cardiologie.lilas@").click()
    page.get_by_role("link", name="Ajouter un cotitulaire").click()
    with page.expect_response(lambda answer: "/personnes/suggestions/" in answer.url):
        page.get_by_label("Personne").press_sequentially("chlo")
    option = page.locator("datalist option")
    option.wait_for(state="attached")
    page.get_by_label("Personne").fill(option.get_attribute("value"))
    page.get_by_role("button", name="Ajouter un cotitulaire").click()
    page.get_by_text("Chloe EXEMPLE").first.wait_for()


def keep_the_bal(app, page, log_in):
    log_in(page, "paul")
    assert page.url == f"{app.url}/mes-bal/"
    page.get_by_role("button", name="Garder la BAL, je m’en sers").click()
    page.get_by_text("C’est noté").wait_for()
    assert page.get_by_role("button", name="Garder la BAL, je m’en sers").count() == 0
    assert page.locator(".badge.state-active").count() == 1


def test_a_professional_opposes_an_alert_in_one_click(app, page, log_in):
    keep_the_bal(app, page, log_in)


@pytest.fixture
def bare_page(browser):
    """A browser without JavaScript."""
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_same_without_javascript(app, bare_page, log_in):
    keep_the_bal(app, bare_page, log_in)


def test_a_person_is_chosen_without_javascript(app, bare_page, log_in):
    log_in(bare_page, "alice")
    bare_page.get_by_role("link", name="cardiologie.lilas@").click()
    bare_page.get_by_role("link", name="Ajouter un cotitulaire").click()
    bare_page.get_by_label("Personne").fill("exemple")
    bare_page.get_by_role("button", name="Ajouter un cotitulaire").click()
    bare_page.get_by_label("Paul EXEMPLE (RPPS 10000000033)").check()
    bare_page.get_by_role("button", name="Ajouter un cotitulaire").click()
    bare_page.get_by_text("« Ajouter un cotitulaire » : c’est fait.").wait_for()
    assert bare_page.get_by_text("Paul EXEMPLE").first.is_visible()


def test_a_gestionnaire_adopts_what_the_annuaire_shows_and_the_register_lacks(app, page, log_in):
    log_in(page, "gisele")
    page.get_by_role("link", name="Écarts", exact=True).click()
    page.get_by_label("Cocher ancien.standard@chu-exemple.mssante.fr").check()
    page.get_by_label("Pour les adresses cochées").select_option(label="Inscrire au registre")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Inscrire au registre").click()
    page.get_by_text("fait pour 1 BAL").wait_for()
    assert page.get_by_role("link", name="ancien.standard@").count() == 0


def test_a_professional_answers_by_the_link_without_log_in_nor_javascript(app, bare_page):
    bare_page.goto(app.url + link_of(app, "alice"))
    liberal = bare_page.get_by_role("listitem").filter(has_text="alice.liberal@")
    liberal.get_by_role("button", name="À moi, mais je ne m’en sers pas").click()
    bare_page.get_by_text("voici comment retirer").wait_for()
    assert liberal.get_by_role("button").count() == 0
    liberal.get_by_text("Comment la retirer de l’annuaire").click()
    assert liberal.get_by_text("Je suis titulaire de la BAL MSSanté").is_visible()
    assert bare_page.get_by_role("button", name="À moi, et je m’en sers").count() == 1


def test_a_professional_chooses_his_preferred_bal_and_makes_it_known(app, page, log_in):
    log_in(page, "alice")
    place = page.get_by_role("listitem").filter(has_text="CHU DES LILAS, Lilas")
    place.get_by_label("Adresse à privilégier").select_option("alice.exemple@chu-exemple.mssante.fr")
    place.get_by_role("button", name="Privilégier").click()
    page.get_by_text("vous privilégiez alice.exemple@chu-exemple.mssante.fr").wait_for()
    page.goto(app.url + bal_of(page, "alice.exemple"))
    page.get_by_role("link", name="Faire connaître").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copier : Signature de courriel").click()
    page.get_by_text("Copié").wait_for()
    assert "alice.exemple@chu-exemple.mssante.fr" in page.evaluate("navigator.clipboard.readText()")
    assert page.locator("img.kit-qr").evaluate("image => image.naturalWidth") > 100
    for name, start in (("Lettre aux partenaires, fichier PDF", b"%PDF"), ("Tout télécharger (ZIP)", b"PK")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.path().read_bytes().startswith(start)


def bal_of(page, text):
    return page.get_by_role("link", name=text).first.get_attribute("href")


def test_a_gestionnaire_asks_the_operator_for_a_preferred_bal(app, page, log_in):
    log_in(page, "gisele")
    page.get_by_role("link", name="Registre des BAL").click()
    page.get_by_role("link", name="BAL privilégiées").click()
    page.get_by_label("Cocher cardiologie.lilas@").check()
    page.get_by_role("button", name="Demander à l’opérateur").click()
    page.get_by_text("Demandé à l’opérateur pour 1 BAL").wait_for()
    assert page.get_by_role("cell", name="à envoyer").or_(page.get_by_role("cell", name="envoyée")).count() == 1


def test_a_gestionnaire_takes_the_kits_of_two_bal(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?q=exemple&kind=PER")
    page.get_by_label("Cocher toutes les BAL de la page").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Kits de communication").click()
    assert download.value.suggested_filename.startswith("kits-bal-")
    assert download.value.path().read_bytes().startswith(b"PK")
