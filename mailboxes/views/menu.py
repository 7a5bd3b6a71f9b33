"""The main menu as a table: pages, and groups of pages under one word."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString

from directory.prepared import prepared
from mailboxes.lists.listing import LISTINGS
from mailboxes.lists.models import SavedView


@cache
def _address_of(view: str, prefix: str) -> str:
    """The menu asks each of its addresses three times a page: a hundred in all."""
    return reverse(view)


class MenuPage(NamedTuple):
    label: str
    view: str
    icon: str
    of_structures: bool = True  # shown to those who follow a structure's BAL

    @property
    def url(self) -> str:
        return _address_of(self.view, get_script_prefix())


class MenuGroup(NamedTuple):
    label: str
    icon: str
    pages: tuple[MenuPage, ...]
    of_structures: bool = True


MENU: tuple[MenuPage | MenuGroup, ...] = (
    MenuPage("À traiter", "dashboard", "inbox"),
    MenuGroup(
        "BAL",
        "mailbox",
        (
            MenuPage("Toutes les BAL", "bal-list", "mailbox"),
            MenuPage("BAL privilégiées", "preference-list", "star"),
            MenuPage("Coûts et économies", "costs", "currency-euro"),
        ),
    ),
    MenuGroup(
        "Personnes",
        "users",
        (
            MenuPage("Toutes les personnes", "person-list", "users"),
            MenuPage("Arrivées et départs", "movement-list", "clipboard-list"),
            MenuPage("Départs à confirmer", "sighting-list", "clipboard-list"),
        ),
    ),
    MenuGroup(
        "Opérateurs",
        "send",
        (
            MenuPage("Demandes", "request-list", "send"),
            MenuPage("Imports", "import-list", "file-import"),
            MenuPage("Migrations", "migration-list", "arrows-exchange"),
            MenuPage("Opérateurs et tarifs", "operators", "server"),
        ),
    ),
    MenuGroup(
        "Annuaire",
        "address-book",
        (
            MenuPage("Chercher dans l’annuaire", "directory:search", "address-book", of_structures=False),
            MenuPage("Vérifier une adresse", "directory:check", "shield-check", of_structures=False),
            MenuPage("Écarts", "gap-list", "arrows-exchange"),
            MenuPage("Synchronisations", "directory:runs", "refresh"),
        ),
        of_structures=False,
    ),
    MenuGroup(
        "Campagnes",
        "flag",
        (
            MenuPage("Campagnes", "campaign-list", "flag"),
            MenuPage("Avis non remis", "notice-list", "mail-off"),
        ),
    ),
    MenuGroup(
        "Pilotage",
        "chart-line",
        (
            MenuPage("Activité", "activity", "history"),
            MenuPage("Indicateurs", "indicators", "chart-line"),
            MenuPage("Comparer les structures", "structure-compare", "building-hospital"),
            MenuPage("Engagements", "engagement-list", "flag"),
            MenuPage("État des accès", "access-list", "user-check"),
            MenuPage("Protocole d’utilisation", "protocols", "file-text"),
        ),
    ),
    MenuGroup(
        "Réglages",
        "settings",
        (
            MenuPage("Structures", "structure-list", "building-hospital"),
            MenuPage("Comptes et droits", "rights", "lock"),
            MenuPage("Seuils et délais", "threshold-list", "settings"),
            MenuPage("Logiciels et clés", "software-list", "key"),
            MenuPage("Modèles de demandes", "layout-list", "file-text"),
            MenuPage("Textes des avis", "notice-texts", "pencil"),
        ),
    ),
    MenuPage("Mes BAL", "my-bals", "mail", of_structures=False),
)


# The pages whose address does not begin with that of the page above them.
ABOVE = {
    "anomaly-resolve": "bal-list",
    "batch": "bal-list",
    "batch-list": "bal-list",
    "contact-answer": "person-list",
    "delegation-ask": "bal-list",
    "delegation-end": "bal-list",
    "delegation-extend": "bal-list",
    "delegation-take-over": "bal-list",
    "digest": "dashboard",
    "finding": "dashboard",
    "handover-ask": "person-list",
    "movement-open": "person-list",
    "departure-record": "person-list",
    "departure-cancel": "person-list",
    "place-move-undo": "structure-list",
    "savings": "costs",
    "savings-ask": "costs",
    "view-list": "bal-list",
}


class Pinned(NamedTuple):
    """A saved view, in the group of its list's page."""

    label: str
    view: str
    query: str
    icon: str = "tag"
    of_structures: bool = True

    @property
    def url(self) -> str:
        return f"{reverse(self.view)}?{self.query}"


@prepared
def _pinned_by(user):
    return SavedView.objects.visible_to(user).filter(pinned_by=user.pk)


def pinned_of(user) -> list[Pinned]:
    views = [view for view in _pinned_by(user=user) if view.listing in LISTINGS]
    return [Pinned(view.title, LISTINGS[view.listing].view, view.query) for view in views]


def menu_for(path: str, view: str, sees_structures: bool, pinned: Sequence[Pinned] = ()) -> SafeString:
    """The menu for who stands at `path`."""
    _, here = place_in_menu(path, view) or (None, None)
    return _menu_at(here, sees_structures, tuple(pinned), get_script_prefix())


@lru_cache(maxsize=200)  # a third of the work of a plain page, and the same for most who stand there
def _menu_at(here: MenuPage | None, sees_structures: bool, pinned: tuple[Pinned, ...], prefix: str) -> SafeString:
    shown = [entry for entry in MENU if sees_structures or not entry.of_structures]
    return render_to_string("_nav.html", {"entries": [_drawn(entry, here, sees_structures, pinned) for entry in shown]})


def place_in_menu(path: str, view: str) -> tuple[MenuGroup | None, MenuPage] | None:
    """The page of the menu that this one is below, and its group; None: it is below none. A page's address is the
    beginning of those it leads to, and of two that fit the longer one is meant."""
    every: list[tuple[MenuGroup | None, MenuPage]] = []
    for entry in MENU:
        if isinstance(entry, MenuGroup):
            every += [(entry, page) for page in entry.pages]
        else:
            every.append((None, entry))
    named = [found for found in every if found[1].view == ABOVE.get(view, view)]
    fitting = named or [found for found in every if leads_to(found[1], path)]
    return max(fitting, key=lambda found: len(found[1].url), default=None)


def _pages_of(entry: MenuPage | MenuGroup, sees_structures: bool) -> list[MenuPage]:
    pages = (entry,) if isinstance(entry, MenuPage) else entry.pages
    return [page for page in pages if sees_structures or not page.of_structures]


def leads_to(page: MenuPage, path: str) -> bool:
    return path == page.url or (page.view != "dashboard" and path.startswith(page.url))


def _drawn(entry: MenuPage | MenuGroup, here: MenuPage | None, sees_structures: bool, pinned: Sequence[Pinned]) -> dict:
    if isinstance(entry, MenuPage):
        return {"page": entry, "is_current": entry == here}
    pages: list[dict] = [{"page": page, "is_current": page == here} for page in _pages_of(entry, sees_structures)]
    is_current = any(page["is_current"] for page in pages)
    views = {page["page"].view for page in pages}
    pages += [{"page": view, "is_current": False} for view in pinned if view.view in views]
    return {"group": entry, "pages": pages, "is_current": is_current}
