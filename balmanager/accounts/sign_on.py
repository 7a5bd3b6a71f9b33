"""The pages between which an identity provider stands: going there, the answer, and the log-out there."""

from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView, OAuth2View
from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.http import require_POST
from requests import RequestException

from balmanager.accounts.adapter import LEFT, site_url
from balmanager.accounts.provider import IdentityAdapter


class AnswerView(OAuth2CallbackView):
    def _get_state(self, request, provider):
        state, response = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce", "")
        return state, response


def _at_provider(request, provider_id: str, view: type[OAuth2View]):
    """Whatever the provider does not answer ends in the page that says so."""
    adapter = IdentityAdapter(request, provider_id)
    try:
        provider = adapter.get_provider()
    except SocialApp.DoesNotExist:
        raise Http404 from None
    try:
        return view.adapter_view(adapter)(request)
    except (RequestException, KeyError) as error:
        return render_authentication_error(request, provider, exception=type(error).__name__)


@login_not_required
def begin(request, provider_id):
    if "process" in request.GET and not constant_time_compare(request.GET.get("mark", ""), mark_of(request)):
        raise Http404
    return _at_provider(request, provider_id, OAuth2LoginView)


@login_not_required
def answer(request, provider_id):
    return _at_provider(request, provider_id, AnswerView)


def mark_of(request) -> str:
    """So that nobody but this session's own page may lead it to link an identity."""
    return salted_hmac("balmanager.accounts.link", request.session.session_key or "").hexdigest()


@require_POST
@reauthentication_required
def link(request, provider_id):
    """To a page that goes there: the policy of the pages lets no form lead elsewhere."""
    asked = urlencode({"process": "connect", "mark": mark_of(request), "next": "/compte/"})
    return render(request, "socialaccount/going.html", {"provider_id": provider_id, "asked": asked})


@login_not_required
def left(request):
    """After the log-out here: the session at the provider is ended too, where one was opened there."""
    provider_id, token = request.session.pop(LEFT, ("", ""))
    if not provider_id:
        return redirect("account_login")
    asked = {"id_token_hint": token, "post_logout_redirect_uri": site_url("account_login")}
    try:
        adapter = IdentityAdapter(request, provider_id)
        app, end = adapter.get_provider().app, adapter.openid_config.get("end_session_endpoint", "")
    except (RequestException, SocialApp.DoesNotExist):
        return redirect("account_login")
    url = f"{end}?{urlencode(asked | {'client_id': app.client_id})}" if end else ""
    return render(request, "socialaccount/left.html", {"url": url, "provider": app.name})


def identities_of(account) -> list[dict]:
    """Each provider of this installation, and whether the account is linked to it."""
    linked = set(SocialAccount.objects.filter(user=account.pk).values_list("provider", flat=True))
    return [{"app": app, "is_linked": app["provider_id"] in linked} for app in settings.IDENTITY_PROVIDERS]
