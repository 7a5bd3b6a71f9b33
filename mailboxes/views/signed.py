"""Pages that a mail leads to: opened by its signed link, without logging in; and the answers given there."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mailboxes.models import Notice
from mailboxes.notices import links
from mailboxes.rules import Refused
from mailboxes.views.refusals import refusals_told


def by_signed_link(salt: str, notices: Callable[[], QuerySet[Notice]]):
    """For a view that takes the notice beside the token: a link signed with `salt`, to one of `notices()`.

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
    facts = {"has_expired": has_expired}
    return render(request, "mailboxes/notices/link_refused.html", facts, status=410 if has_expired else 404)


def answer_with(request, answers: dict[str, tuple[Callable, str]], row, *, by) -> None:
    """Does to `row` what the answer that was posted says, and tells it; `answers`: by name, the act and its word."""
    act, done = answers.get(request.POST.get("answer", ""), (None, ""))
    with refusals_told(request):
        if act is None:
            raise Refused("Choisissez une des réponses.", "answer")
        act(row, by=by)
        messages.success(request, done)
