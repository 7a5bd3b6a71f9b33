"""What needs doing today."""

from django.db.models import Count
from django.shortcuts import redirect, render

from directory.models import SyncRun
from mailboxes.findings import Counted, count_findings
from mailboxes.lifecycle import LIVE, Act, Severity, State
from mailboxes.models import Bal, JournalEntry
from mailboxes.rules import allows, check_somewhere
from mailboxes.views.findings import address_of
from mailboxes.views.frame import sees_structures
from mailboxes.views.start import is_first_day

RECENT = 10


def dashboard(request):
    """What needs doing today. A professional who follows no structure has nothing to see here: their boxes await
    them."""
    if not sees_structures(request.user):
        return redirect("my-bals")
    if is_first_day(request.user):
        return redirect("start")
    bals = Bal.objects.visible_to(request.user)
    counts = count_by_kind_and_state(bals)
    return render(
        request,
        "mailboxes/dashboard.html",
        {
            "groups": by_severity(count_findings(request.user)),
            "run": SyncRun.objects.latest_public(),
            "counts": counts,
            "chart": chart_of(counts),
            "total": sum(total for *_, total in counts),
            "live": sum(total for state, _, total in counts if state in LIVE),
            "can_register": allows(check_somewhere, Act.REGISTER, by=request.user),
            # By primary key, which rises with time: by date, the whole journal would be sorted.
            "recent": JournalEntry.objects.filter(bal__in=bals).select_related("bal", "by").order_by("-pk")[:RECENT],
        },
    )


def by_severity(counted: list[Counted]) -> list[tuple[Severity, list[tuple[Counted, str]]]]:
    """The findings, the most pressing first; each with the page where it is mended."""
    groups = [
        (severity, [(row, address_of(row.finding)) for row in counted if row.finding.severity == severity])
        for severity in Severity
    ]
    return [(severity, rows) for severity, rows in groups if rows]


def count_by_kind_and_state(bals):
    """The states that occur, each with its count for each type, and its total."""
    found = {(row["kind"], row["state"]): row["n"] for row in bals.values("kind", "state").annotate(n=Count("pk"))}
    lines = []
    for state in State:
        cells = [(kind, found.get((kind, state), 0)) for kind in Bal.Kind]
        if total := sum(count for _, count in cells):
            lines.append((state, cells, total))
    return lines


def chart_of(counts):
    return {
        "type": "bar",
        "stacked": True,
        "labels": [state.label for state, *_ in counts],
        "series": [
            {"label": kind.value, "values": [dict(cells)[kind] for _, cells, _ in counts]}
            for kind in Bal.Kind
            if any(dict(cells)[kind] for _, cells, _ in counts)
        ],
    }
