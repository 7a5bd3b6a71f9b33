"""People who are elsewhere already: whom a structure asked for, and what they or where they are answer."""

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from mailboxes import actions
from mailboxes.lifecycle import Act
from mailboxes.models import Joining, Notice, Signatory
from mailboxes.notices import links
from mailboxes.rules import allows, check_accept_joining
from mailboxes.views.signed import Answer, answer_with, by_signed_link

ANSWERS = {
    "accept": Answer(actions.accept_joining, "C’est noté : le rattachement est accepté.", (Joining.State.ACCEPTED,)),
    "refuse": Answer(actions.refuse_joining, "C’est noté : le rattachement est refusé.", (Joining.State.REFUSED,)),
}
SHOWN = 100
ABOUT = ("person", "structure", "asked_by")


def joining_list(request):
    """Requests to join that one may answer, and those of one's structures."""
    awaited = Joining.objects.answerable_by(request.user).select_related(*ABOUT)
    asked = Joining.objects.asked_by_structures_of(request.user).select_related(*ABOUT)
    facts = {"awaited": [row for row in awaited[:SHOWN] if row.is_open], "asked": asked[:SHOWN]}
    facts["shown"] = SHOWN if max(awaited.count(), asked.count()) > SHOWN else None
    return render(request, "mailboxes/joining_list.html", facts)


@require_POST
def joining_answer(request, pk):
    rows = Joining.objects.answerable_by(request.user).select_related(*ABOUT)
    joining = get_object_or_404(rows, pk=pk)
    answer_with(request, ANSWERS, joining, by=request.user)
    return redirect("my-bals" if joining.person.is_actor(request.user) else "joining-list")


@by_signed_link(links.JOINING, Notice.objects.filter(stage=Act.ASK_JOINING).exclude(person=None).all)
def joining_link(request, token, notice):
    """The page where a person agrees, or not, to join another structure."""
    joining = Joining.objects.select_related(*ABOUT).get(entry=notice.entry_id)
    by = Signatory(notice.person, notice)
    if request.method == "POST":
        answer_with(request, ANSWERS, joining, by=by)
        return redirect("joining-link", token)
    facts = {"joining": joining, "may_answer": allows(check_accept_joining, joining, by=by)}
    return render(request, "mailboxes/joining_link.html", facts)
