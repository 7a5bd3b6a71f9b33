from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | dict.fromkeys(
        ["username_password_mismatch", "email_password_mismatch"], "Identifiant ou mot de passe incorrect."
    )

    def is_open_for_signup(self, request):
        """Accounts are opened by an administrator, never by the visitor."""
        return False
