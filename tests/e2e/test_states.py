"""What a page becomes under the hand: menus, folds and dialogs open, answers as one types, what is refused or goes on.
axe-core finds nothing there either; by night all of it is read.

Pages as they first come are seen by test_every_page and test_dark.
"""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def opened(page, name):
    page.locator("summary").filter(has_text=name).first.click()


def found_as_one_types(page):
    page.locator("[data-find]").fill("cardio")
    expect(page.locator("#found").get_by_role("link").first).to_be_visible()


def nothing_found(page):
    page.locator("[data-find]").fill("rien de tel")
    expect(page.locator("#found").get_by_text("Rien")).to_be_visible()


def keys_told(page):
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()


def a_row_ticked(page):
    page.locator("input[name=bals]").first.check()
    opened(page, "Agir en lot")


def refused(page):
    page.get_by_role("main").get_by_role("button", name="Inscrire").last.click()
    expect(page.locator("main [role=alert]").first).to_be_focused()


def paused(page):
    page.locator(".todo summary").first.click()


# By name: where, and what is done there.
STATES = {
    "menu": ("/", lambda page: opened(page, "Personnes")),
    "account": ("/", lambda page: opened(page, "gisele")),
    "acting-for": ("/", lambda page: opened(page, "Toutes les structures")),
    "pause": ("/", paused),
    "found": ("/", found_as_one_types),
    "found-none": ("/", nothing_found),
    "keys": ("/", keys_told),
    "list-shown": ("/bal/", lambda page: opened(page, "Affichage")),
    "list-views": ("/bal/", lambda page: opened(page, "Vues")),
    "list-filters": ("/bal/", lambda page: opened(page, "Plus de filtres")),
    "list-ticked": ("/bal/", a_row_ticked),
    "refused": ("/bal/inscrire/", refused),
    "not-found": ("/bal/999999/", lambda page: None),
}


@pytest.fixture
def lookable(page, axe, shoot):
    """`lookable(name)`: axe finds nothing, and in the dark no contrast is lost; told together at the end."""
    faults = []
    page.emulate_media(reduced_motion="reduce")  # else the colours of the day are still on their way

    def look(name):
        shoot(page, f"state-{name}")
        faults.extend(f"{name}: {fault}" for fault in axe.faults(page))
        page.emulate_media(color_scheme="dark")
        faults.extend(f"{name}, dark: {fault}" for fault in axe.faults(page, only_contrast=True))
        page.emulate_media(color_scheme="light")

    yield look
    assert not faults, "\n".join(faults)


def test_a_page_under_the_hand_is_accessible(app, page, log_in, lookable, browser_errors):
    log_in(page, "gisele")
    for name, (path, do) in STATES.items():
        page.goto(app.url + path)
        do(page)
        lookable(name)
    assert [error for error in browser_errors if "404" not in error and "422" not in error] == []
    browser_errors.clear()


def test_what_is_refused_at_the_door_is_accessible(app, page, lookable):
    page.goto(f"{app.url}/compte/login/")
    page.get_by_label("Identifiant").fill("gisele")
    page.get_by_label("Mot de passe").fill("pas le bon")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_text("incorrect")).to_be_visible()
    lookable("log-in-refused")


def test_a_list_being_read_says_how_far_it_is(app, page, log_in, lookable):
    """No worker runs here: it stays at work, as on a busy day."""
    log_in(page, "gisele")
    page.goto(f"{app.url}/imports/")
    page.get_by_role("link", name="liste-received.csv").click()
    page.get_by_role("button", name="Simuler l’import").or_(
        page.get_by_role("link", name="Vérifier les colonnes")
    ).first.click()
    page.get_by_role("button", name="Simuler l’import").click()
    expect(page.get_by_role("main").get_by_role("status").first).to_be_visible()
    lookable("at-work")
