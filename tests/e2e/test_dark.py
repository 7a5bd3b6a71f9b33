"""The dark scheme: what the device asks for, and what was chosen, read at 4.5:1; no script draws it, nothing blinks."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_every_page import bal_url, notice_link_of

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

# One of each kind of page: inbox, list, filters, form, report, charts, tree, progress, search.
PAGES = (
    "/", "/bal/?holder=paul&kind=PER", "/bal/inscrire/", "/indicateurs/", "/couts/", "/structures/",
    "/demandes/", "/imports/", "/mes-bal/", "/annuaire/?q=exemple", "/accessibilite/", "/apparence/",
)  # fmt: skip


@pytest.fixture
def reads_in_the_dark(page, shoot, axe):
    """`reads_in_the_dark(address)`: it is dark there, and all of it can be read."""
    faults = []
    page.emulate_media(color_scheme="dark")

    def look(address):
        page.goto(address)
        assert page.evaluate("getComputedStyle(document.body).colorScheme || 'dark'") != "light"
        shoot(page, "dark-" + address.partition("://")[2].partition("/")[2].replace("/", "-").replace("?", "-"))
        faults.extend(f"{address}: {fault}" for fault in axe.faults(page, only_contrast=True))

    yield look
    assert not faults, "\n".join(faults)


def test_each_kind_of_page_is_read_in_the_dark(app, page, log_in, reads_in_the_dark):
    reads_in_the_dark(f"{app.url}/compte/login/")
    reads_in_the_dark(app.url + notice_link_of(app, "paul"))
    log_in(page, "gisele")
    for path in PAGES:
        reads_in_the_dark(app.url + path)
    reads_in_the_dark(app.url + bal_url(app, page, "cardiologie"))


def test_a_choice_outweighs_the_device_and_needs_no_script(app, browser, log_in):
    context = browser.new_context(java_script_enabled=False, color_scheme="light", locale="fr-FR")
    page = context.new_page()
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/")
    light = page.screenshot(clip={"x": 0, "y": 0, "width": 40, "height": 4})
    page.get_by_role("link", name="Apparence").click()
    page.get_by_label("Sombre").check()
    page.get_by_role("button", name="Appliquer").click()
    expect(page).to_have_url(f"{app.url}/bal/")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    assert page.screenshot(clip={"x": 0, "y": 0, "width": 40, "height": 4}) != light
    context.close()
