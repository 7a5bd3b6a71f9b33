"""The search field of every page: suggestions as one types, and a page that works without JavaScript."""

from django.shortcuts import render

from mailboxes.find.reads import find
from mailboxes.views.frame import sees_structures

LONGEST = 100  # characters of a question


def finding_page(request):
    return render(request, "mailboxes/find/find.html", _facts(request))


def suggestions(request):
    return render(request, "mailboxes/find/_sections.html", _facts(request))


def _facts(request) -> dict:
    text = request.GET.get("q", "")[:LONGEST].replace("\x00", "").strip()
    return {"text": text, "sections": find(text, request.user, follows=sees_structures(request.user))}
