"""A campaign from its launch to its answers, in a real browser; without JavaScript too."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_every_page import notice_link_of

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough


def review_accesses(app, page, log_in):
    """Gisele asks; alice withdraws one access and keeps the other; gisele reads it and ends the campaign."""
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?q=cardiologie")
    page.locator("main summary").get_by_text("Plus", exact=True).click()
    page.get_by_role("link", name="Lancer une campagne").click()
    page.get_by_label("Revoir qui a accès").check()
    page.get_by_role("button", name="Voir qui serait interrogé").click()
    page.get_by_text("1 personne").wait_for()
    page.get_by_label("Titre").fill("Revue des accès")
    page.get_by_role("button", name="Lancer la campagne").click()
    page.get_by_text("Réglées : 0 sur 1").wait_for()
    campaign = page.url
    page.context.clear_cookies()
    log_in(page, "alice")
    page.get_by_role("link", name="Répondre").click()
    page.get_by_label("Delphine EXEMPLE").check()
    page.get_by_role("button", name="Retirer les accès cochés").click()
    page.get_by_text("ces accès sont retirés").wait_for()
    expect(page.get_by_text("Accès retirés, le")).to_be_visible()
    page.context.clear_cookies()
    log_in(page, "gisele")
    page.goto(campaign)
    expect(page.get_by_text("Réglées : 1 sur 1 (100 %)")).to_be_visible()
    expect(page.get_by_text("1 accès retiré")).to_be_visible()
    page.get_by_role("link", name="Clore").click()
    page.get_by_role("button", name="Clore").click()
    page.get_by_text("La campagne est close.").wait_for()
    assert page.locator("h1 .badge").inner_text() == "close"
    with page.expect_download() as report:
        page.get_by_role("link", name="Rapport (PDF)").click()
    assert report.value.suggested_filename.endswith(".pdf")


def test_a_principal_reviews_who_has_access(app, page, log_in, browser_errors):
    review_accesses(app, page, log_in)


def test_the_same_without_javascript(app, bare_page, log_in):
    review_accesses(app, bare_page, log_in)


def test_a_holder_answers_a_clean_up_by_the_link_of_the_mail(app, page):
    page.goto(app.url + notice_link_of(app, "bruno", bal__isnull=True))
    page.get_by_role("button", name="Je m’en sers", exact=True).click()
    page.get_by_text("vous vous servez de cette BAL").wait_for()
    expect(page.get_by_role("button", name="Je m’en sers", exact=True)).to_have_count(0)
