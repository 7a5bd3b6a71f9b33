"""The register: the list of BAL, its export, and what is done to the rows that are chosen."""

from django.db.models import Count, Q
from django.http import QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from directory.typography import grouped, how_many
from mailboxes import actions
from mailboxes.forms.bal_filter import BalFilter
from mailboxes.lifecycle import LIVE, Act
from mailboxes.lists.bulk import KINDS
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of
from mailboxes.models import Bal
from mailboxes.models.roles import roles_somewhere
from mailboxes.rules import allows, check_somewhere
from mailboxes.rules.roles import allowed
from mailboxes.views.batches import asked_of, begin, picked
from mailboxes.views.export import register_book, register_lines
from mailboxes.views.files import csv_file, xlsx_file

BULK = KINDS["bals"]


class RegisterList(Listing):
    name, view, nouns = "bals", "bal-list", BULK.nouns
    row, empty = "mailboxes/bal/_row.html", "mailboxes/bal/_none.html"
    picks, bulk_view, bulk_more = "bals", "bal-bulk", "mailboxes/bal/_kits.html"
    inline, sort_field = ("q", "kind", "state", "finding"), "sort"
    columns = (
        Column("address", "Adresse"),
        Column("structure", "Structure et service"),
        Column("state", "État"),
        Column("last_used", "Dernier usage"),
        Column("told", "Selon", is_usual=False),
        Column("read_at", "Relevée le", is_usual=False),
        Column("percent_full", "Remplissage"),
        Column("holder", "Titulaire"),
        Column("annuaire", "Annuaire"),
        Column("full_on", "Pleine vers le", is_usual=False),
        Column("operator", "Opérateur", is_usual=False),
        Column("description", "Description", is_usual=False),
        Column("others", "Autres cotitulaires", is_usual=False, is_number=True),
    )
    lives = 0

    def counted(self) -> int:
        counts = self.rows.order_by().aggregate(every=Count("pk"), live=Count("pk", filter=Q(state__in=LIVE)))
        self.lives = counts["live"]
        return counts["every"]

    @property
    def total(self) -> str:
        """« 253 BAL : 240 en vie, 13 closes »: what is deleted or given up is a BAL no more, and is listed still."""
        over = self.count - self.lives
        closed = how_many(over, "close")
        return f"{super().total} : {grouped(self.lives)} en vie, {closed}" if over else super().total


def filtered(request, filterset: type[BalFilter], asked: QueryDict | None = None) -> BalFilter:
    rows = Bal.objects.visible_to(request.user)
    return filterset(request.GET if asked is None else asked, queryset=rows, request=request)


def bal_list(request, filterset: type[BalFilter] = BalFilter):
    """`filterset`: the register's own, or one that a room above has added to."""
    found = filtered(request, filterset)
    listing = RegisterList(
        request,
        found.qs,
        form=found.form,
        loaded=Bal.objects.with_cotitulaires().with_publication(),
        acts=acts_of(request.user),
    )
    facts = {
        "listing": listing,
        "page": listing.page,
        "can_register": allows(check_somewhere, Act.REGISTER, by=request.user),
    }
    return render(request, "mailboxes/bal_list.html", facts)


def acts_of(user) -> list[tuple[str, str]]:
    """What this account may do to some BAL at all: to who only uses one, nothing is offered."""
    roles = roles_somewhere(user)
    return [(act.value, BULK.label_of(act)) for act in BULK.acts if allowed(act) & roles]


def bal_export(request, filterset: type[BalFilter] = BalFilter, form: str = "csv"):
    """The filtered list as a file that Excel opens; who took it is written down."""
    bals = within(request, filtered(request, filterset).qs)
    actions.trace(request.user, "export", f"registre, {request.GET.urlencode()}")
    if form == "xlsx":
        return xlsx_file("registre-bal", register_book(bals))
    return csv_file("registre-bal", register_lines(bals))


@require_POST
def bal_bulk(request, filterset: type[BalFilter] = BalFilter):
    """The BAL that were ticked, or all those of the list, and what is to be done of them: foreseen first."""
    if request.POST.get("scope") == "all":
        rows = within(request, filtered(request, filterset, asked_of(request)).qs)
        return begin(request, BULK, rows.values_list("pk", flat=True))
    return begin(request, BULK, picked(request, "bals"))


def within(request, rows):
    return RegisterList.within(rows, place_of(request))
