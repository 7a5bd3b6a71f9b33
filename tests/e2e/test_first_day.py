"""A newcomer's first day: `make run DEMO=no`, an empty installation, and the five steps to a register that serves."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.directory.conftest import line
from tests.directory.test_download import serve as publish
from tests.servers import ROOT, wait_for, wait_until, web_answers

pytestmark = pytest.mark.sqlite_run  # its data are its own: once is enough

LIST = "Adresse;Type;FINESS\nsecretariat@lilas.mssante.fr;ORG;010000033\naccueil@lilas.mssante.fr;ORG;010000033\n"
EXTRACTION = "/extraction_202611200300.txt"


@pytest.fixture
def newcomer(app_data, monkeypatch):
    """The application as `make run DEMO=no` starts it, and what its first start says of how to log in."""
    from directory.sources.extraction import HEADER  # noqa: PLC0415 - the header alone

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    content = "\n".join([HEADER, line(address="secretariat@lilas.mssante.fr"), ""]).encode()
    with publish({EXTRACTION: (200, {}, content)}) as url:
        app = app_data(DEMO="no", ANNUAIRE_URL=f"{url}{EXTRACTION}", SECOND_FACTOR_REQUIRED="false")
        command = [sys.executable, "-m", "balmanager.run"]
        with app.log.open("ab") as log, subprocess.Popen(command, cwd=ROOT, env=app.env, stdout=log, stderr=log) as own:
            try:
                wait_until(web_answers(f"{app.url}/compte/login/"), app.log, seconds=120)
                told = wait_for(lambda: re.search(r"Mot de passe\s+(\S+)", app.log.read_text()))
                yield app, told[1]
            finally:
                own.terminate()


def start(app, page):
    page.goto(f"{app.url}/mise-en-route/")


def enter_the_structure(page, look):
    page.get_by_role("link", name="Inscrire une structure").click()
    page.get_by_label("Nom", exact=True).fill("EHPAD des Lilas")
    page.get_by_label("Nature").select_option(label="EHPAD")
    page.get_by_label("FINESS établissement").fill("01 000 003 3")
    look(page, "structure-new")
    page.get_by_role("button", name="Inscrire une structure").click()
    page.get_by_text("La structure est inscrite.").wait_for()
    look(page, "structure")
    page.get_by_role("link", name="En devenir gestionnaire").click()
    page.get_by_role("button", name="Devenir gestionnaire").click()
    page.get_by_text("Vous gérez désormais cette structure").wait_for()


def enter_the_operator(page, look):
    page.get_by_role("link", name="Inscrire un opérateur").click()
    page.get_by_label("Nom", exact=True).fill("Opérateur régional")
    page.get_by_label("Code").fill("regional")
    page.get_by_label("Domaines").fill("lilas.mssante.fr")
    page.get_by_label("Coût annuel d’une BAL nominative (€)").fill("12,50")
    look(page, "operator-new")
    page.get_by_role("button", name="Inscrire un opérateur").click()
    page.get_by_text("L’opérateur est inscrit.").wait_for()


def read_the_annuaire(page, look):
    page.get_by_role("link", name="Lire l’annuaire").click()
    look(page, "runs-empty")
    page.get_by_role("button", name="Télécharger maintenant : Toutes les BAL publiées").click()
    page.get_by_text("Le téléchargement est demandé").wait_for()
    expect(page.locator("dd").filter(has_text=re.compile("appliquée"))).to_be_visible(timeout=60_000)
    look(page, "run-applied")


def bring_in_a_list(page, tmp_path):
    page.get_by_role("link", name="Importer une liste").click()
    (file := tmp_path / "liste.csv").write_text(LIST)
    page.get_by_label("Opérateur").select_option(label="Opérateur régional")
    page.get_by_label(re.compile("^Fichier")).set_input_files(file)
    page.get_by_role("button", name="Déposer le fichier").click()
    page.get_by_role("link", name="Vérifier les colonnes").click(timeout=60_000)
    page.get_by_role("button", name="Simuler l’import").click()
    page.get_by_role("button", name="Appliquer au registre").click(timeout=60_000)
    page.get_by_role("link", name="Annuler l’import").wait_for(timeout=60_000)


def enter_a_person(page):
    page.get_by_role("link", name="Inscrire une personne").click()
    page.get_by_label("Nom", exact=True).fill("MOREL")
    page.get_by_label("Prénom").fill("Alice")
    page.get_by_role("button", name="Inscrire").last.click()


def test_a_newcomer_goes_from_nothing_to_a_register_that_serves(newcomer, page, look, tmp_path):
    app, password = newcomer
    page.goto(app.url)
    page.get_by_label("Identifiant").fill("admin")
    page.get_by_label("Mot de passe").first.fill(password)
    page.get_by_role("button", name="Se connecter").click()
    expect(page).to_have_url(f"{app.url}/mise-en-route/")
    expect(page.get_by_text("Aucune n’est encore faite.")).to_be_visible()
    look(page, "start-empty")
    enter_the_structure(page, look)
    start(app, page)
    enter_the_operator(page, look)
    start(app, page)
    page.get_by_role("button", name="Passer cette étape : L’annuaire national").click()
    expect(page.get_by_text("passée", exact=True)).to_be_visible()
    read_the_annuaire(page, look)
    start(app, page)
    bring_in_a_list(page, tmp_path)
    start(app, page)
    look(page, "start-late")
    enter_a_person(page)
    start(app, page)
    expect(page.get_by_text("Les cinq étapes sont faites")).to_be_visible()
    page.get_by_role("link", name="Aller à « À traiter »").click()
    expect(page.get_by_role("heading", name="À traiter", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(r"2\s*BAL en vie")).first).to_be_visible()
