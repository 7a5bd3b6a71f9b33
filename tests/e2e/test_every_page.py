"""Every page, wide and narrow: axe-core finds nothing, the console is silent, nothing overflows."""

import re

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

GISELE = {
    "dashboard": "/",
    "list": "/bal/?sort=-percent_full",
    "list-filters": "/bal/?holder=paul&kind=PER",
    "list-empty": "/bal/?q=rien-de-tel",
    "views": "/vues/",
    "batches": "/lots/",
    "new": "/bal/inscrire/",
    "opening": "/bal/demander/",
    "naming": "/structures/1/nommage/",
    "person": "/personnes/inscrire/",
    "people": "/personnes/",
    "people-leaving": "/personnes/?presence=partent",
    "joinings": "/personnes/rattachements/",
    "people-none": "/personnes/?q=rien-de-tel",
    "movements": "/dossiers/",
    "engagements": "/engagements/",
    "engagement-new": "/engagements/nouveau/",
    "panorama": "/operateurs/panorama/",
    "panorama-rate": "/operateurs/panorama/1/1/",
    "sightings": "/dossiers/a-confirmer/",
    "sightings-dismissed": "/dossiers/a-confirmer/?etat=ecartees",
    "movements-closed": "/dossiers/?etat=clos",
    "gaps": "/ecarts/",
    "gaps-none": "/ecarts/?situation=plusieurs",
    "gaps-absent": "/ecarts/?situation=absente&status=open",
    "imports": "/imports/",
    "import-new": "/imports/nouveau/",
    "finding": "/a-faire/usage-inconnu/",
    "finding-gaps": "/a-faire/absente/",
    "finding-files": "/a-faire/depart-en-retard/",
    "finding-sightings": "/a-faire/depart-vu/",
    "finding-engagements": "/a-faire/engagement/",
    "finding-requests": "/a-faire/en-retard-ailleurs/",
    "finding-requests-refused": "/a-faire/refusee-ailleurs/",
    "savings": "/economies/",
    "compare": "/structures/comparer/",
    "compare-departments": "/structures/comparer/?par=departement",
    "inbox-urgent": "/?onglet=urgent",
    "inbox-done": "/?onglet=fait",
    "activity": "/activite/?since=2020-01-01",
    "digest": "/resume-du-lundi/",
    "indicators": "/indicateurs/",
    "protocols": "/protocole/",
    "protocol": "/protocole/1/",
    "protocol-edit": "/protocole/1/modifier/",
    "notice-texts": "/avis/textes/",
    "notice-texts-of": "/avis/textes/1/",
    "own-words": "/avis/textes/1/alert_idle/",
    "requests": "/demandes/",
    "requests-empty": "/demandes/?q=rien-de-tel",
    "accesses": "/acces/?depuis=2020-01-01",
    "structures": "/structures/",
    "structure": "/structures/1/",
    "migrations": "/migrations/",
    "migration-new": "/structures/1/migrer/",
    "migration-preview": "/structures/1/migrer/?to=d1",
    "service-move": "/structures/1/deplacer/",
    "structure-merge": "/structures/1/fusionner/",
    "structure-close-refused": "/structures/1/fermer/",
    "structure-finess-refused": "/structures/1/finess/",
    "structure-changes": "/structures/1/changements/",
    "structure-new": "/structures/nouvelle/",
    "structure-edit": "/structures/1/modifier/",
    "operator-new-refused": "/operateurs/nouveau/",
    "thresholds": "/seuils/",
    "threshold-refused": "/seuils/READING_FRESH_DAYS/",
    "import-people": "/imports/nouveau/?contenu=people",
    "layouts": "/demandes/modeles/",
    "layout-new": "/demandes/modeles/nouveau/",
    "costs": "/couts/",
    "costs-service": "/couts/?par=service",
    "operators": "/operateurs/",
    "preferences": "/privilegiees/",
    "preferences-none": "/privilegiees/?sort=deux",
    "campaigns": "/campagnes/",
    "reviews": "/campagnes/revues/",
    "review": "/campagnes/revues/1/",
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
    "accessibility": "/accessibilite/",
    "appearance": "/apparence/",
    "observatory": "/annuaire/observatoire/?par=departement",
    "runs": "/annuaire/synchronisations/",
    "software": "/logiciels/",
    "software-new": "/logiciels/declarer/",
    "webhooks": "/logiciels/webhooks/",
    "webhook-new": "/logiciels/webhooks/ajouter/",
}
SOLANGE = {  # who follows 300 structures: the pages that then differ
    "grades-inbox": "/",
    "grades-finding": "/a-faire/pleine/",
    "grades-compare": "/structures/comparer/",
    "grades-compare-filtered": "/structures/comparer/?q=villefranche&sort=-live",
    "grades-map": "/structures/comparer/?par=departement",
    "grades-structures": "/structures/",
    "grades-activity": "/activite/?since=2020-01-01",
    "grades-savings": "/economies/",
    "grades-costs": "/couts/",
    "grades-indicators": "/indicateurs/",
    "grades-register": "/bal/",
    "grades-gaps": "/ecarts/",
    "grades-engagement": "/engagements/nouveau/",
    "grades-import": "/imports/nouveau/",
    "grades-panorama": "/operateurs/panorama/",
    "grades-protocols": "/protocole/",
    "grades-reviews": "/campagnes/revues/",
}
GISELE_ON_A_BAL = {
    "bal": "",
    "journal": "journal/",
    "notices": "avis/",
    "kit": "faire-connaitre/",
    "edit": "modifier/",
    "space": "espace/",
    "alias": "alias/",
    "depublish": "request_depublication/",
    "delete-refused": "request_deletion/",
}
ALICE_ON_A_BAL = {
    "bal-alice": "",
    "cotitulaire": "cotitulaires/ajouter/",
    "delegate": "delegations/ajouter/",
    "declare": "je-m-en-sers/",
    "reply-refused": "reponse-automatique/",
    "secret-refused": "secret/",
}


