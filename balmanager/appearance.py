"""Light or dark: as the device asks, or as this browser was told, in a cookie that says nothing else.

The choice reaches the page in its first bytes, so that nothing is drawn in the wrong colours and no script is needed.
"""

from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

COOKIE = "apparence"
KEPT_FOR = timedelta(days=365)
CHOICES = {"": "Comme mon appareil", "light": "Claire", "dark": "Sombre"}


class AppearanceForm(forms.Form):
    scheme = forms.ChoiceField(
        label="Présentation", choices=list(CHOICES.items()), required=False, widget=forms.RadioSelect
    )
    back = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_back(self) -> str:
        """A page of ours; the first one where it is somebody else's."""
        back = self.cleaned_data["back"]
        return back if back.startswith("/") and url_has_allowed_host_and_scheme(back, None) else "/"


def scheme_of(request) -> str:
    """`light` or `dark` where it was chosen; nothing where the device decides."""
    told = request.COOKIES.get(COOKIE, "")
    return told if told in CHOICES else ""


def colours(request):
    """A context processor: what the first line of each page says."""
    return {"scheme": scheme_of(request)}


def came_from(request) -> str:
    """The page of ours that led here. Not in our own address: that of a signed link is nobody else's to read."""
    try:
        whence = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    if whence.netloc != request.get_host() or whence.path == request.path:
        return "/"
    return urlunsplit(("", "", whence.path, whence.query, ""))


@login_not_required
def appearance(request):
    """Colours chosen by whoever comes: the log-in page and the pages of a link have it too."""
    asked = {"scheme": scheme_of(request), "back": came_from(request)}
    form = AppearanceForm(request.POST or None, initial=asked)
    if not form.is_valid():
        return render(request, "operations/appearance.html", {"form": form})
    response = redirect(form.cleaned_data["back"])
    if scheme := form.cleaned_data["scheme"]:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(COOKIE, scheme, max_age=KEPT_FOR, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
