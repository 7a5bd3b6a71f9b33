"""What a browser really fetches, and that nothing jumps while a page comes."""

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

MOST = 120_000
MOST_SHIFT = 0.02  # of the window; 0.1 is what the web calls good
BYTES_A_SECOND = 20_000
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


def old_computer_slow_line(page):
    """Paint as one that has not read the scripts yet, while the page still comes, piece by piece."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 8})
    session.send("Network.enable")
    line = {"offline": False, "latency": 0, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", line)


@pytest.mark.parametrize(
    "path", ["/", "/bal/", "/personnes/", "/indicateurs/", "/structures/comparer/?par=departement"]
)
def test_a_page_comes_light_and_in_its_place(app, page, log_in, path):
    log_in(page, "gisele")
    page.add_init_script(f"({WATCH})()")
    old_computer_slow_line(page)
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
