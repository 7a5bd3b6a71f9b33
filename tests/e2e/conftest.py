import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cast import PASSWORD
from tests.servers import ROOT


@pytest.fixture
def app(app_server):
    """The application with its cast."""
    app = app_server()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.e2e.cast"], cwd=ROOT, env=app.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return app


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
def shoot(tmp_path):
    """`shoot(page, "dashboard")` keeps a picture, in SCREENSHOTS where that folder is named."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def keep(page, name):
        width = page.viewport_size["width"]
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)

    return keep
