"""Every page, wide and narrow: axe-core finds nothing, the console is silent, nothing overflows."""

import re

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

WIDTHS = [1280, 375]
GISELE = {
    "dashboard": "/",
    "list": "/bal/?sort=-percent_full",
    "list-filters": "/bal/?holder=paul&kind=PER",
    "list-empty": "/bal/?q=rien-de-tel",
    "new": "/bal/inscrire/",
    "opening": "/bal/demander/",
    "naming": "/structures/1/nommage/",
    "person": "/personnes/inscrire/",
    "people": "/personnes/",
    "people-leaving": "/personnes/?presence=partent",
    "people-none": "/personnes/?q=rien-de-tel",
    "movements": "/dossiers/",
    "movements-closed": "/dossiers/?etat=clos",
    "gaps": "/ecarts/",
    "gaps-none": "/ecarts/?situation=plusieurs",
    "gaps-absent": "/ecarts/?situation=absente&status=open",
    "imports": "/imports/",
    "import-new": "/imports/nouveau/",
    "requests": "/demandes/",
    "requests-empty": "/demandes/?q=rien-de-tel",
    "layouts": "/demandes/modeles/",
    "layout-new": "/demandes/modeles/nouveau/",
    "costs": "/couts/",
    "costs-service": "/couts/?par=service",
    "operators": "/operateurs/",
    "preferences": "/privilegiees/",
    "preferences-none": "/privilegiees/?sort=deux",
    "campaigns": "/campagnes/",
    "campaign-new": "/campagnes/nouvelle/",
    "campaign-preview": "/campagnes/nouvelle/?kind_of=cleanup&for_structure=1&finding=usage-inconnu",
    "campaign-nobody": "/campagnes/nouvelle/?kind_of=recertify&for_structure=1&q=rien-de-tel",
    "campaign": "/campagnes/1/",
    "campaign-none": "/campagnes/1/?outcome=used",
    "campaign-close": "/campagnes/1/clore/",
    "campaign-remind-refused": "/campagnes/1/rappeler/",
    "questions-none": "/mes-bal/questions/",
    "mine-empty": "/mes-bal/",
    "notices-undelivered": "/avis/",
    "search": "/annuaire/",
    "search-found": "/annuaire/?q=exemple",
    "search-near": "/annuaire/?q=exmeple",
    "search-empty": "/annuaire/?q=rien-de-tel",
    "check": "/annuaire/verifier/",
    "observatory": "/annuaire/observatoire/?par=departement",
    "runs": "/annuaire/synchronisations/",
    "software": "/logiciels/",
    "software-new": "/logiciels/declarer/",
    "webhooks": "/logiciels/webhooks/",
    "webhook-new": "/logiciels/webhooks/ajouter/",
}
GISELE_ON_A_BAL = {
    "bal": "",
    "journal": "journal/",
    "notices": "avis/",
    "kit": "faire-connaitre/",
    "edit": "modifier/",
    "space": "espace/",
    "depublish": "request_depublication/",
    "delete-refused": "request_deletion/",
}
ALICE_ON_A_BAL = {
    "bal-alice": "",
    "cotitulaire": "cotitulaires/ajouter/",
    "delegate": "delegations/ajouter/",
    "declare": "je-m-en-sers/",
}


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible(app, page, log_in, shoot, assert_accessible, browser_errors, width):
    page.set_viewport_size({"width": width, "height": 900})
    faults = []

    def look(name, path):
        page.goto(app.url + path)
        shoot(page, name)
        try:
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} overflows"
        except AssertionError as fault:
            faults.append(f"{name}: {fault}")

    look("login", "/compte/login/")
    log_in(page, "gisele")
    for name, path in GISELE.items():
        look(name, path)
    for name, path in of_imports(app, page).items():
        look(name, path)
    org = bal_url(app, page, "cardiologie")
    person = person_url(app, page, "Alice EXEMPLE")
    for name, path in GISELE_ON_A_BAL.items():
        look(name, org + path)
    for name, path in (("request", "/demandes/?kind=depublish"), ("request-step", "/demandes/?kind=change")):
        page.goto(app.url + path)
        path = path_of(page.locator("td.register-address a").first)
        look(name, path if name == "request" else f"{path}record_refusal/")
    page.goto(f"{app.url}/demandes/modeles/")
    look("layout", path_of(page.locator("td a").first))
    page.goto(app.url + org + "request_depublication/")
    page.get_by_role("button", name="Continuer").click()
    shoot(page, "depublish-2")
    assert_accessible(page)
    for name, path in of_a_departure(app, page, "Alice EXEMPLE").items():
        look(name, path)
    look("movement-arrival", movement_url(app, page, "Chloe EXEMPLE"))
    look("kit-leaving", bal_url(app, page, "pneumologie") + "faire-connaitre/")
    look("principal", bal_url(app, page, "orpheline") + "principal/")
    look("notices-told", bal_url(app, page, "paul.exemple") + "avis/")
    look("ask-use", bal_url(app, page, "chloe.exemple") + "demander-si-elle-sert/")
    for name, remedy in (("person", "Corriger"), ("resend", "Renvoyer"), ("give", "Consigner")):
        page.goto(f"{app.url}/avis/")
        look(f"notice-{name}", page.get_by_label(remedy).first.get_attribute("href"))
    page.goto(f"{app.url}/ecarts/?situation=differe")
    look("gap", re.sub(r"^https?://[^/]+", "", page.locator("table a.address").first.get_attribute("href")))
    page.get_by_role("button", name="Demander à l’opérateur").click()
    shoot(page, "gap-ask")
    assert_accessible(page)
    page.context.clear_cookies()
    look("claims-link", link_of(app, "alice"))
    look("claims-link-refused", "/adresses/rien/")
    look("notice-link", notice_link_of(app, "paul"))
    look("notice-link-refused", "/avis/repondre/rien/")
    look("campaign-link", notice_link_of(app, "bruno", bal__isnull=True))
    look("campaign-link-refused", "/questions/rien/")
    assert [error for error in browser_errors if "404" not in error] == []
    browser_errors.clear()
    log_in(page, "alice")
    look("mine-alice", "/mes-bal/")
    look("preferences", "/mes-preferences/")
    look("roles-alice", person + "roles/")
    for name, path in ALICE_ON_A_BAL.items():
        look(name, org + path)
    page.context.clear_cookies()
    for name in ("paul", "delphine", "nouveau", "bruno"):
        log_in(page, name)
        look(f"mine-{name}", "/mes-bal/")
        if name == "bruno":
            look("questions", "/mes-bal/questions/")
        page.context.clear_cookies()
    assert not faults, "\n\n".join(faults)


