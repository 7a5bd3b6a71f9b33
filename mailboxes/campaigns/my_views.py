"""The questions that campaigns put to a professional: answered in Mes BAL, or by the signed link of their mail."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from mailboxes.campaigns.actions import answer_campaign
from mailboxes.campaigns.models import CampaignTarget
from mailboxes.campaigns.questions import QUESTIONS, accesses
from mailboxes.gaps.choices import choices_of, own_places
from mailboxes.lifecycle import CampaignKind, RequestKind
from mailboxes.models import Bal, Notice, Signatory
from mailboxes.notices import links
from mailboxes.notices.telling import is_answered_in_campaign
from mailboxes.requests.asked import asked_of_operator
from mailboxes.views.refusals import refusals_told
from mailboxes.views.signed import by_signed_link, is_said_again, refused

DONE: dict[str, str] = {
    CampaignTarget.Answer.USED: "C’est noté : vous vous servez de cette BAL.",
    CampaignTarget.Answer.NOT_MINE: "C’est noté : le gestionnaire MSSanté de votre structure le verra.",
    CampaignTarget.Answer.CONFIRMED: "C’est noté : ces accès restent.",
    CampaignTarget.Answer.WITHDRAWN: "C’est noté : ces accès sont retirés du registre. Leur fermeture, là où ils sont "
    "ouverts, est demandée à l’opérateur.",
    CampaignTarget.Answer.CHOSEN: "C’est noté : votre choix est enregistré.",
    CampaignTarget.Answer.DECLINED: "C’est noté : vous ne choisissez pas.",
}


def done_of(target: CampaignTarget) -> str:
    """What came of an answer; "" where there is none."""
    if target.answer == CampaignTarget.Answer.UNUSED and target.bal:
        return f"C’est noté. {asked_of_operator(target.bal, RequestKind.DEPUBLISH)}"
    return DONE.get(target.answer, "")


def my_campaigns(request):
    person = getattr(request.user, "person", None)
    targets = CampaignTarget.objects.put_to(person) if person else CampaignTarget.objects.none()
    return render(request, "mailboxes/campaigns/mine.html", {"rows": rows_of(targets)})


def rows_of(targets) -> list[dict]:
    """Each question with what its answer needs, in as many queries for fifty as for one; those that wait come first."""
    asked = list(targets.with_outcome().select_related("campaign__structure", "person").order_by("pk"))
    bals = Bal.objects.with_holders().in_bulk([target.bal_id for target in asked if target.bal_id])
    for target in asked:
        target.bal = bals.get(target.bal_id)
    rows = [
        {
            "target": target,
            "question": QUESTIONS[target.campaign.kind],
            "accesses": accesses(target.bal) if target.campaign.kind == CampaignKind.RECERTIFICATION else [],
            **_choice_of(target),
        }
        for target in asked
    ]
    return sorted(rows, key=lambda row: not row["target"].is_awaited)


def _choice_of(target: CampaignTarget) -> dict:
    """The one question about the preferred BAL: a person is asked it once at a time, whatever the number of their
    BAL."""
    if target.campaign.kind != CampaignKind.PREFERRED or not target.is_awaited or target.person is None:
        return {}
    places = [place for place in own_places(target.person) if place.is_current]
    return {"places": places, "addresses": choices_of(target.person)}


@require_POST
def campaign_answer(request, pk):
    mine = CampaignTarget.objects.filter(person__user=request.user)
    _answer(request, get_object_or_404(mine, pk=pk), by=request.user)
    return redirect("my-campaigns")


def _answer(request, target: CampaignTarget, *, by) -> None:
    said, ticked = request.POST.get("answer", ""), request.POST.getlist("withdrawn")
    chosen = dict(zip(request.POST.getlist("situation"), request.POST.getlist("address"), strict=False))
    facts = {"withdrawn": ticked, "shown": request.POST.getlist("shown"), "chosen": chosen}
    # What comes with a choice may be another choice: it is not taken for the same.
    if not (ticked or chosen) and is_said_again(request, target.answer, done_of(target)):
        return
    with refusals_told(request):
        answered = answer_campaign(target, said, by=by, **facts)
        messages.success(request, done_of(answered))


@by_signed_link(links.NOTICE, Notice.objects.all)
def campaign_link(request, token, notice):
    """The page where a professional answers the questions of campaigns."""
    if not is_answered_in_campaign(notice):
        return refused(request)
    targets = _asked_by_link(notice)
    if request.method == "POST":
        number = request.POST.get("target", "")
        target = get_object_or_404(targets, pk=number if number.isdecimal() and len(number) < 19 else 0)
        _answer(request, target, by=Signatory(notice.person, notice))
        return redirect("campaign-link", token)
    rows = rows_of(targets)
    facts = {"person": notice.person, "rows": rows, "awaited": sum(row["target"].is_awaited for row in rows)}
    return render(request, "mailboxes/campaigns/link.html", facts)


def _asked_by_link(notice: Notice):
    """Questions asked by the link; none of a campaign that began after this mail was sent."""
    by_link = [question.kind for question in QUESTIONS.values() if question.by_link]
    then = {"campaign__kind__in": by_link, "campaign__launched_at__lte": notice.created_at}
    return CampaignTarget.objects.put_to(notice.person).filter(**then)
