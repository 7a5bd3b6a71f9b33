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
    "gaps": "/ecarts/",
    "gaps-none": "/ecarts/?situation=plusieurs",
    "gaps-absent": "/ecarts/?situation=absente&status=open",
    "mine-empty": "/mes-bal/",
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
    "edit": "modifier/",
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
        page.wait_for_load_state("networkidle")
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
    org = bal_url(app, page, "cardiologie")
    for name, path in GISELE_ON_A_BAL.items():
        look(name, org + path)
    look("principal", bal_url(app, page, "orpheline") + "principal/")
    page.goto(f"{app.url}/ecarts/?situation=differe")
    look("gap", re.sub(r"^https?://[^/]+", "", page.locator("table a.address").first.get_attribute("href")))
    page.get_by_role("button", name="Demander à l’opérateur").click()
    shoot(page, "gap-ask")
    assert_accessible(page)
    page.context.clear_cookies()
    look("claims-link", link_of(app, "alice"))
    look("claims-link-refused", "/adresses/rien/")
    assert [error for error in browser_errors if "404" not in error] == []
    browser_errors.clear()
    log_in(page, "alice")
    look("mine-alice", "/mes-bal/")
    for name, path in ALICE_ON_A_BAL.items():
        look(name, org + path)
    page.context.clear_cookies()
    for name in ("paul", "delphine", "nouveau"):
        log_in(page, name)
        look(f"mine-{name}", "/mes-bal/")
        page.context.clear_cookies()
    assert not faults, "\n\n".join(faults)


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
