"""Who goes no further without a second factor."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect

from balmanager.accounts import factors
from balmanager.accounts.sessions import FACTOR_SEEN

# What one without a second factor may still do: get one, or leave.
WAY_OUT = {
    "account_logout", "account_reauthenticate", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn",
    "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
}  # fmt: skip


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
