import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.e2e.cast import SESSIONS
from tests.forks import ROOT, OwnCommand, die_with_parent, run_own
from tests.servers import App, app_env, free_port, made_once, wait_until, web_answers


@pytest.fixture(scope="session")
def _cast(_prepared_sqlite):
    """The cast's data: written once, copied for each test."""

    def write(var):
        shutil.copy(_prepared_sqlite, var)
        done = run_own([sys.executable, "-m", "tests.e2e.cast"], cwd=ROOT, env=app_env(var))
        assert done.returncode == 0, done.stderr

    return made_once("cast", write)


@dataclass
class StagedApp(App):
    """Its commands run in forks of the stage, which has loaded what they import: a start takes two seconds."""

    order: Callable[[str], str] = str

    def manage(self, *words, check=True):
        said = [self.log.with_suffix(suffix) for suffix in (".out", ".err")]
        code = int(self.order(f"manage {json.dumps([words, [str(path) for path in said]])}"))
        out, err = (path.read_text() for path in said)
        assert not check or code == 0, out + err
        return out


@pytest.fixture(scope="session")
def _stage(_cast, _prepared_static, server_folder):
    """`order("up")` begins the server anew, `order("down")` ends it; `app` is what it serves, data in one folder."""
    port, var = free_port(), server_folder / "stage"
    url = f"http://127.0.0.1:{port}"
    env = app_env(var, PORT=str(port), SITE_URL=url, GUNICORN_CMD_ARGS="--access-logfile -")
    app = StagedApp(url, env, var, server_folder / "stage.log")
    var.mkdir()
    (var / "static").symlink_to(_prepared_static)  # read once, as it is loaded
    with app.log.open("ab") as log:
        process = OwnCommand(
            [sys.executable, "-m", "tests.e2e.stage"], cwd=ROOT, env=app.env, preexec_fn=die_with_parent,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip

    def order(what):
        process.stdin.write(f"{what}\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        assert answer, app.log.read_text()
        return answer

    app.order = order
    yield SimpleNamespace(order=order, app=app)
    process.stdin.close()
    process.wait()
    process.stdout.close()


@pytest.fixture
def app(_stage, _cast):
    """The application with its cast."""
    app = _stage.app
    shutil.copytree(_cast, app.var, ignore=shutil.ignore_patterns("static"), dirs_exist_ok=True)
    _stage.order("up")
    wait_until(web_answers(f"{app.url}/compte/login/"), app.log)
    yield app
    app.processes.close()
    _stage.order("down")
    for left in app.var.iterdir():
        if left.is_symlink():
            continue
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture
def log_in(app):
    """`log_in(page, "gisele")`: there, as once the password is given; how it is given is played in test_accounts."""
    opened = json.loads((app.var / SESSIONS).read_text())

    def arrive(page, name):
        page.context.add_cookies([{"name": "sessionid", "value": opened[name], "url": app.url}])
        page.goto(f"{app.url}/compte/login/")
        page.wait_for_url(lambda url: "/compte/login" not in url)

    return arrive


# A plain space where French breaks no line, in what is read or heard of a page; an option has one line, and what is
# copied from a page into other software (PLAIN of typesetting.py) has plain spaces.
BREAKABLE = """() => {
    const wrong = /[ \\n]+[;!?»:](?![\\w:;!?])|«[ \\n]/, found = new Set();
    const words = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
        const { data, parentElement } = words.currentNode;
        const isTyped = parentElement.closest("script, style, pre, code, textarea, option, .as-sent, .kit-preview");
        if (wrong.test(data) && !isTyped) found.add(data.trim());
    }
    for (const name of ["title", "alt", "placeholder", "aria-label", "aria-description", "data-label"])
        for (const one of document.querySelectorAll(`[${name}]`))
            if (wrong.test(one.getAttribute(name))) found.add(one.getAttribute(name));
    return [...found];
}"""


# A field that says its label again, in grey, until one types.
REPEATED = """() => [...document.querySelectorAll("input[placeholder]")]
    .filter((one) => [...one.labels].some((label) => label.innerText.trim() === one.placeholder.trim()))
    .map((one) => one.placeholder)"""


# What is cut, or pressed together: a table that is read by pushing it aside (`scroll` says of which it is meant), two
# buttons one against another, a word broken inside a button.
PRESSED = """() => {
    const shown = [...document.querySelectorAll("main .btn")].filter((one) => one.checkVisibility());
    const boxes = shown.map((one) => [one, one.getBoundingClientRect()]);
    const touch = ([one, a], [other, b]) => one.parentElement === other.parentElement
        && !one.closest(".btn-group, .input-group")
        && a.left < b.right && b.left < a.right && b.top >= a.bottom - 1 && b.top - a.bottom < 3;
    const lines = (one) => {
        const words = document.createRange();
        words.selectNodeContents(one);
        return new Set([...words.getClientRects()].map((box) => Math.round(box.top / 8))).size;
    };
    const word = (one) => one.innerText.trim();
    return [
        ...[...document.querySelectorAll("main .table-responsive:not(.scroll)")]
            .filter((one) => one.scrollWidth > one.clientWidth + 1)
            .map((one) => `a table is cut: ${one.getAttribute("aria-label")}`),
        ...boxes.flatMap((first) => boxes.filter((second) => touch(first, second))
            .map((second) => `${word(first[0])} touches ${word(second[0])}`)),
        ...shown.filter((one) => !one.querySelector(".btn-word, .tool-word"))
            .filter((one) => /^[^\\s-]+$/.test(word(one)) && lines(one) > 2)
            .map((one) => `a word is broken: ${word(one)}`),
    ];
}"""


# What people of the cast typed, which is left to them.
TYPED: tuple[str, ...] = ()


def breakable(page) -> list[str]:
    return [text for text in page.evaluate(BREAKABLE) if not any(typed in text for typed in TYPED)]


@pytest.fixture
def look(shoot, assert_accessible):
    """`look(page, "dashboard")`: on 320 pixels, then on a desk, axe finds nothing, nothing overflows, no line
    breaks before « ? ».

    The faults of all the pages looked at are told together, at the end.
    """
    faults = []

    def at_both_widths(page, name):
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            shoot(page, name)
            try:
                assert_accessible(page)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, "it overflows"
                assert breakable(page) == [], "a line may break there"
                assert page.locator("option", has_text="---").count() == 0, "a choice without a name"
                assert page.evaluate(REPEATED) == [], "a field says its label twice"
                assert page.evaluate(PRESSED) == [], "something is cut, or pressed together"
            except AssertionError as fault:
                faults.append(f"{name}, {width} pixels wide: {fault}")

    yield at_both_widths
    assert not faults, "\n\n".join(faults)


@pytest.fixture
def bare_page(browser):
    """A browser without JavaScript."""
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def shoot():
    """`shoot(page, "dashboard")` keeps a picture, in SCREENSHOTS where that folder is named."""
    folder = os.environ.get("SCREENSHOTS")

    def keep(page, name):
        if folder:
            width = page.viewport_size["width"]
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)

    return keep
