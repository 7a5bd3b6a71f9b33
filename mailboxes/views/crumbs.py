"""Where a page stands, from one table: the menu, and what hangs elsewhere than its address says.

A page's own template adds the row that it is about, where it is about a part of one.
"""

from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from mailboxes.lists.listing import LISTINGS, last_asked
from mailboxes.views.menu import MENU, MenuGroup, MenuPage, leads_to

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


class Crumb(NamedTuple):
    label: str
    url: str = ""  # "": a group of the menu


def crumbs_of(request: HttpRequest, *, follows: bool) -> list[Crumb]:
    """From the group of the menu down to the list that the page belongs to, as it was last read.

    `follows`: does the account follow a structure? Without one, it is led to no page of theirs.
    """
    match = request.resolver_match
    if match is None:
        return []
    found = place_in_menu(request.path, match.view_name)
    if found is None:
        return []
    group, page = found
    if page.of_structures and not follows:
        return []
    above = [Crumb(group.label)] if group else []
    if page.view == match.view_name:
        return above
    listing = next((one for one in LISTINGS.values() if one.view == page.view), None)
    url = last_asked(request, listing) if listing else reverse(page.view)
    number = next((value for value in match.kwargs.values() if isinstance(value, int)), None)
    return [*above, Crumb(page.label, f"{url}#r{number}" if listing and number else url)]


def place_in_menu(path: str, view: str) -> tuple[MenuGroup | None, MenuPage] | None:
    """The page of the menu that this one is below, and its group; None: it is below none."""
    every: list[tuple[MenuGroup | None, MenuPage]] = []
    for entry in MENU:
        if isinstance(entry, MenuGroup):
            every += [(entry, page) for page in entry.pages]
        else:
            every.append((None, entry))
    if view in ABOVE:
        return next(found for found in every if found[1].view == ABOVE[view])
    fitting = [found for found in every if leads_to(found[1], path)]
    return max(fitting, key=lambda found: len(found[1].url), default=None)
