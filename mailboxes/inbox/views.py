"""The inbox and what surrounds it: the rows of one finding, what is decided of them, the Monday mail."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from directory.models import SyncRun
from directory.typography import grouped, quoted
from mailboxes.findings import BY_NAME, Finding
from mailboxes.inbox.actions import follow
from mailboxes.inbox.figures import figures_of
from mailboxes.inbox.forms import PAUSE, FollowForm
from mailboxes.inbox.lists import list_of
from mailboxes.inbox.models import Desk, desk_of
from mailboxes.inbox.rows import TABS, Inbox, bulk_act_of
from mailboxes.inbox.seen import Seen
from mailboxes.inbox.subjects import SUBJECTS, subject_of
from mailboxes.lifecycle import LIVE, Act
from mailboxes.lists.actions import begin as start
from mailboxes.lists.bulk import KINDS
from mailboxes.lists.place import place_of as acted_for
from mailboxes.models import Structure
from mailboxes.rules import allows, check_somewhere
from mailboxes.views.back import back_of
from mailboxes.views.findings import address_of
from mailboxes.views.frame import sees_structures
from mailboxes.views.refusals import refusals_told
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
    rows, may = found.of(tab, mine=mine), may_follow(request.user, place)
    facts = {
        "tabs": [(one, found.count(one.name), one.name == tab) for one in TABS],
        "tab": tab,
        "mine": mine,
        "rows": rows,
        "is_register_empty": may and not (rows or tab or mine) and not found.seen.bals.filter(state__in=LIVE).exists(),
        "may_follow": may,
        "figures": figures_of(request.user, place),
        "measured_on": min((row.day for row in found.rows if row.day), default=None),
        "run": SyncRun.objects.latest_public(),
        "can_register": allows(check_somewhere, Act.REGISTER, by=request.user),
        "desk": desk,
        "pause": timezone.localdate() + PAUSE,
        "place": place,
        "acted_for": acted_for(request),  # said in the header
    }
    return render(request, "mailboxes/inbox/inbox.html", facts)


def may_follow(user, place: Structure | None) -> bool:
    """Is there something to decide here? Who manages some structures may only read the one that is looked at."""
    theirs = Seen(user, place, is_theirs=True)
    return allows(check_somewhere, Act.FOLLOW, by=user) and (place is None or theirs.structures.exists())


def place_of(request) -> Structure | None:
    """The structure that the page is narrowed to: the address may name one, else the one that is acted for."""
    number = request.GET.get("structure", "")
    if number.isascii() and number.isdecimal():
        return Structure.objects.visible_to(request.user).filter(pk=number).first()
    return acted_for(request)


DECISIONS = [("pause", "Pause"), ("entrust", "Confier"), ("done", "Fait")]


def todo_list(request, name):
    """One finding: each thing with why, since when, who has it, and the act that mends it."""
    if name not in BY_NAME:
        raise Http404
    finding = BY_NAME[name]
    if subject_of(finding) is None:
        return redirect(address_of(finding))
    seen, now, tab = Seen(request.user, place_of(request)), timezone.now(), request.GET.get("onglet", "")
    desk_of(request.user)
    may = may_follow(request.user, seen.place)
    listing = list_of(request, finding, seen, tab, now, acts=DECISIONS if may else ())
    facts = {
        "finding": finding,
        "listing": listing,
        "page": listing.page,
        "tab": tab,
        "tabs": [("", "À traiter"), ("pause", "En pause"), ("fait", "Fait")],
        "form": FollowForm(user=request.user) if may else None,
        "bulk_remedy": bulk_act_of(finding),
        "elsewhere": elsewhere_of(finding, seen.place),
        "place": seen.place,
    }
    return render(request, "mailboxes/inbox/todo_list.html", facts)


def elsewhere_of(finding: Finding, place: Structure | None) -> str:
    """The list of all that is of this sort, with its filters, its acts and its export; others are led to already."""
    if finding.about not in ("bals", "gaps"):
        return ""
    url = f"{reverse('bal-list')}?finding={finding.name}" if finding.bals else address_of(finding)
    return f"{url}&structure={place.pk}" if place else url


def chosen_of(request, finding: Finding) -> list:
    """What was ticked, or all that the finding is about in the structures that one manages."""
    place, subject = place_of(request), SUBJECTS[finding.about]
    if "all" not in request.POST and request.POST.get("scope") != "all":
        return subject.seen(Seen(request.user, place), request.POST.getlist(subject.picks))
    theirs = Seen(request.user, place, is_theirs=True)
    return subject.keys(finding, theirs, request.POST.get("onglet", ""), timezone.now())


@require_POST
def todo_remedy(request, name):
    """The remedy of a finding for many at once: foreseen first, like any act on a list."""
    if name not in BY_NAME or not (act := bulk_act_of(BY_NAME[name])):
        raise Http404
    finding, back = BY_NAME[name], back_of(request, reverse("finding", args=[name]))
    with refusals_told(request):
        return redirect(start(KINDS[finding.about], act, chosen_of(request, finding), back=back, by=request.user))
    return redirect(back)


@require_POST
def todo_follow(request, name):
    """What is decided of what is ticked, or of all that the finding is about."""
    if name not in BY_NAME or not (subject := subject_of(BY_NAME[name])):
        raise Http404
    back = back_of(request, reverse("finding", args=[name]))
    finding = BY_NAME[name]
    form = FollowForm(request.POST, user=request.user)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect(back)
    with refusals_told(request):
        count = follow(finding, chosen_of(request, finding), form.decision(), by=request.user)
        said = f"{grouped(count)} {subject.nouns[count > 1]} : {form.decision().said}."
        messages.success(request, f"{quoted(finding.title)}, {said}")
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
