"""The preferred BAL: chosen by its holder in Mes BAL; for a gestionnaire, what is chosen, asked, seen and lacking."""

from django.contrib import messages
from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from directory.csv_files import csv_lines
from directory.models import SyncRun
from mailboxes import actions
from mailboxes.forms import PlaceFilterForm
from mailboxes.gaps.preferred import BY_NAME, COLUMNS, SORTS, PracticePlaces
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.models import SIZES
from mailboxes.lists.place import places_within
from mailboxes.models import Bal, Person, Preference
from mailboxes.rules import Refused, allows, check_ranks_known, check_somewhere, may_at
from mailboxes.views.files import csv_file
from mailboxes.views.refusals import refusals_told

MOST = max(SIZES)  # a page


class PreferenceList(Listing):
    name, view, nouns = "preferences", "preference-list", ("lieu d’exercice", "lieux d’exercice")
    row, empty = "mailboxes/gaps/_place.html", "mailboxes/gaps/_no_place.html"
    picks, bulk_view, bulk_template = "wishes", "preference-request", "mailboxes/gaps/_ask.html"
    inline, place_path = ("q", "sort"), ""
    columns = (
        Column("person", "Professionnel"),
        Column("where", "Lieu d’exercice"),
        Column("wish", "Choisie"),
        Column("asked", "Demandée"),
        Column("observed", "À l’annuaire"),
    )


def preference_list(request):
    form = PlaceFilterForm(request.GET)
    places = form.asked(PracticePlaces(places_within(request)))
    counts = places.counts()
    can_ask = allows(check_somewhere, Act.ASK_OPERATOR, by=request.user)
    count = None if places.text else counts[places.sort or "total"]
    asks = [("ask", Act.ASK_OPERATOR.label)] if can_ask else ()
    listing = PreferenceList(request, places, form=form, acts=asks, count=count)
    for place in listing.page:
        place.is_askable = _askable(place, request.user)
    return render(
        request,
        "mailboxes/gaps/preference_list.html",
        {
            "listing": listing,
            "page": listing.page,
            "sort": BY_NAME.get(places.sort),
            "sorts": [(sort, count) for sort in SORTS if (count := counts[sort.name])],
            "counts": counts,
            "percent": {name: _percent(counts[name], counts["total"]) for name in ("wished", "demandees", "observees")},
            "ranks": SyncRun.objects.latest_ranking(),
            "ranks_known": allows(check_ranks_known),
        },
    )


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _askable(place, user) -> bool:
    """Would the operator be asked, if this were ticked? A check that costs a query per row is left to the action."""
    if place.wish is None or place.bal is None or "observees" in {sort.name for sort in place.sorts}:
        return False
    return not place.wish.is_requested and may_at(Act.ASK_OPERATOR, place.bal.structure_id, by=user)


def preference_export(request):
    places = PlaceFilterForm(request.GET).asked(PracticePlaces(places_within(request)))
    actions.trace(request.user, "export", f"BAL privilégiées, {request.GET.urlencode()}")
    return csv_file("bal-privilegiees", csv_lines(COLUMNS, places))


@require_POST
def preference_request(request):
    """Ask the operators for the wishes that are ticked; each is asked, or says why not."""
    pks = request.POST.getlist("wishes")
    if len(pks) > MOST:
        return HttpResponseBadRequest("Trop de choix à la fois.")
    seen = Bal.objects.visible_to(request.user).values("address")
    known = [pk for pk in pks if pk.isdecimal() and len(pk) < 19]  # what a primary key can be
    wishes = Preference.objects.filter(pk__in=known, address__in=seen)
    asked, sentences = set(), []
    for wish in wishes.select_related("person"):
        if (wish.person_id, wish.address) in asked:
            continue  # one request speaks of all the places
        try:
            actions.request_preference(wish, by=request.user)
            asked.add((wish.person_id, wish.address))
        except Refused as refused:
            sentences.append(f"{wish} : {refused.messages[0]}")
    if asked:
        messages.success(request, f"Demandé à l’opérateur pour {len(asked)} BAL.")
    for sentence in sentences:
        messages.warning(request, sentence)
    if not asked and not sentences:
        messages.error(request, "Cochez au moins un choix à demander.")
    return redirect(_back(request))


def _back(request) -> str:
    back = request.POST.get("back", "")
    is_path = back.startswith("/") and url_has_allowed_host_and_scheme(back, None)  # else it would be a view's name
    return back if is_path else "preference-list"


@require_POST
def preference_choose(request):
    """One's own choice, in Mes BAL; an empty address takes it back."""
    person = get_object_or_404(Person, user=request.user)
    facts = [request.POST.get(name, "") for name in ("situation", "address", "purpose")]
    with refusals_told(request):
        wish = actions.prefer(person, facts[0], facts[1], purpose=facts[2], by=request.user)
        messages.success(request, f"C’est noté : vous privilégiez {wish.address}." if wish else "Choix retiré.")
    return redirect("my-bals")
