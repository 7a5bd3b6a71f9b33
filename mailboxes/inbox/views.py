"""The inbox and what surrounds it: the rows of one finding, what is decided of them, the Monday mail."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from directory.models import SyncRun
from directory.typography import quoted
from mailboxes.findings import BY_NAME
from mailboxes.inbox.actions import follow
from mailboxes.inbox.figures import figures_of
from mailboxes.inbox.forms import PAUSE, FollowForm
from mailboxes.inbox.models import Desk, desk_of
from mailboxes.inbox.rows import TABS, Inbox, bals_of, example_of, todos_of
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Structure
from mailboxes.rules import Refused, allows, check_somewhere
from mailboxes.views.findings import address_of
from mailboxes.views.frame import sees_structures
from mailboxes.views.paging import KeyPaginator
from mailboxes.views.start import is_first_day

PER_PAGE = 25


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
        **choice_of_place(request, place),
    }
    return render(request, "mailboxes/inbox/inbox.html", facts)


def place_of(request) -> Structure | None:
    """The structure that the page is narrowed to, of those that its reader sees."""
    number = request.GET.get("structure", "")
    return Structure.objects.visible_to(request.user).filter(pk=number).first() if number.isdecimal() else None


def choice_of_place(request, place: Structure | None) -> dict:
    """For the field that narrows: none where there is but one structure."""
    places = list(Structure.objects.visible_to(request.user).order_by("name")[:300])
    return {"places": places if len(places) > 1 else [], "place": place}


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
    page = KeyPaginator(bals, PER_PAGE, rows=rows).get_page(request.GET.get("page"))
    may_follow = allows(check_somewhere, Act.FOLLOW, by=request.user)
    facts = {
        "finding": finding,
        "page": page,
        "tab": tab,
        "rows": [example_of(finding, bal, request.user) for bal in page],
        "form": FollowForm(user=request.user) if may_follow else None,
        **choice_of_place(request, place),
    }
    return render(request, "mailboxes/inbox/todo_list.html", facts)


@require_POST
def todo_follow(request, name):
    """What is decided of the BAL that are ticked, or of all those of the finding."""
    if name not in BY_NAME or not BY_NAME[name].bals:
        raise Http404
    back = request.POST.get("next", "")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("finding", args=[name])
    finding = BY_NAME[name]
    form = FollowForm(request.POST, user=request.user)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect(back)
    bals = Bal.objects.visible_to(request.user)
    if "all" in request.POST:
        place = place_of(request)
        within = bals.filter(structure__in=Structure.objects.under(place).values("pk")) if place else bals
        bals = bals_of(finding, within, request.POST.get("onglet", ""), timezone.now())
    else:
        bals = bals.filter(pk__in=[pk for pk in request.POST.getlist("bals") if pk.isdecimal()][:1000])
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
