"""The second factor: who must have one, what allauth asks us of it, and when a log-in does without."""

from urllib.parse import urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings

from balmanager.accounts.models import User
from mailboxes.models import Membership
from mailboxes.models.secrets import box


def must_have(account: User) -> bool:
    """Gestionnaires and administrators, where the setting says so."""
    if not settings.SECOND_FACTOR_REQUIRED:
        return False
    if account.is_superuser or account.is_staff:
        return True
    return Membership.objects.filter(user=account.pk, role=Membership.Role.GESTIONNAIRE).exists()


def has_one(account: User) -> bool:
    """Recovery codes alone are none."""
    return Authenticator.objects.filter(user=account.pk).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def is_vouched_for(request, account: User) -> bool:
    """Logged in by a provider that itself asks for two factors, as Pro Santé Connect does."""
    records = get_authentication_records(request, account)
    return any(record.get("provider") in settings.STRONG_PROVIDERS for record in records)


class SecondFactorStage(AuthenticateStage):
    def _should_handle(self, request):
        return super()._should_handle(request) and not is_vouched_for(request, self.login.user)


PURPOSE = "balmanager.accounts.factors"


class FactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": "Ce code n’est pas le bon."}

    def encrypt(self, text):
        return box(PURPOSE).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return box(PURPOSE).decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user, type):
        count = Authenticator.objects.filter(user=user.pk, type=type).count()
        return f"Clé n° {count + 1}"

    def get_public_key_credential_rp_entity(self):
        """A passkey is bound to this name: that of SITE_URL, never of the Host that a request happened to name."""
        return {"id": urlsplit(settings.SITE_URL).hostname or "", "name": "BAL Manager"}
