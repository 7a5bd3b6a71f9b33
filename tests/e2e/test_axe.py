"""What is remembered of contrasts hides none: of a page seen before, axe finds what it finds of a page never seen."""

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

WHOLE = """async () => {
    const found = await axe.run({runOnly: ["color-contrast"], resultTypes: ["violations"]});
    return found.violations.flatMap((rule) => rule.nodes.map((node) => node.html));
}"""
PALE = "(rule) => document.styleSheets[0].insertRule(rule, document.styleSheets[0].cssRules.length)"
# Each makes something pale in a way of its own: the text, what is behind it, what covers it, in one place or in all.
RULES = (
    ".text-secondary { color: #c9c9c9 !important; }",
    "td:nth-child(2) { background: #666 !important; }",
    "main { opacity: 0.4; }",
    "h1 { position: relative; left: 3px; color: #bbb !important; }",
)


def test_what_turns_pale_on_a_page_that_was_right_is_found_all_of_it(app, page, log_in, axe):
    log_in(page, "gisele")
    page.goto(f"{app.url}/bal/?kind=ORG")
    assert axe.faults(page) == []
    first = axe.asked
    assert axe.faults(page) == []
    assert axe.asked < max(first / 3, 60), "most of it is known by now"
    for rule in RULES:
        place = page.evaluate(PALE, rule)
        whole, faults = page.evaluate(WHOLE), axe.faults(page, only_contrast=True)
        assert whole, rule
        assert [html for html in whole if not any(html in fault for fault in faults)] == [], rule
        page.evaluate("(place) => document.styleSheets[0].deleteRule(place)", place)
        assert axe.faults(page, only_contrast=True) == [], "what failed was not remembered as right"
