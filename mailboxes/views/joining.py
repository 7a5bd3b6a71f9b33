"""People who are elsewhere already: whom a structure asked for, and what they or where they are answer."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mailboxes import actions
from mailboxes.lifecycle import Act
from mailboxes.models import Joining, Notice, Signatory
from mailboxes.notices import links
from mailboxes.rules import Refused, allows, check_accept_joining

ANSWERS = {
    "accept": (actions.accept_joining, "C’est noté : le rattachement est accepté."),
    "refuse": (actions.refuse_joining, "C’est noté : le rattachement est refusé."),
}
SHOWN = 100
ABOUT = ("person", "structure", "asked_by")


def joining_list(request):
    """Those that one may answer, and those of one's structures."""
    awaited = Joining.objects.answerable_by(request.user).select_related(*ABOUT)
    asked = Joining.objects.asked_by_structures_of(request.user).select_related(*ABOUT)
    facts = {"awaited": [row for row in awaited[:SHOWN] if row.is_open], "asked": asked[:SHOWN]}
    facts["shown"] = SHOWN if max(awaited.count(), asked.count()) > SHOWN else None
    return render(request, "mailboxes/joining_list.html", facts)


@require_POST
def joining_answer(request, pk):
    rows = Joining.objects.answerable_by(request.user).select_related(*ABOUT)
    joining = get_object_or_404(rows, pk=pk)
    _answer(request, joining, by=request.user)
    return redirect("my-bals" if joining.person.is_actor(request.user) else "joining-list")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def joining_link(request, token):
    """The page a mail leads to. Scanners follow links: nothing changes until a button is pressed."""
    try:
        asked = Notice.objects.filter(stage=Act.ASK_JOINING).exclude(person=None).select_related("person")
        notice = asked.get(pk=links.notice_of(token, links.JOINING))
    except links.Expired:
        return render(request, "mailboxes/notices/link_refused.html", {"has_expired": True}, status=410)
    except (links.Invalid, Notice.DoesNotExist):
        return render(request, "mailboxes/notices/link_refused.html", {"has_expired": False}, status=404)
    joining = Joining.objects.select_related(*ABOUT).get(entry=notice.entry_id)
    by = Signatory(notice.person, notice)
    if request.method == "POST":
        _answer(request, joining, by=by)
        return redirect("joining-link", token)
    facts = {"joining": joining, "may_answer": allows(check_accept_joining, joining, by=by)}
    return render(request, "mailboxes/joining_link.html", facts)


def _answer(request, joining: Joining, *, by) -> None:
    act, done = ANSWERS.get(request.POST.get("answer", ""), (None, ""))
    try:
        if act is None:
            raise Refused("Choisissez une des réponses.", "answer")
        act(joining, by=by)
        messages.success(request, done)
    except Refused as refused:
        messages.error(request, refused.messages[0])
