"""The inbox and what surrounds it: the rows of one finding, what is decided of them, the Monday mail."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from directory.models import SyncRun
from directory.typography import quoted
from mailboxes.findings import BY_NAME, Finding
from mailboxes.inbox.actions import follow
from mailboxes.inbox.figures import figures_of
from mailboxes.inbox.forms import PAUSE, FollowForm
from mailboxes.inbox.models import Desk, desk_of
from mailboxes.inbox.rows import TABS, Inbox, bals_of, bulk_act_of, example_of, todos_of
from mailboxes.lifecycle import Act
from mailboxes.lists.actions import begin as start
from mailboxes.lists.bulk import KINDS
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of as acted_for
from mailboxes.models import Bal, Structure
from mailboxes.rules import Refused, allows, check_somewhere
from mailboxes.views.back import back_of
from mailboxes.views.batches import picked
from mailboxes.views.findings import address_of
from mailboxes.views.frame import sees_structures
from mailboxes.views.start import is_first_day


def inbox(request):
    """What needs doing. A professional who follows no structure has nothing to see here: their boxes await them."""
    if not sees_structures(request.user):
        return redirect("my-bals")
    if is_first_day(request.user):
        return redirect("start")
    desk, place = desk_of(request.user), place_of(request)
    found = Inbox(request.user, desk, timezone.now(), place)
    tab = request.GET.get("onglet", "")
    tab = tab if tab in {one.name for one in TABS} else ""
    mine = bool(request.GET.get("moi"))
    facts = {
        "tabs": [(one, found.count(one.name), one.name == tab) for one in TABS],
        "tab": tab,
        "mine": mine,
        "rows": found.of(tab, mine=mine),
        "may_follow": allows(check_somewhere, Act.FOLLOW, by=request.user),
        "figures": figures_of(request.user, place),
        "run": SyncRun.objects.latest_public(),
        "can_register": allows(check_somewhere, Act.REGISTER, by=request.user),
        "desk": desk,
        "pause": timezone.localdate() + PAUSE,
        "place": place,
    }
    return render(request, "mailboxes/inbox/inbox.html", facts)


def place_of(request) -> Structure | None:
    """The structure that the page is narrowed to: the address may name one, else the one that is acted for."""
    number = request.GET.get("structure", "")
    if number.isascii() and number.isdecimal():
        return Structure.objects.visible_to(request.user).filter(pk=number).first()
    return acted_for(request)


BULK = KINDS["bals"]
DECISIONS = [("pause", "Pause"), ("entrust", "Confier"), ("done", "Fait")]


class FindingList(Listing):
    """The BAL of one finding, the worst first."""

    name, view, nouns = "finding", "finding", ("BAL", "BAL")
    row, empty = "mailboxes/inbox/_bal.html", "mailboxes/inbox/_settled.html"
    picks, bulk_view, bulk_template = "bals", "finding", "mailboxes/inbox/_decide.html"
    keeps_views = False
    columns = (
        Column("address", "Adresse", ("address",)),
        Column("structure", "Structure et service", ("structure__name", "address")),
        Column("why", "Pourquoi"),
        Column("since", "Depuis"),
        Column("holder", "Qui en répond"),
        Column("remedy", "Ce qu’on peut faire"),
    )
    finding: Finding
    tab = ""

    @property
    def total(self) -> str:
        return super().total + {"pause": " en pause", "fait": ", dites faites"}.get(self.tab, "")


def todo_list(request, name):
    """One finding: each BAL with why, since when, who has it, and the act that mends it."""
    if name not in BY_NAME:
        raise Http404
    finding = BY_NAME[name]
    if not finding.bals:
        return redirect(address_of(finding))
    now, place = timezone.now(), place_of(request)
    found = Inbox(request.user, desk_of(request.user), now, place)
    tab = request.GET.get("onglet", "")
    bals = bals_of(finding, found.bals, tab, now)
    rows = Bal.objects.with_holders().with_publication().prefetch_related(todos_of(finding.name))
    may_follow = allows(check_somewhere, Act.FOLLOW, by=request.user)
    listing = FindingList(request, bals, loaded=rows, acts=DECISIONS if may_follow else (), view_args=[name])
    listing.finding, listing.tab = finding, tab
    for bal in listing.page:
        bal.example = example_of(finding, bal, request.user)
    facts = {
        "finding": finding,
        "listing": listing,
        "page": listing.page,
        "tab": tab,
        "form": FollowForm(user=request.user) if may_follow else None,
        "bulk_remedy": bulk_act_of(finding),
        "place": place,
    }
    return render(request, "mailboxes/inbox/todo_list.html", facts)


def chosen_of(request, finding: Finding):
    """The BAL that were ticked, or all those of the finding."""
    bals = Bal.objects.visible_to(request.user)
    if "all" not in request.POST and request.POST.get("scope") != "all":
        return bals.filter(pk__in=picked(request, "bals"))
    place = place_of(request)
    within = bals.filter(structure__in=Structure.objects.under(place).values("pk")) if place else bals
    return bals_of(finding, within, request.POST.get("onglet", ""), timezone.now())


@require_POST
def todo_remedy(request, name):
    """The remedy of a finding for many of its BAL: foreseen first, like any act on a list."""
    if name not in BY_NAME or not (act := bulk_act_of(BY_NAME[name])):
        raise Http404
    back = back_of(request, reverse("finding", args=[name]))
    keys = chosen_of(request, BY_NAME[name]).values_list("pk", flat=True)
    try:
        return redirect(start(BULK, act, list(keys), back=back, by=request.user))
    except Refused as refused:
        messages.error(request, refused.messages[0])
        return redirect(back)


@require_POST
def todo_follow(request, name):
    """What is decided of the BAL that are ticked, or of all those of the finding."""
    if name not in BY_NAME or not BY_NAME[name].bals:
        raise Http404
    back = back_of(request, reverse("finding", args=[name]))
    finding = BY_NAME[name]
    form = FollowForm(request.POST, user=request.user)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect(back)
    bals = chosen_of(request, finding)
    try:
        count = follow(finding, bals, form.decision(), by=request.user)
    except Refused as refused:
        messages.error(request, refused.messages[0])
        return redirect(back)
    messages.success(request, f"{quoted(finding.title)}, {count} BAL : {form.decision().said}.")
    return redirect(back)


def digest(request):
    """Whether the Monday mail is wanted."""
    if not sees_structures(request.user):
        raise PermissionDenied
    desk = desk_of(request.user)
    if request.method == "POST":
        Desk.objects.filter(pk=desk.pk).update(wants_digest=request.POST.get("wants") == "yes")
        messages.success(request, "C’est noté.")
        return redirect("digest")
    return render(request, "mailboxes/inbox/digest.html", {"desk": desk})
