"""Who an account is, with each request."""

from allauth.account.auth_backends import AuthenticationBackend

from balmanager.accounts.models import User


class AccountBackend(AuthenticationBackend):
    def get_user(self, user_id):
        """The account, with what nearly every page asks next: the person, or the software, that the account is."""
        account = User.objects.select_related("person", "software").filter(pk=user_id).first()
        return account if account and self.user_can_authenticate(account) else None
