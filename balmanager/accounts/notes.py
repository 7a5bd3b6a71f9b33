"""The log of the accounts: how a line is written; what allauth itself does is written down here too."""

import logging

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset, password_set
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_reset
from allauth.socialaccount.signals import social_account_added
from django.contrib.auth.signals import user_logged_in

from balmanager.accounts.models import AccountEntry, User
from balmanager.accounts.sessions import FACTOR_SEEN, begin
from directory.typography import cut

What = AccountEntry.What
logger = logging.getLogger(__name__)
ALARMING = (What.REFUSED, What.THROTTLED, What.FACTOR_REFUSED, What.IDENTITY_REFUSED)
FACTORS = {
    Authenticator.Type.TOTP: "application à codes",
    Authenticator.Type.WEBAUTHN: "clé d’accès",
    Authenticator.Type.RECOVERY_CODES: "codes de secours",
}


def note(what: AccountEntry.What, account: User | None, *, by: User | None = None, **facts) -> AccountEntry:
    """Write the line, with the address that the request came from; what may be an attack goes to the log as well."""
    client = get_adapter().get_client_ip(context.request) if context.request else None
    facts = {name: cut(str(value), 300) if isinstance(value, str) else value for name, value in facts.items()}
    entry = AccountEntry.objects.create(what=what, account=account, by=by, client=client, **facts)
    if what in ALARMING:
        logger.warning("%s: account %s, from %s", what, account.pk if account else "unknown", client)
    return entry


def listen() -> None:
    """Called once, when the application is loaded."""
    user_logged_in.connect(begin, dispatch_uid="begin_session")
    for signal in (password_changed, password_set):
        signal.connect(_note_password, dispatch_uid="note_password")
    social_account_added.connect(_note_linked, dispatch_uid="note_linked")
    password_reset.connect(_note_reset, dispatch_uid="note_reset")
    authenticator_added.connect(_note_added, dispatch_uid="note_added")
    authenticator_reset.connect(_note_added, dispatch_uid="note_renewed")
    authenticator_removed.connect(_note_removed, dispatch_uid="note_removed")
    authentication_failed.connect(_note_factor_refused, dispatch_uid="note_factor_refused")


def _note_linked(request, sociallogin, **_):
    note(What.IDENTITY_LINKED, request.user, by=request.user, after=sociallogin.provider.name)


def _note_password(user, **_):
    note(What.PASSWORD_CHANGED, user, by=user)


def _note_reset(user, **_):
    note(What.PASSWORD_RESET, user)


def _note_added(user, authenticator, **_):
    note(What.FACTOR_ADDED, user, by=user, after=FACTORS[authenticator.type])


def _note_removed(request, user, authenticator, **_):
    request.session.pop(FACTOR_SEEN, None)
    note(What.FACTOR_REMOVED, user, by=user, before=FACTORS[authenticator.type])


def _note_factor_refused(user, authenticator, **_):
    note(What.FACTOR_REFUSED, user, note=FACTORS[authenticator.type])
