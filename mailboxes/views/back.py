"""Where a form leads back to: the page of ours that it came from."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def back_of(request: HttpRequest, default: str = "") -> str:
    """What the form says in `next`, if it is an address of ours."""
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return back
    return default or reverse("dashboard")
