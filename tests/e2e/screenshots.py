"""The pictures of the README and of the guide, taken from the demonstration: `make screenshots` writes them anew.

No test of its own: it is run by its file's name alone.
"""

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
OPEN_SESSION = (
    "from django.contrib.auth import get_user_model as model, BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY;"
    "from importlib import import_module; from django.conf import settings;"
    "user = model().objects.get(username={name!r});"
    "session = import_module(settings.SESSION_ENGINE).SessionStore();"
    "session.update({{SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],"
    " HASH_SESSION_KEY: user.get_session_auth_hash()}}); session.save(); print(session.session_key)"
)


def test_pictures(app_server, page):
    folder = ROOT / "docs" / "screenshots"
    app = app_server(CELERY_EAGER="true")
    app.manage("make_demo")
    for size, pictures in ((DESK, PICTURES), (PHONE, ON_A_PHONE)):
        page.set_viewport_size(size)
        for name, (account, path, link) in pictures.items():
            become(page, app, account)
            page.goto(app.url + path)
            if link:
                page.goto(app.url + page.locator(link).first.get_attribute("href"))
            take(page, folder / f"{name}.png")


def become(page, app, account):
    key = app.manage("shell", "--no-imports", "-c", OPEN_SESSION.format(name=account)).strip()
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": app.url}])


def take(page, path: Path):
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, animations="disabled")
