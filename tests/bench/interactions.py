"""What a hand on a page waits for, from the press to the next picture, on the demonstration; Chromium, 1280×800."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from playwright.sync_api import Page, sync_playwright

from tests.bench.row import Row
from tests.servers import BROWSER_ARGS, find_chromium, free_port, run, web_answers

ROOT = Path(__file__).parents[2]
TIMES = 20  # of each act
LIMIT = 100  # ms: what a hand calls at once
# Told by the browser itself (Event Timing): from the press until what it changed is painted, to the next 8 ms.
WATCH = """() => {
    window.waits = [];
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (one.interactionId) window.waits.push(one.duration);
    }).observe({type: "event", durationThreshold: 16, buffered: true});
}"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"
# The words of the search field, until an answer to them stands on the page.
ANSWERED = """(words) => new Promise((done, failed) => {
    const field = document.querySelector("[data-find]"), found = document.getElementById("found");
    found.replaceChildren();
    const start = performance.now();
    new MutationObserver(() => found.querySelector("a") && done(performance.now() - start))
        .observe(found, {childList: true, subtree: true});
    setTimeout(() => failed(`nothing came for ${words}`), 10_000);
    field.value = words;
    field.dispatchEvent(new Event("input", {bubbles: true}));
})"""
WORDS = ("cardiologie", "morel", "chloe", "urgences")


class Touch(NamedTuple):
    """An act, and the page where it is done."""

    name: str
    path: str
    do: Callable[[Page], object]


TOUCHES = (
    Touch("a menu opens", "/", lambda page: page.locator(".app-nav summary").first.click()),
    Touch("the keys j and k go through À traiter", "/", lambda page: page.keyboard.press("j")),
    Touch("the pause of a row opens", "/", lambda page: page.locator(".todo summary").first.click()),
    Touch("a row of the register is ticked", "/bal/", lambda page: page.locator("input[name=bals]").first.click()),
    Touch("the whole page is ticked", "/bal/", lambda page: page.get_by_label("Cocher toute la page").click()),
    Touch("the columns to show unfold", "/bal/", lambda page: page.locator(".list-tools summary").last.click()),
    Touch("a letter in the search field", "/", lambda page: page.locator("[data-find]").press("a")),
)


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder, served(Path(folder)) as url, opened(url) as page:
        for touch in TOUCHES:
            waits = waits_for(page, url, touch)
            yield Row(f"{touch.name}, p50", median(waits), "ms", limit=LIMIT)
            yield Row(f"{touch.name}, worst of {len(waits)}", max(waits), "ms", limit=LIMIT)
        page.goto(f"{url}/")
        page.locator("[data-find]").focus()
        took = [page.evaluate(ANSWERED, WORDS[time % len(WORDS)]) for time in range(TIMES)]
        yield Row("the answer of the search stands there, 150 ms of pause included, p50", median(took), "ms")
        yield Row("the same, p95", quantiles(took, n=20)[-1], "ms")


def waits_for(page: Page, url: str, touch: Touch) -> list[float]:
    """The wait of each time; what is painted before 16 ms is told by nobody, and counts 16."""
    page.goto(url + touch.path)
    page.evaluate(WATCH)
    waits = []
    for _ in range(TIMES):
        page.evaluate("window.waits = []")
        touch.do(page)
        page.evaluate(PAINTED)
        waits.append(max([16, *page.evaluate("window.waits")]))
    return waits


@contextmanager
def served(folder: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "PORT": str(port), "SITE_URL": url, "CELERY_EAGER": "true", "STATIC_MANIFEST": "true"}
    env |= {"STATIC_ROOT": str(folder / "static"), "DEBUG": "false"}
    for words in (["collectstatic", "--noinput"], ["make_demo"]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "gunicorn", "balmanager.wsgi"]
    ready = web_answers(f"{url}/compte/login/")
    with run(command, folder / "web.log", ready, seconds=120, cwd=ROOT, env=env):
        yield url


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """The browser of a gestionnaire."""
    user = get_user_model().objects.get(username="gisele")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update({
        SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    })  # fmt: skip
    session.save()
    key = session.session_key
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=BROWSER_ARGS)
        context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "sessionid", "value": key, "url": url}])
        yield context.new_page()
        browser.close()
