"""Pages that a mail leads to: opened by its signed link, without logging in; and the answers given there."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from directory.typography import how_many
from mailboxes.models import Notice
from mailboxes.models.thresholds import chosen
from mailboxes.notices import links
from mailboxes.rules import Refused
from mailboxes.views.refusals import refusals_told


def by_signed_link(salt: str, notices: Callable[[], QuerySet[Notice]]):
    """A decorator of a view that takes the notice beside the token: a link signed with `salt`, to one of `notices()`.

    Scanners follow links: such a view changes nothing until a button is pressed.
    """

    def opened(view):
        @login_not_required
        @never_cache
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def open_link(request, token):
            try:
                notice = notices().select_related("person").get(pk=links.notice_of(token, salt))
            except links.Expired:
                return refused(request, has_expired=True)
            except (links.Invalid, Notice.DoesNotExist):
                return refused(request)
            return view(request, token, notice)

        return open_link

    return opened


def refused(request, *, has_expired: bool = False):
    facts = {"has_expired": has_expired, "days": how_many(chosen.ANSWER_LINK_VALID.days, "jour")}
    return render(request, "mailboxes/notices/link_refused.html", facts, status=410 if has_expired else 404)


def is_said_again(request, given: str, done: str) -> bool:
    """A thumb that presses twice gives twice the same answer: what came of it is told again, and nothing refused."""
    is_same = given != "" and given == request.POST.get("answer")
    if is_same:
        messages.success(request, done)
    return is_same


class Answer(NamedTuple):
    act: Callable
    done: str  # what is told then
    leads_to: Collection[str]  # the states of what was asked


def answer_with(request, answers: dict[str, Answer], row, *, by) -> None:
    """Does to `row` what the answer that was posted says, and tells it."""
    said = request.POST.get("answer", "")
    act, done, leads_to = answers.get(said, (None, "", ()))
    if is_said_again(request, said if row.state in leads_to else "", done):
        return
    with refusals_told(request):
        if act is None:
            raise Refused("Choisissez une des réponses.", "answer")
        act(row, by=by)
        messages.success(request, done)
