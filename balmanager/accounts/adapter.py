"""What allauth asks us: how a log-in is throttled, announced and ended, and where its links lead."""

import time
from urllib.parse import quote

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.db import transaction
from django.shortcuts import resolve_url
from django.urls import reverse

from balmanager.accounts import browsers, factors, throttle
from balmanager.accounts.models import AccountEntry
from balmanager.accounts.notes import note
from balmanager.accounts.provider import ID_TOKEN
from balmanager.accounts.sessions import BEGAN
from balmanager.accounts.tasks import deliver

What = AccountEntry.What
LEFT = "left_from"  # in the session once logged out: the provider to be left too, and its token


def site_url(name: str, *args, **kwargs) -> str:
    """An address for a mail: of SITE_URL, never of the Host that a request happened to name."""
    return settings.SITE_URL + reverse(name, args=args, kwargs=kwargs)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "Identifiant ou mot de passe incorrect.",
        "email_password_mismatch": "Identifiant ou mot de passe incorrect.",
        "too_many_login_attempts": "Trop d’essais : attendez quelques minutes, ou demandez un nouveau mot de passe.",
    }

    def is_open_for_signup(self, request):
        """Accounts are opened by an invitation, never by the visitor."""
        return False

    # --- Throttle ---
    def pre_authenticate(self, request, **credentials):
        login = credentials.get("username") or credentials.get("email") or ""
        self._account = throttle.account_of(login)
        self._taken = throttle.take(request, login, self._account)
        if self._taken is None:
            note(What.THROTTLED, self._account)
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self):
        throttle.give_back(self._taken or [])

    def authentication_failed(self, request, **credentials):
        """What was typed is not kept: some type their password where the name is asked."""
        note(What.REFUSED, self._account)

    # --- Logging in ---
    def login(self, request, user):
        token = request.session.get(ID_TOKEN) or getattr(request, "identity_session", "")
        super().login(request, user)
        request.session[BEGAN] = time.time()
        if token:
            request.session[ID_TOKEN] = token

    def get_logout_redirect_url(self, request):
        return resolve_url("account-left") if self._came_from(request) else super().get_logout_redirect_url(request)

    def logout(self, request):
        """The provider to be left too is the one thing that outlives the session."""
        provider, token = self._came_from(request), request.session.get(ID_TOKEN, "")
        super().logout(request)
        if provider and token:
            request.session[LEFT] = (provider, token)

    def _came_from(self, request) -> str:
        records = get_authentication_records(request, request.user)
        return next((record["provider"] for record in records if "provider" in record), "")

    def post_login(self, request, user, **kwargs):
        response = super().post_login(request, user, **kwargs)
        if not browsers.mark_of(request, user):
            note(What.NEW_BROWSER, user, by=user, note=browsers.named(self.get_http_user_agent(request)))
            self.send_notification_mail("account/email/unknown_browser", user)
        browsers.remember(request, response, user)
        return response

    def get_login_stages(self):
        ours = f"{factors.__name__}.{factors.SecondFactorStage.__name__}"
        theirs = "allauth.mfa.stages.AuthenticateStage"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def is_reauthentication_required(self, *, app, **kwargs):
        """Asked of everyone but who has just logged in, and comes for a first second factor or its recovery codes."""
        records = get_authentication_records(self.request, self.request.user)
        if records and time.time() - records[-1]["at"] < account_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    # --- Mail ---
    def get_reset_password_from_key_url(self, key):
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", quote(key))

    def send_mail(self, template_prefix, email, context):
        """A mail sent at once: what it holds may be a secret, which waits in no queue."""
        self.render_mail(template_prefix, email, self._for_mail(context, email)).send()

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """A mail sent by a job: no act waits for the mail server."""
        address = email or user.email
        if not address:
            return
        message = self.render_mail(template_prefix, address, self._for_mail({"user": user} | (context or {}), address))
        transaction.on_commit(lambda: deliver.delay(message.subject, message.body, address), robust=True)

    def _for_mail(self, context, email) -> dict:
        facts = {"email": email, "site_url": settings.SITE_URL, "client": "", "browser": ""}
        if self.request:
            facts["client"] = self.get_client_ip(self.request)
            facts["browser"] = browsers.named(self.get_http_user_agent(self.request))
        return facts | context
