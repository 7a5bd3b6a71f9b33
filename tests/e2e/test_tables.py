"""Tables of figures between a phone and a desk: nothing is pushed aside, and no word of their heads is cut in two."""

import pytest

from tests.e2e.conftest import PRESSED

HEADS = """() => [...document.querySelectorAll(".table-responsive > .table > thead th")]
    .filter((head) => getComputedStyle(head).overflowWrap === "anywhere").map((head) => head.innerText)"""


@pytest.mark.parametrize("width", [360, 576, 992, 1024])
def test_the_tables_of_figures_fit(app, page, log_in, width):
    log_in(page, "gisele")
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/couts/", "/couts/?par=structure", "/indicateurs/", "/annuaire/observatoire/"):
        page.goto(app.url + path)
        assert page.evaluate(PRESSED) == [], path
        assert page.evaluate(HEADS) == [], path