@pytest.fixture
def see(app, page, look):
    """`see(name, path)`: go there, and look."""

    def go(name, path):
        page.goto(app.url + path)
        look(page, name)

    return go


def test_the_pages_of_a_gestionnaire(log_in, page, see):
    see("login", "/compte/login/")
    log_in(page, "gisele")
    for name, path in GISELE.items():
        see(name, path)


def test_the_pages_of_a_grades(log_in, page, see):
    log_in(page, "solange")
    for name, path in SOLANGE.items():
        see(name, path)
    see("grades-compare", "/structures/comparer/")
    one = page.locator("td[data-label='Points d’attention'] a").first
    see("grades-inbox-of-one", path_of(one))


def test_what_a_gestionnaire_does_with_one(app, page, log_in, see, look):
    log_in(page, "gisele")
    for name, path in of_imports(app, page).items():
        see(name, path)
    org = bal_url(app, page, "cardiologie")
    for name, path in GISELE_ON_A_BAL.items():
        see(name, org + path)
    for name, path in (("request", "/demandes/?kind=depublish"), ("request-step", "/demandes/?kind=change")):
        page.goto(app.url + path)
        path = path_of(page.locator("td.register-address a").first)
        see(name, path if name == "request" else f"{path}record_refusal/")
    page.goto(f"{app.url}/demandes/modeles/")
    see("layout", path_of(page.locator("td a").first))
    page.goto(app.url + org + "request_depublication/")
    page.get_by_role("button", name="Continuer").click()
    look(page, "depublish-2")
    for name, path in of_a_departure(app, page, "Alice EXEMPLE").items():
        see(name, path)
    see("person-contact", person_url(app, page, "Chloe EXEMPLE"))
    see("person-contact-ask", person_url(app, page, "Chloe EXEMPLE") + "prevenir/")
    see("movement-arrival", movement_url(app, page, "Chloe EXEMPLE"))
    see("kit-leaving", bal_url(app, page, "pneumologie") + "faire-connaitre/")
    see("principal", bal_url(app, page, "orpheline") + "principal/")
    see("notices-told", bal_url(app, page, "paul.exemple") + "avis/")
    see("ask-use", bal_url(app, page, "chloe.exemple") + "demander-si-elle-sert/")
    for name, remedy in (("person", "Corriger"), ("resend", "Renvoyer"), ("give", "Consigner")):
        page.goto(f"{app.url}/avis/")
        see(f"notice-{name}", page.get_by_label(remedy).first.get_attribute("href"))
    page.goto(f"{app.url}/ecarts/?situation=differe")
    see("gap", path_of(page.locator("table a.address")))
    page.get_by_role("button", name="Demander à l’opérateur").click()
    look(page, "gap-ask")


