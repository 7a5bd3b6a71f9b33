"""The keys of lists and of *À traiter*, and where the focus stands after a refused form."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def test_keys_go_through_what_is_to_be_done(app, page, log_in):
    log_in(page, "gisele")
    page.goto(app.url)
    rows = page.locator(".todo-list > .todo")
    page.keyboard.press("j")
    expect(rows.nth(0).locator(":focus")).to_have_count(1)
    page.keyboard.press("j")
    expect(rows.nth(1).locator(":focus")).to_have_count(1)
    page.keyboard.press("k")
    expect(rows.nth(0).locator(":focus")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("dialog#keys")).to_be_visible()  # in a dialog they mean nothing
    page.keyboard.press("Escape")
    address = rows.nth(0).locator("a[href]").first.get_attribute("href")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("e")
    page.wait_for_url(f"{app.url}{address}")


def test_keys_tick_a_row_and_leave_typing_alone(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("input[name=bals]:checked")).to_have_count(1)
    field = page.get_by_label("Rechercher", exact=True)
    field.press_sequentially("jx?")
    expect(field).to_have_value("jx?")
    expect(page.locator("input[name=bals]:checked")).to_have_count(1)


def test_after_a_refused_form_the_focus_is_on_what_is_wrong(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/personnes/inscrire/")
    page.get_by_role("main").get_by_role("button", name="Inscrire").click()
    summary = page.locator("main [role=alert]").first
    expect(summary).to_be_focused()
    assert page.title().startswith("Erreur\u00a0: ")
    link = summary.get_by_role("link").first
    target = link.get_attribute("href")
    link.click()
    expect(page.locator(target)).to_be_focused()


def test_a_form_that_is_pressed_twice_is_sent_once(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/personnes/inscrire/")
    page.get_by_label("Prénom").fill("Zoé")
    page.get_by_label("Nom", exact=True).fill("Double")
    structure = page.get_by_label("Structure")
    structure.select_option(index=1)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("main").get_by_role("button", name="Inscrire").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Zoé")
    assert len(sent) == 1