def path_of(link):
    return re.sub(r"^https?://[^/]+", "", link.first.get_attribute("href"))


def of_a_departure(app, page, name):
    movement, person = movement_url(app, page, name), person_url(app, page, name)
    record = page.goto(app.url + movement) and path_of(page.get_by_role("link", name="Enregistrer le départ"))
    return {
        "movement": movement,
        "movement-step": f"{movement}etapes/auto_reply/",
        "movement-cancel": f"{movement}annuler/",
        "departure-refused": record,
        "movement-open": record.replace("depart/", "preparer/arrival/"),
        "person-page": person,
        "person-edit": f"{person}modifier/",
        "person-journal": f"{person}journal/",
        "roles": f"{person}roles/",
    }


def of_imports(app, page):
    def url(stage):
        page.goto(f"{app.url}/imports/")
        return path_of(page.get_by_role("link", name=f"liste-{stage}.csv"))

    applied, waiting, received = url("applied"), url("previewed"), url("received")
    return {
        "import-applied": applied,
        "import-applied-absent": f"{applied}?lignes=absent",
        "import-undo": f"{applied}annuler/",
        "import-previewed": waiting,
        "import-none": f"{waiting}?lignes=updated",
        "import-apply": f"{waiting}appliquer/",
        "import-apply-refused": f"{received}appliquer/",
        "import-columns": f"{received}colonnes/",
        "import-received": received,
    }


def movement_url(app, page, name):
    page.goto(f"{app.url}/dossiers/")
    return path_of(page.get_by_role("link", name=name))


def person_url(app, page, name):
    page.goto(f"{app.url}/personnes/")
    return path_of(page.get_by_role("link", name=name))


def bal_url(app, page, text):
    page.goto(f"{app.url}/bal/?q={text}")
    return re.sub(r"^https?://[^/]+", "", page.locator("table a.address").first.get_attribute("href"))


def link_of(app, name):
    """The signed link that a mail to this person holds."""
    code = (
        "from django.urls import reverse; from mailboxes import links; from mailboxes.models import Person;"
        f"print(reverse('claims-link', args=[links.sign(Person.objects.get(user__username='{name}'))]))"
    )
    return app.manage("shell", "--no-imports", "-c", code).strip()


def notice_link_of(app, name, bal__isnull=False):
    """The signed link of the last notice to this person that he may answer: about a BAL, or of a campaign."""
    code = (
        "from mailboxes.models import Notice; from mailboxes.notices import path_of;"
        f"notices = Notice.objects.filter(person__user__username='{name}', party='holders', bal__isnull={bal__isnull});"
        "print(path_of(notices.order_by('-pk').first()))"
    )
    return app.manage("shell", "--no-imports", "-c", code).strip()
