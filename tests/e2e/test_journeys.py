"""What people come for, from log-in to the last word, in a real browser against the application as it runs."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.cast import PASSWORD
from tests.e2e.test_every_page import link_of, notice_link_of

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

DRAWN = "image => image.decode().then(() => image.naturalWidth)"  # once it is there


def go(page, group, name):
    menu = page.get_by_role("navigation", name="Menu principal")
    menu.locator("summary").get_by_text(group, exact=True).click()
    menu.get_by_role("link", name=name).click()


def in_bulk(page, act):
    """Of the rows that are ticked: what would be done, then done."""
    page.get_by_text("Agir en lot").click()
    page.get_by_label("Pour la sélection").select_option(label=act)
    page.get_by_role("button", name="Voir ce qui est possible").click()
    page.get_by_role("button", name=act).click()


def test_a_gestionnaire_finds_a_bal_and_asks_for_its_depublication(app, page, log_in):
    log_in(page, "gisele")
    go(page, "BAL", "Toutes les BAL")
    page.get_by_label("Rechercher", exact=True).fill("cardiologie")
    page.get_by_role("button", name="Filtrer").click()
    page.get_by_role("link", name="cardiologie.lilas@").click()
    page.get_by_role("link", name="Demander la dépublication").first.click()
    page.get_by_label("Motif").fill("Remplacée par la BAL du pôle.")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Demander la dépublication").click()
    page.get_by_text("La dépublication est demandée.").wait_for()
    assert page.locator("h1 .badge").inner_text() == "dépublication demandée"
    expect(page.get_by_text("Motif : Remplacée par la BAL du pôle.")).to_be_visible()


def test_a_gestionnaire_ticks_bal_and_is_told_what_was_refused(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?q=logie.lilas")
    page.get_by_label("Cocher toute la page").check()
    in_bulk(page, "Demander la dépublication")
    page.get_by_text("fait pour 1 BAL").wait_for()
    expect(page.get_by_text("Refusé pour 1 BAL (pneumologie.lilas@")).to_be_visible()


def test_a_principal_names_a_cotitulaire_while_typing(app, page, log_in):
    log_in(page, "alice")
    page.get_by_role("link", name="cardiologie.lilas@").click()
    page.get_by_role("link", name="Ajouter un cotitulaire").click()
    with page.expect_response(lambda answer: "/personnes/suggestions/" in answer.url):
        page.get_by_label("Personne", exact=True).press_sequentially("chlo")
    option = page.locator("datalist option")
    option.wait_for(state="attached")
    page.get_by_label("Personne", exact=True).fill(option.get_attribute("value"))
    page.get_by_role("button", name="Ajouter un cotitulaire").click()
    page.get_by_text("Chloe EXEMPLE").first.wait_for()


def keep_the_bal(app, page, log_in):
    log_in(page, "paul")
    expect(page).to_have_url(f"{app.url}/mes-bal/")
    page.get_by_role("button", name="Garder la BAL, je m’en sers").click()
    page.get_by_text("C’est noté").wait_for()
    expect(page.get_by_role("button", name="Garder la BAL, je m’en sers")).to_have_count(0)
    expect(page.locator(".badge.state-active")).to_have_count(1)


def test_a_professional_opposes_an_alert_in_one_click(app, page, log_in):
    keep_the_bal(app, page, log_in)


def test_the_same_without_javascript(app, bare_page, log_in):
    keep_the_bal(app, bare_page, log_in)


def answer_by_link(app, page):
    page.goto(app.url + notice_link_of(app, "paul"))
    expect(page.get_by_role("heading", name="Garder cette BAL ?")).to_be_visible()
    page.get_by_role("button", name="La garder, sans m’en servir en ce moment").click()
    page.get_by_text("C’est noté : cette BAL est gardée").wait_for()
    expect(page.locator(".badge.state-active")).to_have_count(1)
    page.reload()
    expect(page.get_by_text("Ce lien a servi")).to_be_visible()
    expect(page.get_by_role("button", name="La garder")).to_have_count(0)


def test_an_alert_is_opposed_by_its_link_without_log_in(app, page):
    answer_by_link(app, page)


def test_an_alert_is_opposed_by_its_link_without_log_in_nor_javascript(app, bare_page):
    answer_by_link(app, bare_page)


def test_a_person_chooses_to_be_told_without_mail_and_the_gestionnaire_writes_down_how(app, page, log_in):
    log_in(page, "paul")
    page.get_by_role("link", name="Mes préférences").first.click()
    page.get_by_label("de vive voix ou par courrier").check()
    page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_text("C’est enregistré").wait_for()
    page.context.clear_cookies()
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?q=paul.exemple")
    page.get_by_role("link", name="paul.exemple@").click()
    page.get_by_role("link", name="Demander la dépublication").first.click()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Demander la dépublication").click()
    page.goto(f"{app.url}/avis/")
    page.get_by_role("link", name="Consigner l’avis donné autrement à Paul EXEMPLE").first.click()
    page.get_by_label("par téléphone").check()
    page.get_by_role("button", name="Consigner un avis donné autrement").click()
    page.get_by_text("C’est consigné").wait_for()


def test_a_person_is_chosen_without_javascript(app, bare_page, log_in):
    log_in(bare_page, "alice")
    bare_page.get_by_role("link", name="cardiologie.lilas@").click()
    bare_page.get_by_role("link", name="Ajouter un cotitulaire").click()
    bare_page.get_by_label("Personne", exact=True).fill("exemple")
    bare_page.get_by_role("button", name="Ajouter un cotitulaire").click()
    bare_page.get_by_label("Paul EXEMPLE (RPPS 10000000033)").check()
    bare_page.get_by_role("button", name="Ajouter un cotitulaire").click()
    bare_page.get_by_text("est cotitulaire au registre").wait_for()
    expect(bare_page.get_by_text("Paul EXEMPLE").first).to_be_visible()


def test_a_gestionnaire_adopts_what_the_annuaire_shows_and_the_register_lacks(app, page, log_in):
    log_in(page, "gisele")
    go(page, "Annuaire", "Écarts")
    page.get_by_label("Cocher ancien.standard@chu-exemple.mssante.fr").check()
    in_bulk(page, "Inscrire au registre")
    page.get_by_text("fait pour 1 écart").wait_for()
    expect(page.get_by_role("link", name="ancien.standard@")).to_have_count(0)


def test_a_professional_answers_by_the_link_without_log_in_nor_javascript(app, bare_page):
    bare_page.goto(app.url + link_of(app, "alice"))
    liberal = bare_page.get_by_role("listitem").filter(has_text="alice.liberal@")
    liberal.get_by_role("button", name="À moi, mais je ne m’en sers pas").click()
    bare_page.get_by_text("voici comment retirer").wait_for()
    expect(liberal.get_by_role("button")).to_have_count(0)
    liberal.get_by_text("Comment la retirer de l’annuaire").click()
    expect(liberal.get_by_text("Je suis titulaire de la BAL MSSanté")).to_be_visible()
    expect(bare_page.get_by_role("button", name="À moi, et je m’en sers")).to_have_count(1)


def test_a_gestionnaire_sends_a_request_by_hand_and_records_the_answer(app, page, log_in):
    log_in(page, "gisele")
    go(page, "Opérateurs", "Demandes")
    page.get_by_role("link", name="Modification").click()
    expect(page.get_by_text("Porter l’espace à 4 Go.").first).to_be_visible()
    page.get_by_role("link", name="Marquer comme envoyée").click()
    page.get_by_label("Comment").fill("Portail, dossier n° 12.")
    page.get_by_role("button", name="Marquer comme envoyée").click()
    page.get_by_role("link", name="Enregistrer un refus").click()
    page.get_by_label("Raison donnée par l’opérateur").fill("Pas avec cette offre.")
    page.get_by_role("button", name="Enregistrer un refus").click()
    page.get_by_text("C’est enregistré. Étape de la demande").wait_for()
    expect(page.get_by_text("refusée par l’opérateur").first).to_be_visible()
    go(page, "Opérateurs", "Demandes")
    page.get_by_label("Cocher retrait de l’annuaire").check()
    page.get_by_text("Agir en lot").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Leur fichier").click()
    assert "pneumologie.lilas@" in taken.value.path().read_text()
    page.get_by_text("Agir en lot").click()  # the menu closes
    in_bulk(page, "Enregistrer que c’est fait")
    page.get_by_text("fait pour 1 demande").wait_for()


def test_a_holder_goes_the_whole_way_out_without_javascript(app, bare_page, log_in):
    """What the operator and the annuaire do between two visits is done as the jobs do it."""
    page = bare_page
    log_in(page, "alice")
    page.get_by_role("link", name="alice.exemple@chu-exemple.mssante.fr", exact=True).first.click()
    page.get_by_role("link", name="Demander la dépublication").first.click()
    page.get_by_label("alice.liberal@autre-operateur.mssante.fr (PER, à l’annuaire)").check()
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_text("BAL à utiliser à la place : alice.liberal@")).to_be_visible()
    page.get_by_role("button", name="Demander la dépublication").click()
    page.get_by_text("La dépublication est demandée.").wait_for()
    bal_page = page.url
    expect(page.locator(".request-steps .is-done")).to_have_count(2)
    app.manage("job", "verify_absences", "--for-real")  # the annuaire of the cast never showed this one
    page.goto(bal_page)
    assert page.locator("h1 .badge").inner_text() == "dépubliée"
    page.get_by_role("link", name="Demander la suppression").click()
    expect(page.get_by_text("mieux vaut attendre")).to_be_visible()
    page.get_by_role("button", name="Demander la suppression").click()
    expect(page.get_by_text("Attestez d’abord")).to_be_visible()
    page.get_by_label("J’atteste que").check()
    page.get_by_role("button", name="Demander la suppression").click()
    page.get_by_role("link", name="Annuler la suppression demandée").click()
    page.get_by_role("button", name="Annuler la suppression demandée").click()
    page.get_by_role("link", name="Demander la suppression").click()
    page.get_by_label("J’atteste que").check()
    page.get_by_role("button", name="Demander la suppression").click()
    expect(page.locator(".request-steps .is-done")).to_have_count(5)
    page.context.clear_cookies()
    log_in(page, "gisele")
    page.goto(bal_page)
    page.get_by_role("link", name="Suppression, du").first.click()
    page.get_by_role("link", name="Enregistrer que c’est fait").click()
    page.get_by_label("Réponse de l’opérateur").fill("Courriel du 3 mars.")
    page.get_by_role("button", name="Enregistrer que c’est fait").click()
    app.manage("job", "verify_absences", "--for-real")
    page.goto(bal_page)
    assert page.locator("h1 .badge").inner_text() == "supprimée"
    expect(page.locator(".request-steps .is-done")).to_have_count(7)


def log_out(page):
    page.context.clear_cookies()


def add_cotitulaire(page, name):
    page.get_by_role("link", name="cabinet-tilleuls@").first.click()
    page.get_by_role("link", name="Ajouter un cotitulaire").click()
    page.get_by_label("Personne", exact=True).fill(name)
    page.get_by_role("button", name="Ajouter un cotitulaire").click()
    page.get_by_text("est cotitulaire au registre").wait_for()


def test_nurse_a_opens_names_b_who_names_c_then_goes(app, page, log_in):
    """The first use case, by the pages alone, to the day on which A leaves the practice."""
    log_in(page, "anne")
    page.goto(f"{app.url}/bal/inscrire/")
    page.get_by_label("est à demander à l’opérateur").check()
    page.get_by_label("Opérateur", exact=True).select_option(label="Opérateur régional")
    page.get_by_label("Type", exact=True).select_option("ORG")
    page.get_by_label("Adresse", exact=True).fill("cabinet-tilleuls@chu-exemple.mssante.fr")
    page.get_by_label("Titulaire ou cotitulaire principal").fill("30000000012")
    page.get_by_role("button", name="Inscrire une BAL").click()
    page.get_by_role("link", name="Enregistrer l’ouverture").click()
    page.get_by_role("button", name="Enregistrer l’ouverture").click()
    page.goto(f"{app.url}/mes-bal/")
    add_cotitulaire(page, "30000000020")
    log_out(page)

    log_in(page, "basile")
    add_cotitulaire(page, "30000000038")
    log_out(page)

    log_in(page, "anne")
    page.goto(f"{app.url}/mes-bal/")
    page.get_by_role("link", name="Ma fiche").click()
    page.get_by_role("link", name="Préparer le départ").click()
    expect(page.get_by_text("Ce qui ne dépend que de cette personne")).to_be_visible()
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    expect(page.get_by_text("Le départ ne sera pas encore enregistré")).to_be_visible()
    page.get_by_role("button", name="Revenir aux choix").click()
    page.get_by_label("Cyril EXEMPLE (RPPS 30000000038)").check()
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    expect(page.get_by_text("Transmettre le rôle de principal")).to_be_visible()
    page.get_by_role("button", name="Enregistrer le départ, et tout ce qui précède").click()
    page.get_by_text("Cotitulaire d’aucune BAL partagée.").wait_for()
    log_out(page)

    log_in(page, "cyril")
    page.get_by_role("link", name="cabinet-tilleuls@").first.click()
    expect(page.get_by_text("cotitulaire principal, RPPS 30000000038")).to_be_visible()
    people = page.get_by_role("region", name="Qui y a accès")
    expect(people.get_by_text("Basile EXEMPLE")).to_have_count(1)
    # She has no access here any more; the operator is still to close theirs, and that is said.
    expect(people.get_by_text("Anne EXEMPLE")).to_have_count(1)
    expect(people.get_by_text("fermeture demandée à")).to_be_visible()


def test_a_professional_chooses_their_preferred_bal_and_makes_it_known(app, page, log_in):
    log_in(page, "alice")
    place = page.get_by_role("listitem").filter(has_text="CHU DES LILAS, Lilas")
    place.get_by_role("radio", name="alice.exemple@chu-exemple.mssante.fr").check()
    place.get_by_role("button", name="Privilégier").click()
    page.get_by_text("vous privilégiez alice.exemple@chu-exemple.mssante.fr").wait_for()
    page.goto(app.url + bal_of(page, "alice.exemple"))
    page.get_by_role("link", name="Faire connaître").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copier : Signature de courriel").click()
    page.get_by_text("Copié").wait_for()
    assert "alice.exemple@chu-exemple.mssante.fr" in page.evaluate("navigator.clipboard.readText()")
    assert page.locator("img.kit-qr").evaluate(DRAWN) > 100
    for name, start in (("Lettre aux partenaires, fichier PDF", b"%PDF"), ("Tout télécharger (ZIP)", b"PK")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.path().read_bytes().startswith(start)


def bal_of(page, text):
    return page.get_by_role("link", name=text).first.get_attribute("href")


def test_a_gestionnaire_asks_the_operator_for_a_preferred_bal(app, page, log_in):
    log_in(page, "gisele")
    go(page, "BAL", "BAL privilégiées")
    page.get_by_label("Cocher cardiologie.lilas@").check()
    page.get_by_role("button", name="Demander à l’opérateur").click()
    page.get_by_text("Demandé à l’opérateur pour 1 BAL").wait_for()
    expect(page.get_by_role("cell", name="à envoyer").or_(page.get_by_role("cell", name="envoyée"))).to_have_count(1)


def test_a_gestionnaire_takes_the_kits_of_two_bal(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?q=exemple&kind=PER")
    page.get_by_label("Cocher toute la page").check()
    page.get_by_text("Agir en lot").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Kits de communication").click()
    assert download.value.suggested_filename.startswith("kits-bal-")
    assert download.value.path().read_bytes().startswith(b"PK")


LIST = """Adresse;Type;Compte principal;Derniere connexion
imagerie@chu-exemple.mssante.fr;ORG;10000000017;15/03/2026
hotellerie@chu-exemple.mssante.fr;ORG;10000000025;31/02/2026
archives@ailleurs.mssante.fr;ORG;10000000017;
"""


def bring_a_list_in(app, page, log_in, go_on):
    log_in(page, "gisele")
    go(page, "Opérateurs", "Imports")
    page.get_by_role("link", name="Importer une liste").click()
    page.get_by_label("Opérateur").select_option(label="Opérateur régional")
    page.get_by_label("Structure").select_option(label="CHU des Lilas")
    page.get_by_label(re.compile("^Fichier")).set_input_files(
        {"name": "bal.csv", "mimeType": "text/csv", "buffer": LIST.encode("cp1252")}
    )
    page.get_by_role("button", name="Déposer le fichier").click()
    go_on(page)
    page.get_by_role("link", name="Vérifier les colonnes").click()
    assert page.get_by_label("Compte principal").input_value() == "rpps", "known by its cells"
    page.get_by_role("button", name="Simuler l’import").click()
    go_on(page)
    page.locator(".badge").get_by_text("aperçu : rien n’a encore été modifié").wait_for()
    expect(page.get_by_text("n’est pas un domaine d’Opérateur régional").first).to_be_visible()
    page.locator('a[href*="lignes=corrected"]').first.click()
    expect(page.get_by_text("« 31/02/2026 »").first, "the date alone is left aside").to_be_visible()
    page.get_by_role("button", name="Appliquer au registre").click()
    go_on(page)
    with page.expect_download() as rejects:
        page.get_by_role("link", name="Rejets à corriger").click()
    text = rejects.value.path().read_text("utf-8-sig")
    assert "archives@ailleurs.mssante.fr" in text
    assert "imagerie@chu-exemple.mssante.fr" not in text
    page.get_by_role("link", name="Inscrites 2").click()
    page.get_by_role("link", name="imagerie@chu-exemple.mssante.fr").click()
    expect(page.get_by_text("Alice EXEMPLE").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Annuler l’import").click()
    page.get_by_role("button", name="Annuler l’import").click()
    go_on(page)
    page.locator(".badge").get_by_text("annulé", exact=True).wait_for()
    expect(page.get_by_role("link", name="Annuler l’import")).to_have_count(0)


def work(app):
    """What the worker does: here there is none."""
    code = (
        "from mailboxes.imports.work import work_on_import; from mailboxes.imports.models import Import;"
        "work_on_import(Import.objects.latest('pk').pk)"
    )
    app.manage("shell", "--no-imports", "-c", code)


def test_a_gestionnaire_brings_a_list_in_and_takes_it_back(app, page, log_in):
    def go_on(page):
        page.locator("progress").wait_for()
        work(app)
        page.clock.fast_forward(2000)  # what the page waits before it asks again
        page.locator("progress").wait_for(state="detached")

    page.clock.install()
    bring_a_list_in(app, page, log_in, go_on)


def test_a_list_is_brought_in_without_javascript(app, bare_page, log_in):
    def go_on(page):
        work(app)
        page.get_by_role("link", name="Actualiser").click()

    bring_a_list_in(app, bare_page, log_in, go_on)
