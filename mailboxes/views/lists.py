"""How one reads lists: columns and size, saved views, the structure one acts for."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from directory.folding import as_read, fold
from directory.typography import quoted
from mailboxes.forms.structure_field import FEW, StructureField
from mailboxes.lifecycle import Act
from mailboxes.lists import actions
from mailboxes.lists.listing import LISTINGS
from mailboxes.lists.models import SavedView
from mailboxes.lists.place import choices_of, choose_place
from mailboxes.models import Structure
from mailboxes.rules import Refused, allows, check_somewhere
from mailboxes.views.back import back_of
from mailboxes.views.refusals import refusals_told

SUGGESTED = 20


def _known(listing: str) -> str:
    if listing not in LISTINGS:
        raise Http404
    return listing


@require_POST
def list_taste(request: HttpRequest, listing: str) -> HttpResponse:
    _known(listing)
    is_reset, size = "reset" in request.POST, request.POST.get("size", "")
    columns = None if is_reset else [name[:40] for name in request.POST.getlist("columns")[:40]]
    actions.keep_taste(
        listing, columns, int(size) if size.isascii() and size.isdecimal() and not is_reset else 0, by=request.user
    )
    return redirect(back_of(request))


# --- Saved views ------------------------------------------------------------------------------------------------------
@require_POST
def view_save(request: HttpRequest, listing: str) -> HttpResponse:
    _known(listing)
    facts = {"title": request.POST.get("title", ""), "query": request.POST.get("query", "")}
    with refusals_told(request):
        view = actions.save_view(listing, **facts, pinned="pin" in request.POST, by=request.user)
        messages.success(request, f"La vue {quoted(view.title)} est enregistrée.")
    return redirect(back_of(request))


def view_list(request: HttpRequest) -> HttpResponse:
    rows = SavedView.objects.visible_to(request.user).select_related("structure", "owner").prefetch_related("pinned_by")
    structures = list(as_read(Structure.objects.managed_by(request.user).order_by("name"))[: FEW + 1])
    facts = {
        "views": [(row, reverse(LISTINGS[row.listing].view), request.user in row.pinned_by.all()) for row in rows],
        "structures": structures if len(structures) <= FEW else None,  # of more, one is typed
        "can_share": allows(check_somewhere, Act.SHARE_VIEW, by=request.user),
    }
    return render(request, "mailboxes/lists/views.html", facts)


@require_POST
def view_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin it, share it, keep it to oneself again, delete it."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    what = request.POST.get("what", "")
    with refusals_told(request):
        messages.success(request, _change(request, view, what))
    return redirect("view-list")


def _change(request: HttpRequest, view: SavedView, what: str) -> str:
    if what in ("pin", "unpin"):
        actions.pin_view(view, what == "pin", by=request.user)
        return "Elle est au menu." if what == "pin" else "Elle n’est plus au menu."
    if what == "share":
        structure = _structure_said(request)
        actions.share_view(view, structure, by=request.user)
        return f"La vue est partagée avec {structure} : ceux qui la suivent la trouvent parmi leurs vues."
    if what == "keep":
        actions.keep_to_oneself(view, by=request.user)
        return "La vue n’est plus partagée."
    if what == "delete":
        actions.delete_view(view, by=request.user)
        return "La vue est supprimée."
    raise Refused("Choisissez ce qu’il faut faire de cette vue.", "what")


def _structure_said(request: HttpRequest) -> Structure:
    field = StructureField(Structure.objects.visible_to(request.user))
    field.error_messages["required"] = "Choisissez la structure avec qui la partager."
    try:
        return field.clean(request.POST.get("structure", ""))
    except ValidationError as error:
        raise Refused(error.messages[0], "structure") from error


# --- The structure one acts for ---------------------------------------------------------------------------------------
@require_POST
def place_choose(request: HttpRequest) -> HttpResponse:
    """The structure chosen by its number, or by words that name one alone; nothing said: all that one sees, again."""
    back, said = back_of(request), request.POST.get("place")
    named = request.POST.get("named", "").strip()[:100]
    if said == "" or (said is None and not named):
        choose_place(request, None)
        return redirect(back)
    if said is not None:
        number = said if said.isascii() and said.isdecimal() else "0"
        found = list(Structure.objects.visible_to(request.user).filter(pk=number))
    else:
        found = choices_of(request, named)
        found = [place for place in found if fold(place.name) == fold(named)] or found
    if len(found) == 1:
        choose_place(request, found[0])
        return redirect(back)
    what = "Plusieurs structures répondent" if found else "Aucune structure ne répond"
    messages.error(request, f"{what} à {quoted(named)} : dites-en plus, ou choisissez dans la liste.")
    return redirect(f"{reverse('structure-list')}?{urlencode({'q': named})}" if found else back)


def place_suggest(request: HttpRequest) -> HttpResponse:
    """The buttons of the structures whose name, town or number holds what is typed."""
    text = request.GET.get("named", "")[:100].replace("\x00", "")
    return render(request, "_acting_choices.html", {"structures": choices_of(request, text)})
