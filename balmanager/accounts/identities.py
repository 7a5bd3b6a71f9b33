"""Who comes from an identity provider: whose account opens, and whom it stands for."""

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect
from requests.adapters import HTTPAdapter

from balmanager.accounts import actions
from balmanager.accounts.models import AccountEntry, User
from balmanager.accounts.notes import note
from mailboxes.models import Person

ELSEWHERE = (
    "Un compte existe déjà pour cette personne : connectez-vous avec son mot de passe, puis reliez {name} depuis "
    "« Mon compte »."
)


class WithCertificate(HTTPAdapter):
    """Shows a client certificate to the servers it is mounted for, as Pro Santé Connect may ask for tokens."""

    def __init__(self, certificate: tuple[str, str] | None, authorities: str):
        self.shown, self.authorities = certificate, authorities
        super().__init__()

    def send(self, *args, **options):
        options["cert"] = self.shown or options.get("cert")
        options["verify"] = self.authorities or options.get("verify", True)
        return super().send(*args, **options)


class IdentityAccountAdapter(DefaultSocialAccountAdapter):
    def get_requests_session(self) -> requests.Session:
        session = super().get_requests_session()
        for app in settings.IDENTITY_PROVIDERS:
            options = app["settings"]
            for prefix in options["servers"]:
                session.mount(prefix, WithCertificate(options["certificate"], options["authorities"]))
        return session

    def is_open_for_signup(self, request, sociallogin):
        """An identity is no role: what it may see is what its own records, or a gestionnaire, give it."""
        return True

    def populate_user(self, request, sociallogin, data):
        account = sociallogin.user
        account.first_name, account.last_name = data.get("first_name", ""), data.get("last_name", "")
        address = data.get("address", "")
        account.email = "" if User.objects.filter(email__iexact=address).exists() else address
        return account

    def pre_social_login(self, request, sociallogin):
        if sociallogin.is_existing:
            actions.tie_by_rpps(sociallogin.user, sociallogin.account.extra_data.get("rpps", ""))
        elif sociallogin.state.get("process") != "connect" and self._is_known_otherwise(sociallogin):
            messages.error(request, ELSEWHERE.format(name=sociallogin.provider.name))
            raise ImmediateHttpResponse(redirect("account_login"))

    def _is_known_otherwise(self, sociallogin) -> bool:
        """Whoever wrote this RPPS on that person's record would else come in by the account of another."""
        rpps = sociallogin.account.extra_data.get("rpps")
        return bool(rpps) and Person.objects.filter(rpps=rpps, user__isnull=False).exists()

    @transaction.atomic
    def save_user(self, request, sociallogin, form=None):
        account = sociallogin.user
        account.set_unusable_password()
        account.username = f"{sociallogin.account.provider}-{sociallogin.account.uid}"[:150]
        account.save()
        sociallogin.account.user = account
        sociallogin.account.save()
        note(AccountEntry.What.IDENTITY_LINKED, account, by=account, after=sociallogin.provider.name)
        actions.tie_by_rpps(account, sociallogin.account.extra_data.get("rpps", ""))
        return account

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        if error == AuthError.CANCELLED:
            messages.info(
                request,
                f"Vous avez renoncé à vous connecter par {provider.name} : recommencez, ou prenez une autre voie.",
            )
            raise ImmediateHttpResponse(redirect("account_login"))
        why = str(exception or "state unknown, already used or too old")
        note(AccountEntry.What.IDENTITY_REFUSED, None, after=provider.name, note=why)
