"""A hospital changes operator with its 72 BAL; two EHPAD become one."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

MANY = 72
HOSPITAL = """
from mailboxes.models import Bal, Operator, Structure, Request
old = Operator.objects.get(code="regional")
old.can_auto_reply = True
old.save()
hospital = Structure.objects.create(name="Hôpital des Saules", kind="hospital", finess_et="010000066",
                                    parent=Structure.objects.get(name="Fondation des Lilas"))
new = Operator.objects.create(code="nouveau", name="Nouvel opérateur", yearly_cost=12)
new.domains.create(name="saules.mssante.fr")
for n in range(%d):
    Bal.objects.create(kind="ORG", address=f"service{n:02}@chu-exemple.mssante.fr", structure=hospital, operator=old,
                       state="active")
Bal.objects.create(kind="ORG", address="service05@saules.mssante.fr", structure=hospital, operator=new, state="active")
"""
LISTED = """
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Request
from mailboxes.actions import step_each
step_each(Request.objects.awaited().filter(kind="%s", operator__code="%s"), Act.RECORD_DONE, by=SYSTEM)
"""
OVERLAP = """
from django.utils import timezone
from mailboxes.moves.models import MigratedBal
MigratedBal.objects.update(due_on=timezone.localdate())
"""
HOMES = """
from mailboxes.models import Bal, Operator, Structure
trust = Structure.objects.get(name="Fondation des Lilas")
for name, number, local in (("EHPAD des Tilleuls", "010000077", "tilleuls"), ("EHPAD des Roses", "010000088", "roses")):
    home = Structure.objects.create(name=name, kind="ehpad", finess_et=number, parent=trust)
    Bal.objects.create(kind="ORG", address=f"soins.{local}@chu-exemple.mssante.fr", structure=home, service="Soins",
                       operator=Operator.objects.get(code="regional"), state="active")
"""


def tell(app, code):
    app.manage("shell", "--no-imports", "-c", code)


def test_a_hospital_changes_operator(app, page, log_in, look):
    tell(app, HOSPITAL % MANY)
    log_in(page, "gisele")
    page.goto(f"{app.url}/migrations/")
    page.get_by_label("Changer l’opérateur ou le domaine").select_option(label="Hôpital des Saules")
    page.get_by_role("button", name="Préparer une migration").click()
    page.get_by_label("Vers", exact=True).select_option(label="@saules.mssante.fr, chez Nouvel opérateur")
    page.get_by_role("button", name="Voir ce qui changerait").click()
    expect(page.get_by_text(f"Nouvelle adresse chez Nouvel opérateur : {MANY - 1} BAL")).to_be_visible()
    expect(page.get_by_text("est déjà prise").first, "a collision is told").to_be_visible()
    page.get_by_label("Autre adresse pour service05@chu-exemple.mssante.fr").fill("service05b@saules.mssante.fr")
    page.get_by_label("La migrer quand même").check()
    look(page, "migration-prepare")
    page.get_by_label("Motif").fill("Le marché change de titulaire.")
    page.get_by_role("button", name="Préparer la migration").click()
    page.get_by_text("Rien n’est encore demandé").wait_for()
    expect(page.get_by_text(f"Basculées : 0 sur {MANY}")).to_be_visible()
    page.get_by_role("link", name="Lancer", exact=True).click()
    page.get_by_role("button", name="Lancer la migration").click()
    page.get_by_text("Les ouvertures sont demandées").wait_for()
    tell(app, LISTED % ("open", "nouveau"))
    page.reload()
    page.get_by_role("link", name=f"Basculer {MANY} BAL").click()
    page.get_by_role("button", name="Basculer les BAL ouvertes").click()
    page.get_by_text(f"fait pour {MANY} BAL").wait_for()
    expect(page.get_by_text(f"Basculées : {MANY} sur {MANY}")).to_be_visible()
    look(page, "migration-switched")
    tell(app, OVERLAP)
    page.reload()
    page.get_by_role("link", name=f"Faire fermer {MANY} anciennes BAL").click()
    page.get_by_label("J’atteste que").check()
    page.get_by_role("button", name="Faire fermer les anciennes BAL").click()
    page.get_by_text(f"fait pour {MANY} BAL").wait_for()
    tell(app, LISTED % ("delete", "regional"))
    app.manage("job", "follow_migrations", "--for-real")
    page.reload()
    expect(page.get_by_text(f"terminée : {MANY}")).to_be_visible()
    page.goto(f"{app.url}/bal/?q=service05b")
    expect(page.get_by_text("service05b@saules.mssante.fr").first).to_be_visible()


def test_two_nursing_homes_merge_and_think_better_of_it(app, page, log_in, look):
    tell(app, HOMES)
    log_in(page, "gisele")
    page.goto(f"{app.url}/structures/")
    page.get_by_role("link", name="EHPAD des Roses").click()
    page.get_by_role("link", name="La fusionner avec une autre").click()
    page.get_by_label("Structure d’arrivée").select_option(label="EHPAD des Tilleuls")
    page.get_by_role("button", name="Voir ce qui changerait").click()
    page.get_by_role("radio", name="ce sont deux services").check()
    page.get_by_label("Motif").fill("Les deux maisons n’en font plus qu’une.")
    look(page, "merge")
    page.get_by_role("button", name="Fusionner").click()
    page.get_by_text("n’en font plus qu’une").first.wait_for()
    expect(page.get_by_text("réunie à")).to_be_visible()
    page.goto(f"{app.url}/bal/?q=soins.roses")
    page.get_by_role("link", name="soins.roses@chu-exemple.mssante.fr").click()
    expect(page.get_by_text("Soins (EHPAD des Roses)").first).to_be_visible()
    page.goto(f"{app.url}/structures/")
    page.get_by_role("link", name="EHPAD des Roses").click()
    page.get_by_role("link", name="Ses changements").click()
    look(page, "changes")
    page.get_by_role("link", name=re.compile("^Revenir sur")).click()
    page.get_by_label("Motif").fill("Le regroupement est abandonné.")
    page.get_by_role("button", name="Revenir à ce qui était").click()
    page.get_by_text("Tout est remis comme avant").wait_for()
    page.goto(f"{app.url}/bal/?q=soins.roses")
    page.get_by_role("link", name="soins.roses@chu-exemple.mssante.fr").click()
    expect(page.get_by_role("main").get_by_text("EHPAD des Roses").first).to_be_visible()
