"""Notices: answered by their link, proven, mended where they did not reach."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from mailboxes import actions
from mailboxes.forms import EmptyForm, GiveNoticeForm
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Bal, Notice, Person, Signatory
from mailboxes.notices import links
from mailboxes.notices.mails import contact_in
from mailboxes.notices.proof import with_outcomes
from mailboxes.requests.asked import asked_of_operator
from mailboxes.rules import (
    NotAllowed,
    allows,
    check_answer_notice,
    check_mend_notice,
    check_read_history,
)
from mailboxes.views.acts import ActionView, ActView
from mailboxes.views.refusals import refusals_told, refused_page
from mailboxes.views.seen import bal_or_404
from mailboxes.views.signed import by_signed_link, is_said_again

PER_PAGE = 50
DONE: dict[str, str] = {
    Notice.Answer.USED: "C’est noté : vous vous servez de cette BAL. Rien d’autre n’est à faire.",
    Notice.Answer.KEPT: "C’est noté : cette BAL est gardée. La démarche en cours est arrêtée.",
}


def done_of(notice: Notice) -> str:
    """What came of the answer to a notice; "" where there is none."""
    if notice.answer == Notice.Answer.UNUSED and notice.bal:
        return f"C’est noté. {asked_of_operator(notice.bal, RequestKind.DEPUBLISH)}"
    return DONE.get(notice.answer, "")


# --- By the signed link -----------------------------------------------------------------------------------------------
@by_signed_link(links.NOTICE, Notice.objects.exclude(bal=None).all)
def notice_link(request, token, notice):
    """The page an alert leads to."""
    if request.method == "POST":
        return _answer_by_link(request, token, notice)
    bal = Bal.objects.with_holders().get(pk=notice.bal_id)
    by = Signatory(notice.person, notice)
    facts = {
        "notice": notice,
        "bal": bal,
        "answers": [said for said in Notice.Answer if allows(check_answer_notice, notice, bal, said, by=by)],
        "is_question": notice.act in (Act.ASK_USE, Act.REMIND_USE),
        "contact": contact_in(bal.structure),
        "is_holder": bal.is_held_by(notice.person),
    }
    return render(request, "mailboxes/notices/link.html", facts)


def _answer_by_link(request, token, notice):
    if not is_said_again(request, notice.answer, done_of(notice)):
        by = Signatory(notice.person, notice)
        with refusals_told(request):
            answered = actions.answer_notice(notice, request.POST.get("answer", ""), by=by)
            messages.success(request, done_of(answered))
    return redirect("notice-link", token)


# --- Proof ------------------------------------------------------------------------------------------------------------
def bal_notices(request, pk):
    """Every notice with its text, made to be printed; who reads it is written down."""
    bal = bal_or_404(pk, request.user)
    try:
        check_read_history(bal, by=request.user)
    except NotAllowed as refused:
        return refused_page(request, refused, bal=bal)
    actions.trace(request.user, "notices", str(bal))
    page = Paginator(bal.notices.select_related("person"), PER_PAGE).get_page(request.GET.get("page"))
    for notice in page:
        notice.bal = bal
    mark_mendable(page, request.user)
    facts = {"bal": bal, "page": page, "notices": with_outcomes(page), "printed_by": request.user}
    return render(request, "mailboxes/notices/bal.html", facts)


class NoticeList(Listing):
    name, view, nouns = "notices", "notice-list", ("avis non remis", "avis non remis")
    row, empty = "mailboxes/notices/_row.html", "mailboxes/notices/_none.html"
    place_path = "bal__structure"
    columns = (
        Column("recipient", "À qui"),
        Column("stage", "Avis", ("stage",)),
        Column("bal", "BAL", ("bal__address",)),
        Column("created", "Écrit le", ("created_at",)),
        Column("why", "Ce qui l’arrête"),
        Column("remedies", "Ce qu’on peut faire"),
    )


def notice_list(request):
    """People whom the structure could not reach, and the ways to mend it."""
    stuck = Notice.objects.visible_to(request.user).undelivered().current()
    loaded = Notice.objects.select_related("person").prefetch_related("person__affiliations")
    listing = NoticeList(request, stuck, loaded=loaded)
    page = listing.page
    bals = Bal.objects.with_holders().in_bulk([notice.bal_id for notice in page if notice.bal_id])
    for notice in page:
        notice.bal = bals.get(notice.bal_id)
    mark_mendable(page, request.user)
    return render(request, "mailboxes/notices/list.html", {"listing": listing, "page": page})


def mark_mendable(notices, user) -> None:
    """Adds `is_mendable`, with its `remedies`; and `shows_address`, for of who is no longer there, or never was, the
    address is not ours."""
    people = {notice.person_id for notice in notices}
    seen = set(Person.objects.visible_to(user).filter(pk__in=people).values_list("pk", flat=True))
    for notice in notices:
        notice.shows_address = notice.person_id is None or notice.person_id in seen
        notice.is_mendable = notice.is_stuck and allows(check_mend_notice, notice, Act.GIVE_NOTICE, by=user)
        notice.remedies = _remedies(notice, notice.person if notice.shows_address else None)


def _remedies(notice: Notice, seen: Person | None) -> list[str]:
    """The names of the remedies, the one that mends it first: to give by hand what no mail can reach, to send again
    once there is another address, else to mend the address. `seen`: its person, to whoever may see them."""
    is_by_hand = notice.channel == Notice.Channel.HAND or (notice.person is None and not notice.address)
    is_mended = seen and notice.channel != Notice.Channel.MSSANTE and seen.email not in ("", notice.address)
    first = "give" if is_by_hand else "mend" if seen and not is_mended else "resend"
    return [first, *(act for act in ("mend", "resend", "give") if act != first and (act != "mend" or seen))]


class NoticeActionView(ActionView):
    """What a gestionnaire does about a notice that did not reach; a stranger gets 404."""

    notice: Notice
    act: Act

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.label = self.act.label
        seen = Notice.objects.visible_to(request.user).select_related("bal", "person")
        self.notice = get_object_or_404(seen, pk=self.kwargs["pk"])

    def check(self, *, by):
        check_mend_notice(self.notice, self.act, by=by)

    def perform(self, form, *, by):
        return form.perform(self.notice, by=by)

    def back(self):
        return reverse("notice-list")

    def get_context_data(self, **kwargs):
        return super().get_context_data(notice=self.notice, person=self.notice.recipient, **kwargs)


class GiveNoticeView(NoticeActionView):
    act = Act.GIVE_NOTICE
    form_class = GiveNoticeForm
    done = "C’est consigné : l’avis compte comme remis à cette date."


class ResendNoticeView(NoticeActionView):
    act = Act.RESEND_NOTICE
    form_class = EmptyForm
    done = "L’avis repart."

    def perform(self, form, *, by):
        return actions.resend_notice(self.notice, by=by)


# --- Asking -----------------------------------------------------------------------------------------------------------
class AskUseView(ActView):
    act = Act.ASK_USE
    warning = "Un avis part à ses titulaires, qui disent d’un clic si elle sert. Sans réponse, elle reste ouverte."
    done = "La question est posée à ses titulaires."

    def perform(self, form, *, by):
        return actions.ask_use(self.bal, by=by)


class AskDeletionView(ActView):
    act = Act.ASK_DELETION
    warning = (
        "Un avis part à ses titulaires : à eux de demander la suppression, une fois leurs messages utiles enregistrés. "
        "Sans réponse, rien n’est supprimé."
    )
    done = "C’est demandé à qui tient cette BAL."

    def perform(self, form, *, by):
        return actions.ask_deletion(self.bal, by=by)
