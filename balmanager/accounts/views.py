"""What one sees and changes of one's own account."""

from allauth.account.internal.decorators import login_not_required
from allauth.account.views import PasswordResetFromKeyView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from balmanager.accounts import actions, browsers, factors
from balmanager.accounts.forms import AccountAddressForm
from balmanager.accounts.sign_on import identities_of
from mailboxes.rules import Refused
from mailboxes.views.acts import ActionView


@login_not_required
def closed(request, **_):
    """A page of allauth that we have no use for."""
    raise Http404


class ResetView(PasswordResetFromKeyView):
    """Whoever read the account's mail is no stranger: the tries of others on its password do not count against them."""

    def form_valid(self, form):
        response = super().form_valid(form)
        browsers.remember(self.request, response, self.reset_user)
        return response


def account(request):
    entries = request.user.account_entries.select_related("by", "structure", "person")
    facts = {"has_factor": factors.has_one(request.user), "identities": identities_of(request.user)}
    return render(request, "account/home.html", {"entries": entries[:10], **facts})


class AddressView(ActionView):
    form_class = AccountAddressForm
    label = "Changer d’adresse"
    submit = "Recevoir le lien de confirmation"
    done = "Un lien vient d’être envoyé à la nouvelle adresse : elle sera la vôtre quand vous l’aurez suivi."
    warning = "L’adresse actuelle en est prévenue ; elle reste la vôtre tant que la nouvelle n’est pas confirmée."

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"account": self.request.user}

    def perform(self, form, *, by):
        actions.ask_address(by, form.cleaned_data["address"])

    def back(self):
        return reverse("account")


@login_not_required
@require_http_methods(["GET", "POST"])
def address_link(request, token):
    """An address taken by POST alone: mail scanners follow links. A dead link says so before anything is pressed."""
    try:
        if request.method == "GET":
            _, asked = actions.address_asked(token)
            return render(request, "account/address_link.html", {"address": asked.after})
        actions.take_address(token)
    except Refused as refused:
        return render(request, "account/address_link.html", {"refusal": refused.messages[0]}, status=409)
    messages.success(request, "Votre nouvelle adresse est enregistrée.")
    return redirect("account" if request.user.is_authenticated else "account_login")


def sessions(request):
    """One's open sessions, the latest used first; each may be closed, or all the others at once."""
    rows = UserSession.objects.purge_and_list(request.user)
    if request.method == "POST":
        chosen = request.POST.get("session", "")
        closing = [row for row in rows if not row.is_current() and (chosen in ("", str(row.pk)))]
        actions.close_sessions(request.user, closing)
        said = "Session fermée." if len(closing) == 1 else f"{len(closing)} sessions fermées."
        messages.success(request, said if closing else "Il n’y avait pas d’autre session à fermer.")
        return redirect("account-sessions")
    expiry = dict(Session.objects.filter(pk__in=[row.session_key for row in rows]).values_list("pk", "expire_date"))
    for row in rows:
        # Each request puts the end off: what is left tells when the last one was.
        row.browser = browsers.named(row.user_agent)
        row.used_at = expiry[row.session_key] - settings.SESSION_IDLE
    rows.sort(key=lambda row: row.used_at, reverse=True)
    return render(request, "account/sessions.html", {"sessions": rows, "lasts": settings.SESSION_LASTS})
