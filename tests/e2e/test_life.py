"""Life contradicts the register: a source falls silent, accesses existed before us, the wrong person was alerted."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

ADDRESSES = ("secretariat.saules@chu-exemple.mssante.fr", "accueil.saules@chu-exemple.mssante.fr")
SILENT = """
from datetime import timedelta
from django.utils import timezone
from mailboxes import actions
from mailboxes.models import SYSTEM, Bal, Cotitulaire, Operator, Person, Structure
hospital = Structure.objects.create(name="Hôpital des Saules", kind="hospital", finess_et="010000066",
                                    parent=Structure.objects.get(name="Fondation des Lilas"))
then = timezone.now() - timedelta(days=400)
for address in %r:
    bal = Bal.objects.create(kind="ORG", address=address, structure=hospital, state="active",
                             operator=Operator.objects.get(code="regional"))
    Cotitulaire.objects.create(bal=bal, person=Person.objects.get(user__username="alice"), is_principal=True)
    pushed = actions.Pushed(address, then, last_used_at=then - timedelta(days=2))
    assert not actions.record_readings([pushed], source="import", by=SYSTEM)[0].refused
""" % (ADDRESSES,)  # noqa: UP031 - braces would be those of a format
SECRETARY = """
from mailboxes.models import Affiliation, Operator, Person, Structure
practice = Structure.objects.get(name="Cabinet infirmier des Tilleuls")
Affiliation.objects.create(person=Person.objects.create(given_name="Sonia", family_name="Secretaire"),
                           structure=practice)
Operator.objects.get(code="regional").domains.create(name="tilleuls.mssante.fr")
"""
WORK = """
from mailboxes.imports.work import work_on_import
from mailboxes.imports.models import Import
work_on_import(Import.objects.latest("pk").pk)
"""
NIGHT = """
from mailboxes.jobs import run
for name in ("alert_idle", "follow_alerts", "depublish_idle"):
    run(name)
"""
TOLD = """
from mailboxes.models import Notice
for notice in Notice.objects.filter(bal__address="%s", stage="%s", person__isnull=False).order_by("person"):
    print(notice.person.given_name)
