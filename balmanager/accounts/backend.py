"""Who an account is, with each request."""

from allauth.account.auth_backends import AuthenticationBackend

from balmanager.accounts.models import User
from directory.prepared import prepared


class AccountBackend(AuthenticationBackend):
    def get_user(self, user_id):
        """The account, with what nearly every page asks next: the person, or the software, that the account is."""
        found = _account(pk=int(user_id))
        return found[0] if found and self.user_can_authenticate(found[0]) else None


@prepared
def _account(pk):
    return User.objects.select_related("person", "software").filter(pk=pk)
