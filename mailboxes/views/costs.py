"""What the BAL of the structures one sees cost, what is paid for nothing, and the operators with their prices."""

from django.db.models import Count, Prefetch, Q
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst

from directory.sheets import as_xlsx
from mailboxes import actions
from mailboxes.indicators.costs import DIMENSIONS, Bill, Costs
from mailboxes.lists.place import places_within
from mailboxes.models import Bal, Domain, Operator, Price, Structure, Use
from mailboxes.models.roles import platform_roles
from mailboxes.views.files import csv_table, xlsx_file
from mailboxes.views.frame import sees_structures

BARS = 12
LINES = 100  # of the table; the files hold them all
PARTS = [("used", Use.USED), ("idle", Use.NONE), ("unknown", Use.UNKNOWN), ("silent", Use.SILENT)]
TONES = {"used": 1, "idle": 5, "unknown": 3, "silent": 6}  # of the chart: what is wasted is never green


def costs(request):
    """What the BAL cost. A professional who follows no structure pays nothing: there is no such page for them."""
    found, chosen = _costs_of(request), request.GET.get("par")
    chosen = chosen if chosen in DIMENSIONS else "type"
    lines = found.by(chosen)
    return render(
        request,
        "mailboxes/indicators/costs.html",
        {
            "tabs": [(name, title, name == chosen) for name, (title, _) in DIMENSIONS.items()],
            "chosen": chosen,
            "title": DIMENSIONS[chosen][0],
            "lines": lines[:LINES],
            "is_cut": len(lines) > LINES,
            "total": found.total,
            "chart": chart_of(lines[:BARS]),
            "compared": found.compared(),
            "counted_at": found.counted_at,
        },
    )


def _costs_of(request, *, exact: bool = False) -> Costs:
    if not sees_structures(request.user):
        raise Http404
    return Costs(places_within(request), timezone.now(), exact=exact)


def chart_of(lines) -> dict | None:
    if not any(line.bill.total.amount for line in lines):
        return None
    return {
        "type": "bar",
        "stacked": True,
        "unit": "€",
        "labels": [line.label for line in lines],
        "series": [
            {
                "label": use.label,
                "values": [float(getattr(line.bill, part).amount) for line in lines],
                "tone": TONES[part],
            }
            for part, use in PARTS
        ],
    }


def cost_export(request, view, form):
    """One breakdown as a file; who took it is written down."""
    if view not in DIMENSIONS:
        raise Http404
    found = _costs_of(request, exact=True)
    actions.trace(request.user, "export", f"coûts par {view}, {form}")
    lines = [(line.label, line.bill) for line in found.by(view)] + [("Total", found.total)]
    title = DIMENSIONS[view][0]
    header = [capfirst(title), "BAL payées", "Coût annuel (€)", "dont de coût inconnu (BAL)"]
    header += [f"{label} {unit}" for _, use in PARTS for label in [use.label] for unit in ("(BAL)", "(€ par an)")]
    rows = ([label, *_cells(bill)] for label, bill in lines)
    if form == "csv":
        return csv_table(f"couts-{view}", header, rows)
    return xlsx_file(f"couts-{view}", as_xlsx(f"Coûts par {title}", header, rows))


def _cells(bill: Bill) -> list:
    parts = [getattr(bill, part) for part, _ in PARTS]
    uses = [cell for cost in parts for cell in (cost.count, cost.amount)]
    return [bill.total.count, bill.total.amount, bill.total.unpriced, *uses]


def operators(request):
    """What each operator can do, when it alerts and what it asks; an administrator changes it, for all structures at
    once."""
    if not sees_structures(request.user):
        raise Http404
    seen = Bal.objects.paid().filter(structure__in=places_within(request).values("pk"))
    counts = dict(seen.order_by().values_list("operator").annotate(n=Count("pk")))
    domains = Domain.objects.filter(Q(structure=None) | Q(structure__in=Structure.objects.visible_to(request.user)))
    rows = Operator.objects.prefetch_related("prices", Prefetch("domains", domains, to_attr="shown_domains"))
    return render(
        request,
        "mailboxes/indicators/operators.html",
        {
            "operators": [(row, prices_of(row), counts.get(row.pk, 0)) for row in rows],
            "is_administrator": bool(platform_roles(request.user)),
        },
    )


def prices_of(operator: Operator) -> list[tuple[str, object]]:
    """The operator's own price for each sort, in the order of the table; None where the general one holds."""
    own = {price.offer: price.yearly_cost for price in operator.prices.all()}
    return [(offer.label, own.get(offer.value)) for offer in Price.Offer]