"""


def tell(app, code):
    return app.manage("shell", "--no-imports", "-c", code).split()


def open_bal(app, page, address):
    page.goto(f"{app.url}/bal/?q={address.partition('@')[0]}")
    page.get_by_role("link", name=address, exact=True).click()


def arrive_as(page, log_in, name):
    page.context.clear_cookies()
    log_in(page, name)


# --- A year without a list --------------------------------------------------------------------------------------------
def bring_in(app, page, content):
    page.get_by_label("Opérateur").select_option(label="Opérateur régional")
    page.get_by_label("Structure").select_option(label="Hôpital des Saules")
    file = {"name": "bal.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label(re.compile("^Fichier")).set_input_files(file)
    page.get_by_role("button", name="Déposer le fichier").click()
    tell(app, WORK * 2)  # opened; and, of a list that is known, foreseen
    page.reload()
    page.get_by_role("link", name="Vérifier les colonnes").click()
    for button in ("Simuler l’import", "Appliquer au registre"):
        page.get_by_role("button", name=button).click()
        tell(app, WORK)
        page.reload()
    page.get_by_role("link", name="Annuler l’import").wait_for()


def test_an_it_department_sends_no_list_for_a_year(app, page, log_in, look):
    tell(app, SILENT + NIGHT)
    log_in(page, "gisele")
    page.goto(app.url)
    page.get_by_role("link", name=re.compile("BAL sans relevé récent")).first.click()
    for address in ADDRESSES:
        expect(page.get_by_role("link", name=address, exact=True)).to_be_visible()
    open_bal(app, page, ADDRESSES[0])
    assert page.locator("h1 .badge").inner_text() == "active"
    expect(page.get_by_text("inconnue depuis").first).to_be_visible()
    look(page, "silent-source")
    assert tell(app, TOLD % (ADDRESSES[0], "alert_idle")) == [], "a silent source proves nothing"
    page.goto(f"{app.url}/imports/nouveau/")
    used = (date_of_use(days=320), date_of_use(days=3))
    lines = [f"{address};ORG;{day}" for address, day in zip(ADDRESSES, used, strict=True)]
    bring_in(app, page, "\n".join(["Adresse;Type;Dernière connexion", *lines]))
    assert tell(app, NIGHT + TOLD % (ADDRESSES[0], "alert_idle")) == ["Alice"]
    open_bal(app, page, ADDRESSES[1])
    assert page.locator("h1 .badge").inner_text() == "active"
    expect(page.get_by_text("sans relevé récent")).to_have_count(0)
    open_bal(app, page, ADDRESSES[0])
    expect(page.locator("h1 .badge"), "the list came back and says so: now it may be concluded").to_have_text(
        re.compile("alert")
    )


def date_of_use(*, days):
    return f"{datetime.now(UTC) - timedelta(days=days):%d/%m/%Y}"


# --- Accesses that existed before us ----------------------------------------------------------------------------------
OWN = "cabinet@tilleuls.mssante.fr"


def record_access(page, name, role=None):
    page.get_by_role("link", name="Inscrire ou demander un accès").first.click()
    page.get_by_label("Personne", exact=True).fill(name)
    page.get_by_label("existe déjà chez l’opérateur").check()
    page.get_by_role("radio", name=role or "délégataire").check()
    page.get_by_label("Comment").fill("En réunion, au cabinet.")
    if role is None:
        page.get_by_label("Envoyer des messages").check()
        page.get_by_label("Mission").fill("Secrétariat du cabinet")
    page.get_by_role("button", name="Inscrire ou demander un accès").click()
    page.get_by_text("C’est inscrit").wait_for()


def test_a_practice_takes_over_an_org_that_existed_with_its_accesses(app, page, log_in, look):
    tell(app, SECRETARY)
    log_in(page, "anne")
    page.goto(f"{app.url}/bal/inscrire/")
    page.get_by_label("existe déjà chez l’opérateur").check()
    page.get_by_label("Opérateur", exact=True).select_option(label="Opérateur régional")
    page.get_by_label("Type").select_option(label="organisationnelle")
    page.get_by_label("Adresse").fill(OWN)
    page.get_by_label("Titulaire ou cotitulaire principal").fill("Basile EXEMPLE (RPPS 30000000020)")
    page.get_by_role("button", name="Inscrire").last.click()
    expect(page.get_by_role("heading", name=re.compile(OWN))).to_be_visible()
    record_access(page, "Anne EXEMPLE (RPPS 30000000012)", role="cotitulaire")
    record_access(page, "Cyril EXEMPLE (RPPS 30000000038)", role="cotitulaire")
    record_access(page, "Sonia SECRETAIRE")
    look(page, "recorded-accesses")
    for name in ("Basile EXEMPLE", "Anne EXEMPLE", "Cyril EXEMPLE", "Sonia SECRETAIRE"):
        expect(page.get_by_role("main").get_by_text(name).first).to_be_visible()
    page.goto(f"{app.url}/demandes/?q={OWN}")
    expect(page.get_by_text("Cyril EXEMPLE"), "what exists is not asked for").to_have_count(0)
    assert tell(app, TOLD % (OWN, "record_access")) == ["Basile", "Basile", "Basile", "Cyril", "Sonia"]
    arrive_as(page, log_in, "basile")
    page.get_by_role("link", name=OWN).first.click()
    expect(page.get_by_text("sur la parole de Basile EXEMPLE").first).to_be_visible()
    page.get_by_role("listitem").filter(has_text="Sonia").get_by_role("link", name="Je n’ai rien dit de tel").click()
    look(page, "access-denied")
    page.get_by_role("button", name="Démentir un accès").click()
    page.get_by_text("L’accès est retiré").wait_for()
    arrive_as(page, log_in, "anne")
    open_bal(app, page, OWN)
    expect(page.get_by_role("main").get_by_text("Cyril EXEMPLE").first).to_be_visible()


# --- The wrong person was alerted -------------------------------------------------------------------------------------
PER = "paul.exemple@chu-exemple.mssante.fr"


def test_a_wrong_titulaire_is_put_right_after_an_alert_went_out(app, page, log_in, look):
    log_in(page, "gisele")
    open_bal(app, page, PER)
    expect(page.locator("h1 .badge")).to_have_text(re.compile("alert"))
    page.get_by_role("link", name="Corriger").first.click()
    expect(page.get_by_text("Les titulaires, et qui l’était par erreur, sont prévenus")).to_be_visible()
    page.get_by_label("Titulaire ou cotitulaire principal").fill("Bruno EXEMPLE (RPPS 10000000025)")
    page.get_by_label("Motif").fill("Homonymie : cette BAL est celle de Bruno.")
    look(page, "correct-titulaire")
    page.get_by_role("button", name="Corriger").click()
    page.get_by_text("La fiche est corrigée").wait_for()
    assert page.locator("h1 .badge").inner_text() == "active", "Paul's silence says nothing of Bruno"
    assert tell(app, TOLD % (PER, "correct")) == ["Bruno", "Paul"]
    assert tell(app, NIGHT + TOLD % (PER, "alert_idle")) == ["Bruno", "Paul"], "the right one is asked in his turn"
    arrive_as(page, log_in, "paul")
    expect(page.get_by_role("link", name=PER)).to_have_count(0)
    arrive_as(page, log_in, "bruno")
    expect(page.get_by_role("link", name=PER).first).to_be_visible()
    page.get_by_role("button", name="Garder la BAL, je m’en sers").first.click()
    page.get_by_text("C’est noté").wait_for()
