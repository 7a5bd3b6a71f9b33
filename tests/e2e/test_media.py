"""On paper and in forced colours: what says where one is stays, what is only pressed goes."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

UNDERLINES = """
links => links.map(link => [link.hasAttribute("aria-current"), getComputedStyle(link).borderBottomColor])
"""


def test_a_list_is_printed_without_what_is_pressed(app, page, log_in):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/")
    page.emulate_media(media="print")
    main = page.get_by_role("main")
    expect(main.get_by_role("link", name="cardiologie.lilas@").first).to_be_visible()
    for role in ("button", "checkbox", "combobox", "searchbox"):
        assert not [one for one in main.get_by_role(role).all() if one.is_visible()]


def test_in_forced_colours_the_current_page_alone_is_underlined(app, page, log_in):
    page.emulate_media(forced_colors="active")
    log_in(page, "gisele")
    page.goto(app.url)
    for place in (".app-nav > ul > li > a, .app-nav summary", ".todo-tabs a"):
        told = page.locator(place).evaluate_all(UNDERLINES)
        (current,) = {colour for is_current, colour in told if is_current}
        assert current not in {colour for is_current, colour in told if not is_current}
