"""What a browser really fetches, and that nothing jumps while a page comes."""

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

MOST = 120_000
MOST_SHIFT = 0.02  # of the window; 0.1 is what the web calls good
FETCHED = """() => performance.getEntriesByType("resource")
    .filter((one) => new URL(one.name).pathname.startsWith("/static/"))
    .map((one) => [new URL(one.name).pathname, one.encodedBodySize])"""
WATCH = """() => {
    [window.shifted, window.moved] = [0, []];
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) {
            if (one.hadRecentInput) continue;
            window.shifted += one.value;
            window.moved.push(...one.sources.map(({node}) => node?.outerHTML?.slice(0, 200) ?? String(node)));
        }
    }).observe({type: "layout-shift", buffered: true});
}"""
DRAWN_ONCE_MORE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.mark.parametrize("path", ["/", "/bal/", "/indicateurs/", "/structures/comparer/?par=departement"])
def test_a_page_comes_light_and_in_its_place(app, page, log_in, path):
    log_in(page, "gisele")
    page.add_init_script(f"({WATCH})()")
    # As on an old computer, which paints before it has read the scripts.
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 8})
    page.goto(app.url + path, wait_until="networkidle")
    page.mouse.wheel(0, 400)
    page.evaluate(DRAWN_ONCE_MORE)
    fetched = dict(page.evaluate(FETCHED))
    assert fetched, "it was counted"
    assert sum(fetched.values()) <= MOST, fetched
    assert page.evaluate("window.shifted") <= MOST_SHIFT, page.evaluate("window.moved")


def test_the_first_ten_things_to_do_stand_within_one_screen(app, page, log_in):
    page.set_viewport_size({"width": 1280, "height": 800})
    log_in(page, "gisele")
    page.goto(app.url)
    box = page.locator(".todo-list > .todo").nth(9).bounding_box()
    assert box["y"] + box["height"] <= 800, box
