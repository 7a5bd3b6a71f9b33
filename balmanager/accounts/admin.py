from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin

from balmanager.accounts.models import AccountEntry, User
from mailboxes.views.admin import ReadOnly

# What opens an account is changed by the account itself, and noted.
admin.site.unregister([EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession])


@admin.register(User)
class AccountAdmin(ReadOnly, admin.ModelAdmin):
    """A window: accounts are opened by invitation, and what they may do is given on the page that notes it."""

    list_display = ["username", "email", "last_name", "first_name", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["username", "email", "last_name", "first_name"]
    exclude = ["password", "groups", "user_permissions"]


@admin.register(AccountEntry)
class AccountEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "account", "what", "by", "before", "after", "client"]
    list_filter = ["what"]
    list_select_related = ["account", "by"]
    search_fields = ["account__username"]
    show_full_result_count = False
