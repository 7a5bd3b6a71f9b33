"""When a session ends whatever happens, and who goes no further without a second factor."""

import time

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.shortcuts import redirect

from balmanager.accounts import factors

# In the session.
BEGAN = "began"  # when it was opened, in seconds
SERVED = "served"  # when it last served, in seconds, a minute more or less
FACTOR_SEEN = "factor_seen"  # its account has a second factor, or was vouched for

# What one without a second factor may still do: get one, or leave.
WAY_OUT = {
    "account_logout", "account_reauthenticate", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn",
    "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
}  # fmt: skip


def begin(request, **_) -> None:
    """At log-in."""
    request.session[BEGAN] = request.session[SERVED] = time.time()


class SessionLasts:
    """A session ends so long after it was opened, however busy; and so long after it last served (the cookie's age)."""

    PRECISION = 60  # seconds: written at each request, it would cost every page a write

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.session.session_key and request.user.is_authenticated:
            now = time.time()
            if now - request.session.setdefault(BEGAN, now) > settings.SESSION_LASTS.total_seconds():
                logout(request)
            elif now - request.session.get(SERVED, 0) > self.PRECISION:
                request.session[SERVED] = now
        return self.get_response(request)


class SecondFactor:
    """Before its first page, an account that must have a second factor gets one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not settings.SECOND_FACTOR_REQUIRED or request.session.get(FACTOR_SEEN):
            return None
        account = request.user
        if not account.is_authenticated or not factors.must_have(account):
            return None
        if factors.has_one(account) or factors.is_vouched_for(request, account):
            request.session[FACTOR_SEEN] = True
            return None
        if request.resolver_match.view_name in WAY_OUT:
            return None
        messages.warning(request, "Votre rôle demande un second facteur : choisissez-en un pour continuer.")
        return redirect("mfa_index")
