"""What a page does with a refusal: shown in its place, or told at the head of the page one comes back to."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailboxes.rules import Refused


def refused_page(request: HttpRequest, refused: Refused, **about) -> HttpResponse:
    """The page that says why something seen may not be read; `about`: the `bal` or the `person`."""
    facts = {**about, "refusal": refused.messages[0]}
    return render(request, "mailboxes/refused.html", facts, status=403)


@contextmanager
def refusals_told(request: HttpRequest) -> Iterator[None]:
    """What is refused inside is told, and the view goes on after it."""
    try:
        yield
    except Refused as refused:
        messages.error(request, refused.messages[0])