def test_the_pages_of_the_others(app, page, log_in, see, browser_errors):
    see("claims-link", link_of(app, "alice"))
    see("claims-link-refused", "/adresses/rien/")
    see("notice-link", notice_link_of(app, "paul"))
    see("notice-link-refused", "/avis/repondre/rien/")
    see("campaign-link", notice_link_of(app, "bruno", bal__isnull=True))
    see("campaign-link-refused", "/questions/rien/")
    for stage in ("ask_contact-former", "ask_contact-new"):
        see(stage, link_of(app, "chloe", stage))
    see("joining-link", link_of(app, "bruno", "ask_joining"))
    see("contact-link-refused", "/coordonnees/rien/")
    see("joining-link-refused", "/rattachement/rien/")
    assert [error for error in browser_errors if "404" not in error] == []
    browser_errors.clear()
    log_in(page, "gisele")
    org, person = bal_url(app, page, "cardiologie"), person_url(app, page, "Alice EXEMPLE")
    page.context.clear_cookies()
    log_in(page, "alice")
    see("mine-alice", "/mes-bal/")
    see("preferences", "/mes-preferences/")
    see("roles-alice", person + "roles/")
    for name, path in ALICE_ON_A_BAL.items():
        see(name, org + path)
    for name in ("paul", "delphine", "nouveau", "bruno", "chloe"):
        page.context.clear_cookies()
        log_in(page, name)
        see(f"mine-{name}", "/mes-bal/")
        if name == "bruno":
            see("questions", "/mes-bal/questions/")


def path_of(link):
    return re.sub(r"^https?://[^/]+", "", link.first.get_attribute("href"))


def of_a_departure(app, page, name):
    movement, person = movement_url(app, page, name), person_url(app, page, name)
    record = page.goto(app.url + movement) and path_of(page.get_by_role("link", name="Enregistrer le départ"))
    return {
        "movement": movement,
        "movement-step": f"{movement}etapes/auto_reply/",
        "movement-cancel": f"{movement}annuler/",
        "departure": record,
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
        "import-mend": f"{waiting}corriger/",
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


def link_of(app, name, stage="ask_person"):
    """The signed link that a mail to this person holds."""
    code = (
        "from mailboxes.models import Notice; from mailboxes.notices.telling import path_of;"
        f"print(path_of(Notice.objects.filter(person__user__username='{name}', stage='{stage}').latest('pk')))"
    )
    return app.manage("shell", "--no-imports", "-c", code).strip()


def notice_link_of(app, name, bal__isnull=False):
    """The signed link of the last notice to this person that they may answer: about a BAL, or of a campaign."""
    code = (
        "from mailboxes.models import Notice; from mailboxes.notices.telling import path_of;"
        f"notices = Notice.objects.filter(person__user__username='{name}', party='holders', bal__isnull={bal__isnull});"
        f"notices = notices.filter(stage__endswith='_campaign-cleanup') if {bal__isnull} else notices;"
        "print(path_of(notices.order_by('-pk').first()))"
    )
    return app.manage("shell", "--no-imports", "-c", code).strip()
