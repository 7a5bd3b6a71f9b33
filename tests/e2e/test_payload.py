"""What somebody wrote, shown in a real Chromium: nothing of it runs, and nothing of it is fetched."""

import re

import pytest

pytestmark = pytest.mark.postgresql_run  # its data are its own: once is enough

IN_BROWSER = "<img src=/zq onerror=document.title='zq'>"
LOOKED_AT = (
    "/", "/bal/", "/bal/1/", "/bal/4/faire-connaitre/", "/personnes/", "/demandes/", "/imports/", "/campagnes/",
    "/annuaire/?q=zq", "/compte/droits/", "/ecarts/", "/avis/",
)  # fmt: skip
WRITE = f"""
from django.conf import settings
from tests.safety import world
stage = world.stage({IN_BROWSER!r}, {IN_BROWSER!r})
world.fill({IN_BROWSER!r}, common=True)
account = stage.here.users["gestionnaire"]
account.set_password("correct-cheval-pile")
account.save()
print(stage.here.rows["org"].pk)
"""


def test_a_browser_runs_nothing_of_it(app_server, page):
    app = app_server(CELERY_EAGER="true")
    org = app.manage("shell", "--no-imports", "-c", WRITE).split()[-1]
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app.url}/compte/login/")
    page.locator("input[name=login]").fill("gestionnaire1")
    page.locator("input[name=password]").fill("correct-cheval-pile")
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url(lambda url: "/compte/login" not in url)
    shown = 0
    for path in LOOKED_AT:
        page.goto(app.url + re.sub(r"/bal/\d+/", f"/bal/{org}/", path), wait_until="networkidle")
        assert page.locator("img[src='/zq']").count() == 0, path
        assert page.title() != "zq", path
        shown += "onerror" in page.content()
    assert shown > 6
    assert not [url for url in asked if url.endswith("/zq")]
