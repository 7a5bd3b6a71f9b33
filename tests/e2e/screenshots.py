"""The pictures of the README and of the guide, taken from the demonstration: `make screenshots` writes them anew.

No test of its own: it is run by its file's name alone.
"""

import json
from pathlib import Path

from tests.servers import ROOT

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 720}
# By name: whose page, its address, and what is followed from there, by the selector of a link.
PICTURES = {
    "a-traiter": ("gisele", "/", ""),
    "registre": ("gisele", "/bal/", ""),
    "bal": ("gisele", "/bal/?q=cardiologie&kind=ORG", "main a.address"),  # with a chain of accesses
    "import": ("gisele", "/imports/", "main table tbody a"),
    "ecarts": ("gisele", "/ecarts/", ""),
    "demandes": ("gisele", "/demandes/", ""),
    "campagne": ("gisele", "/campagnes/", "main table tbody a"),
    "depart": ("gisele", "/dossiers/", "main table tbody a"),
    "acces": ("gisele", "/acces/", ""),
    "structures": ("solange", "/structures/comparer/", ""),
    "activite": ("solange", "/activite/", ""),
}
ON_A_PHONE = {"mes-bal": ("alice", "/mes-bal/", ""), "delegataire": ("delphine", "/mes-bal/", "")}
OPEN_SESSIONS = """
import json
from django.contrib.auth import get_user_model as model, BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from importlib import import_module
from django.conf import settings
keys = {{}}
for user in model().objects.filter(username__in={names!r}):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update({{SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                    HASH_SESSION_KEY: user.get_session_auth_hash()}})
    session.save()
    keys[user.username] = session.session_key
print(json.dumps(keys))
"""


def test_pictures(app_server, page):
    folder = ROOT / "docs" / "screenshots"
    app = app_server(CELERY_EAGER="true")
    app.manage("make_demo")
    sessions = open_sessions(app, *{account for account, _, _ in (*PICTURES.values(), *ON_A_PHONE.values())})
    for size, pictures in ((DESK, PICTURES), (PHONE, ON_A_PHONE)):
        page.set_viewport_size(size)
        for name, (account, path, link) in pictures.items():
            become(page, app, sessions[account])
            page.goto(app.url + path)
            if link:
                page.goto(app.url + page.locator(link).first.get_attribute("href"))
            take(page, folder / f"{name}.png")


def open_sessions(app, *names):
    """By account, the key of a session of its own."""
    return json.loads(app.manage("shell", "--no-imports", "-c", OPEN_SESSIONS.format(names=names)))


def become(page, app, key):
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": app.url}])


def take(page, path: Path):
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, animations="disabled")
