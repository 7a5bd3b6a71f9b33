"""The main menu as a table: pages, and groups of pages under one word."""

from typing import NamedTuple

from django.urls import reverse


class Page(NamedTuple):
    label: str
    view: str
    icon: str
    of_structures: bool = True  # shown to those who follow a structure's BAL

    @property
    def url(self) -> str:
        return reverse(self.view)


class Group(NamedTuple):
    label: str
    icon: str
    pages: tuple[Page, ...]
    of_structures: bool = True


MENU: tuple[Page | Group, ...] = (
    Page("Tableau de bord", "dashboard", "layout-dashboard"),
    Page("Registre des BAL", "bal-list", "mailbox"),
    Page("Personnes", "person-list", "users"),
    Group(
        "Suivi",
        "clipboard-check",
        (
            Page("Écarts", "gap-list", "arrows-exchange"),
            Page("Demandes", "request-list", "send"),
            Page("Campagnes", "campaign-list", "flag"),
            Page("Arrivées et départs", "movement-list", "clipboard-list"),
            Page("BAL privilégiées", "preference-list", "star"),
            Page("Avis non remis", "notice-list", "mail-off"),
            Page("Imports", "import-list", "file-import"),
        ),
    ),
    Group(
        "Pilotage",
        "chart-line",
        (
            Page("Indicateurs", "indicators", "chart-line"),
            Page("Coûts", "costs", "currency-euro"),
            Page("Protocole d’utilisation", "protocols", "file-text"),
            Page("Logiciels et clés", "software-list", "key"),
            Page("Comptes et droits", "rights", "lock"),
        ),
    ),
    Page("Mes BAL", "my-bals", "mail", of_structures=False),
    Page("Annuaire", "directory:search", "address-book", of_structures=False),
)


def menu_for(path: str, sees_structures: bool) -> list[dict]:
    """What `_nav.html` draws for who stands at `path`; a page's address is the beginning of those it leads to."""
    return [_drawn(entry, path) for entry in MENU if sees_structures or not entry.of_structures]


def _drawn(entry: Page | Group, path: str) -> dict:
    if isinstance(entry, Page):
        home = entry.url == reverse("dashboard")
        return {"page": entry, "is_current": path == entry.url or (not home and path.startswith(entry.url))}
    pages = [_drawn(page, path) for page in entry.pages]
    return {"group": entry, "pages": pages, "is_current": any(page["is_current"] for page in pages)}
