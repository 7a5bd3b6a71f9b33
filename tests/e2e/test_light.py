"""What a browser really fetches, and that nothing jumps while a page comes."""

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

MOST = 120_000
MOST_SHIFT = 0.02  # of the window; 0.1 is what the web calls good
FETCHED = """() => performance.getEntriesByType("resource")
    .filter((one) => new URL(one.name).pathname.startsWith("/static/"))
    .map((one) => [new URL(one.name).pathname, one.encodedBodySize])"""
WATCH = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
    }).observe({type: "layout-shift", buffered: true});
}"""


@pytest.mark.parametrize("path", ["/", "/bal/", "/indicateurs/", "/structures/comparer/?par=departement"])
def test_a_page_comes_light_and_in_its_place(app, page, log_in, path):
    log_in(page, "gisele")
    page.add_init_script(f"({WATCH})()")
    page.goto(app.url + path, wait_until="networkidle")
    page.mouse.wheel(0, 400)
    page.wait_for_timeout(300)
    fetched = dict(page.evaluate(FETCHED))
    assert fetched, "it was counted"
    assert sum(fetched.values()) <= MOST, fetched
    assert page.evaluate("window.shifted") <= MOST_SHIFT
