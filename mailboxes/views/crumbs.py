"""Where a page stands, from one table: the menu, and what hangs elsewhere than its address says.

A page's own template adds the row that it is about, where it is about a part of one.
"""

from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from mailboxes.lists.listing import LISTINGS, last_asked
from mailboxes.views.menu import place_in_menu


class Crumb(NamedTuple):
    label: str
    url: str = ""  # "": a group of the menu


def crumbs_of(request: HttpRequest, *, follows: bool, below: str = "") -> list[Crumb]:
    """Crumbs from the group of the menu down to the list that the page belongs to, as it was last read.

    `follows`: does the account follow a structure? Without one, it is led to no page of theirs.
    `below`: the list that it belongs to, where what it shows alone tells.
    """
    match = request.resolver_match
    if match is None:
        return []
    found = place_in_menu(request.path, below or match.view_name)
    if found is None:
        return []
    group, page = found
    if page.of_structures and not follows:
        return []
    above = [Crumb(group.label)] if group and group.label != page.label else []
    if page.view == match.view_name:
        return above
    listing = next((one for one in LISTINGS.values() if one.view == page.view), None)
    url = last_asked(request, listing) if listing else reverse(page.view)
    number = next((value for value in match.kwargs.values() if isinstance(value, int)), None)
    is_row = listing and number and not below
    return [*above, Crumb(page.label, f"{url}#r{number}" if is_row else url)]
