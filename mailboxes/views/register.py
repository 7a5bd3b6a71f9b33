"""The register: the list of BAL, its export, and one verb for the rows that are ticked."""

from collections import Counter

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from directory.typography import quoted
from mailboxes import actions
from mailboxes.forms import BulkForm
from mailboxes.forms.bal_filter import BalFilter
from mailboxes.forms.bulk import BULK_VERBS
from mailboxes.lifecycle import Act, Verb
from mailboxes.models import Bal
from mailboxes.rules import allows, check_somewhere
from mailboxes.views.export import register_book, register_lines
from mailboxes.views.files import csv_file, xlsx_file
from mailboxes.views.paging import KeyPaginator

PER_PAGE = 25
SHOWN_REASONS = 5
SORTED = {
    "address": "Adresse",
    "state": "État",
    "last_used": "Dernière utilisation",
    "percent_full": "Remplissage",
}


def filtered(request, filterset: type[BalFilter]) -> BalFilter:
    return filterset(request.GET, queryset=Bal.objects.visible_to(request.user), request=request)


def bal_list(request, filterset: type[BalFilter] = BalFilter):
    """`filterset`: the register's own, or one that a room above has added to."""
    found = filtered(request, filterset)
    paginator = KeyPaginator(found.qs, PER_PAGE, rows=Bal.objects.with_cotitulaires().with_publication())
    asked = {name: value for name, value in found.form.cleaned_data.items() if value not in (None, "")}
    return render(
        request,
        "mailboxes/bal_list.html",
        {
            "filter": found,
            "page": paginator.get_page(request.GET.get("page")),
            "is_filtered": bool(asked.keys() - {"sort"}),
            "has_more_filters": bool(asked.keys() - {"q", "kind", "state", "finding", "sort"}),
            "columns": columns(asked.get("sort") or "address"),
            "verbs": BULK_VERBS,
            "can_register": allows(check_somewhere, Act.REGISTER, by=request.user),
        },
    )


def columns(sort: str):
    """The headers that sort: label, what `sort` a click asks for, and how the column is sorted now (for ARIA)."""
    headers = [
        ("address", "Adresse"),
        ("state", "État"),
        ("last_used", "Dernière utilisation"),
        ("percent_full", "Remplie à"),
    ]
    orders = {name: "ascending" if sort == name else "descending" if sort == f"-{name}" else "" for name, _ in headers}
    return {
        name: {"label": label, "sort": f"-{name}" if sort == name else name, "order": orders[name]}
        for name, label in headers
    }


def bal_export(request, filterset: type[BalFilter] = BalFilter, form: str = "csv"):
    """The filtered list as a file that Excel opens; who took it is written down."""
    bals = filtered(request, filterset).qs
    actions.trace(request.user, "export", f"registre, {request.GET.urlencode()}")
    if form == "xlsx":
        return xlsx_file("registre-bal", register_book(bals))
    return csv_file("registre-bal", register_lines(bals))


@require_POST
def bal_bulk(request):
    """First the BAL that were ticked are shown for confirmation; once confirmed, each goes its way or says why not."""
    form = BulkForm(request.POST, user=request.user)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect("bal-list")
    if "confirmed" in request.POST:
        tell_tally(request, Verb(form.cleaned_data["verb"]), form.perform(by=request.user))
        return redirect("bal-list")
    return render(
        request,
        "mailboxes/bal_bulk.html",
        {"form": form, "verb": Verb(form.cleaned_data["verb"]), "bals": form.cleaned_data["bals"].order_by("address")},
    )


def tell_tally(request, verb: Verb | Act, tally: actions.Tally, noun: str = "BAL") -> None:
    def counted(count):
        return f"{count} {noun}{'s' if count > 1 and noun.islower() else ''}"

    if tally.done:
        messages.success(request, f"{quoted(verb.label)} : fait pour {counted(tally.done)}.")
    for reason, count in Counter(tally.refused.values()).most_common(SHOWN_REASONS):
        addresses = [address for address, why in tally.refused.items() if why == reason]
        named = ", ".join(addresses[:3]) + (" …" if count > 3 else "")
        messages.warning(request, f"Refusé pour {counted(count)} ({named}) : {reason}")
