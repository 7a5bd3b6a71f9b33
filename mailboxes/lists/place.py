"""For which structure one acts: chosen in the header, kept in the session, and the same on every page."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from directory.folding import as_read
from directory.prepared import prepared
from mailboxes.models import Structure
from mailboxes.models.roles import seen_places

KEY = "place"  # in the session, and among what the request keeps
CHOICES = 12


def place_of(request: HttpRequest) -> Structure | None:
    """The structure that pages are narrowed to, with those below it; None: all that the account sees."""
    kept = vars(request)
    if KEY not in kept:
        number = request.session.get(KEY)
        seen = Structure.objects.visible_to(request.user) if number else Structure.objects.none()
        place = seen.filter(pk=number).first() if number else None
        kept[KEY] = place
    return kept[KEY]


def places_within(request: HttpRequest) -> QuerySet[Structure]:
    """The structures that one sees, of those acted for."""
    seen, place = seen_places(request.user), place_of(request)
    return seen.filter(pk__in=Structure.objects.under(place).values("pk")) if place else seen


def choices_of(request: HttpRequest, text: str = "") -> list[Structure]:
    """The structures that one may act for, by any words of their name, town or number."""
    return list(_named(request.user, text)) if text else _first_of(user=request.user)  # the latter by each page


@prepared
def _first_of(user):
    return _named(user, "")


def _named(user: Any, text: str) -> QuerySet[Structure]:
    return as_read(Structure.objects.visible_to(user).named(text).order_by("name"))[:CHOICES]


def choose_place(request: HttpRequest, place: Structure | None) -> None:
    if place:
        request.session[KEY] = place.pk
    else:
        request.session.pop(KEY, None)
    vars(request)[KEY] = place
