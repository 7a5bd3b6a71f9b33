import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cast import PASSWORD
from tests.servers import ROOT, app_env


@pytest.fixture(scope="session")
def _cast(_prepared_var, server_folder):
    """The cast's data: written once, copied for each test."""
    var = server_folder / "cast"
    shutil.copytree(_prepared_var, var, ignore=shutil.ignore_patterns("static"))
    command = [sys.executable, "-W", "ignore", "-m", "tests.e2e.cast"]
    done = subprocess.run(command, cwd=ROOT, env=app_env(var), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return var


@pytest.fixture
def app(app_server, _cast):
    """The application with its cast."""
    return app_server(prepared=_cast)


@pytest.fixture
def log_in(app):
    def fill(page, name):
        page.goto(f"{app.url}/compte/login/")
        page.locator("input[name=login]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Se connecter").click()
        page.wait_for_url(lambda url: "/compte/login" not in url)

    return fill


@pytest.fixture
def look(shoot, assert_accessible):
    """`look(page, "dashboard")`: as on a phone, then on a desk, axe finds nothing and nothing overflows.

    The faults of all the pages looked at are told together, at the end.
    """
    faults = []

    def at_both_widths(page, name):
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            shoot(page, name)
            try:
                assert_accessible(page)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, "it overflows"
            except AssertionError as fault:
                faults.append(f"{name}, {width} pixels wide: {fault}")

    yield at_both_widths
    assert not faults, "\n\n".join(faults)


@pytest.fixture
def shoot():
    """`shoot(page, "dashboard")` keeps a picture, in SCREENSHOTS where that folder is named."""
    folder = os.environ.get("SCREENSHOTS")

    def keep(page, name):
        if folder:
            width = page.viewport_size["width"]
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)

    return keep
