"""Who follows the link of a mail, on the smallest phone: the answer stands under the thumb, and then says what came."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_every_page import link_of, notice_link_of

PHONE = {"width": 360, "height": 640}
LINKS = {
    "alert": lambda app: notice_link_of(app, "paul"),
    "campaign": lambda app: notice_link_of(app, "bruno", bal__isnull=True),
    "claims": lambda app: link_of(app, "alice"),
    "contact-former": lambda app: link_of(app, "chloe", "ask_contact-former"),
    "contact-new": lambda app: link_of(app, "chloe", "ask_contact-new"),
    "joining": lambda app: link_of(app, "bruno", "ask_joining"),
}


@pytest.mark.parametrize("name", LINKS)
def test_the_first_answer_stands_within_the_first_screen(app, page, name):
    page.set_viewport_size(PHONE)
    page.goto(app.url + LINKS[name](app))
    button = page.get_by_role("main").locator("button[name=answer]").first
    box = button.bounding_box()
    assert box["y"] + box["height"] <= PHONE["height"], box
    assert box["height"] >= 44, "wide enough for a thumb"
    assert box["width"] >= 200, box
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_after_the_answer_the_title_says_what_came_and_asks_no_more(app, page):
    page.set_viewport_size(PHONE)
    page.goto(app.url + LINKS["alert"](app))
    page.get_by_role("button", name="Garder la BAL, je m’en sers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("C’est noté")
    expect(page.get_by_text("Ce lien a servi")).to_be_visible()
    expect(page.get_by_role("main").locator("button[name=answer]")).to_have_count(0)


def test_a_joining_refused_is_said_in_the_title(app, page):
    page.set_viewport_size(PHONE)
    page.goto(app.url + LINKS["joining"](app))
    page.get_by_role("button", name="Refuser").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cette demande est refusée")


def test_the_menu_opens_over_the_page_without_scripts_and_leads_on(app, bare_page, log_in):
    page = bare_page
    page.set_viewport_size(PHONE)
    log_in(page, "gisele")
    menu = page.get_by_role("navigation", name="Menu principal")
    title = page.get_by_role("heading", level=1)
    expect(menu).to_be_hidden()
    assert title.bounding_box()["y"] < PHONE["height"] / 4
    page.get_by_role("button", name="Menu").click()
    menu.get_by_text("Annuaire", exact=True).click()
    menu.get_by_role("link", name="Écarts").click()
    expect(title).to_have_text("Écarts avec l’annuaire")
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(menu).to_be_visible()


LISTS = [
    "/bal/",
    "/structures/",
    "/structures/comparer/",
    "/activite/",
    "/acces/",
    "/dossiers/",
    "/campagnes/",
    "/vues/",
]


def test_every_filter_and_every_order_of_a_list_is_within_reach_of_a_thumb(app, page, log_in):
    log_in(page, "gisele")
    page.set_viewport_size(PHONE)
    for path in LISTS:
        page.goto(app.url + path)
        filters = page.locator(".list-filters :is(input:not([type=hidden]), select)")
        if page.get_by_text("Plus de filtres").count():
            page.get_by_text("Plus de filtres").click()
        hidden = [one.get_attribute("name") for one in filters.all() if not one.is_visible()]
        assert hidden == [], path
