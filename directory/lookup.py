"""The pages that look something up in the annuaire: the search, and the check of one address."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from directory.check import CheckAnswer
from directory.check import check as check_address
from directory.figures import latest
from directory.folding import fold
from directory.forms import CheckForm, SearchForm
from directory.models import Entry, Figure, SyncRun
from directory.search import SHOWN, Asked, Found, How
from directory.search import search as search_annuaire

PER_PAGE = 25
FORMS = {
    "rpps": "Lu comme un numéro RPPS.",
    "structure": "Lu comme un numéro FINESS, SIREN, SIRET ou ADELI.",
    "domain": "Lu comme un domaine.",
    "place": "Lu comme un code postal.",
    "address": "Lu comme une adresse.",
}


def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET or None, professions=_professions())
    context = {"form": form, "run": SyncRun.objects.latest_public(), "shown": SHOWN}
    if form.is_valid():
        data = form.cleaned_data
        asked = Asked(data["q"], data["kind"], data["profession"], data["place"], data["domain"])
        if asked:
            context |= _results(search_annuaire(asked), request.GET.get("page"))
    return render(request, "directory/search.html", context)


def _professions() -> list[tuple[str, str]]:
    rows = latest(Figure.Dimension.PROFESSION).order_by("-count").values_list("key", "label")
    return [(key, label) for key, label in rows if key]


def _results(found: Found, number: str | None) -> dict:
    page = Paginator(found.ids, PER_PAGE).get_page(number)
    start = page.start_index() - 1 if found.ids else 0
    return {
        "found": found,
        "read_as": FORMS.get(found.form, ""),
        "page": page,
        "groups": _groups(found.entries(start, start + PER_PAGE), found),
    }


def _groups(entries: list[Entry], found: Found) -> list[dict]:
    """Boxes of one name together; `people` is how many bear it, when the identifiers tell more than one."""
    groups = []
    for (how, _), several in groupby(entries, lambda entry: (found.how.get(entry.pk, How.EXACT), _name_key(entry))):
        boxes = list(several)
        people = {box.person_id for box in boxes if box.person_id}
        groups.append({"name": boxes[0], "boxes": boxes, "people": len(people), "how": how.value})
    return groups


def _name_key(entry: Entry) -> str:
    return fold(f"{entry.family_name} {entry.given_name}") or f"{fold(entry.structure_name)} {entry.structure_id}"


@never_cache
@sensitive_post_parameters()
def check(request: HttpRequest) -> HttpResponse:
    """The check of one address, by POST: what is typed is in no address, history or access log, and nothing of it is
    kept."""
    form = CheckForm(request.POST or None)
    answer = check_address(form.cleaned_data["address"]) if form.is_valid() else None
    status = 422 if form.is_bound and answer is None else 200
    # A new form: the answer says what was checked, masked where it must be.
    form = CheckForm() if answer else form
    context = {"form": form, "answer": answer, "alias": _alias(answer, request.user)}
    return render(request, "directory/check.html", context, status=status)


def _alias(answer: CheckAnswer | None, user) -> Any:
    """The second address of a mailbox that this account follows, if that is what it is."""
    told = import_string(settings.DIRECTORY_ALIASES) if answer and settings.DIRECTORY_ALIASES else None
    return told(answer.address, user) if answer and told else None
