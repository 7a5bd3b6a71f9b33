"""The main menu as a table: pages, and groups of pages under one word."""

from typing import NamedTuple

from django.urls import reverse


class MenuPage(NamedTuple):
    label: str
    view: str
    icon: str
    of_structures: bool = True  # shown to those who follow a structure's BAL

    @property
    def url(self) -> str:
        return reverse(self.view)


class MenuGroup(NamedTuple):
    label: str
    icon: str
    pages: tuple[MenuPage, ...]
    of_structures: bool = True


MENU: tuple[MenuPage | MenuGroup, ...] = (
    MenuPage("Tableau de bord", "dashboard", "layout-dashboard"),
    MenuPage("Registre des BAL", "bal-list", "mailbox"),
    MenuPage("Personnes", "person-list", "users"),
    MenuGroup(
        "Suivi",
        "clipboard-check",
        (
            MenuPage("Écarts", "gap-list", "arrows-exchange"),
            MenuPage("Demandes", "request-list", "send"),
            MenuPage("Campagnes", "campaign-list", "flag"),
            MenuPage("Arrivées et départs", "movement-list", "clipboard-list"),
            MenuPage("BAL privilégiées", "preference-list", "star"),
            MenuPage("Avis non remis", "notice-list", "mail-off"),
            MenuPage("Imports", "import-list", "file-import"),
        ),
    ),
    MenuGroup(
        "Pilotage",
        "chart-line",
        (
            MenuPage("Indicateurs", "indicators", "chart-line"),
            MenuPage("État des accès", "access-list", "user-check"),
            MenuPage("Coûts", "costs", "currency-euro"),
            MenuPage("Protocole d’utilisation", "protocols", "file-text"),
            MenuPage("Logiciels et clés", "software-list", "key"),
            MenuPage("Structures", "structure-list", "building-hospital"),
            MenuPage("Opérateurs", "operators", "server"),
            MenuPage("Comptes et droits", "rights", "lock"),
        ),
    ),
    MenuPage("Mes BAL", "my-bals", "mail", of_structures=False),
    MenuPage("Annuaire", "directory:search", "address-book", of_structures=False),
)


def menu_for(path: str, sees_structures: bool) -> list[dict]:
    """What `_nav.html` draws for who stands at `path`; a page's address is the beginning of those it leads to."""
    return [_drawn(entry, path) for entry in MENU if sees_structures or not entry.of_structures]


def _drawn(entry: MenuPage | MenuGroup, path: str) -> dict:
    if isinstance(entry, MenuPage):
        home = entry.url == reverse("dashboard")
        return {"page": entry, "is_current": path == entry.url or (not home and path.startswith(entry.url))}
    pages = [_drawn(page, path) for page in entry.pages]
    return {"group": entry, "pages": pages, "is_current": any(page["is_current"] for page in pages)}
