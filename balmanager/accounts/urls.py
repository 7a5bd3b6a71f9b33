"""The pages of one's account: ours, and those of allauth that serve. What it offers besides is closed."""

from allauth.account import views as allauth
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from balmanager.accounts import rights, sign_on, views

# allauth reverses these names here and there.
CLOSED = (
    "account_signup", "account_email", "account_email_verification_sent", "account_set_password",
    "socialaccount_signup", "socialaccount_connections", "socialaccount_login_cancelled",
)  # fmt: skip

urlpatterns = [
    path("login/", allauth.login, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.ResetView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # Where allauth leads once a key is renamed or taken away: its own list, which ours says better.
    path("second-facteur/webauthn/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("second-facteur/", include("allauth.mfa.urls")),
    path("identite/<slug:provider_id>/", sign_on.begin, name="oidc_login"),
    path("identite/<slug:provider_id>/retour/", sign_on.answer, name="oidc_callback"),
    path("identite/<slug:provider_id>/relier/", sign_on.link, name="account-link"),
    path("parti/", sign_on.left, name="account-left"),
    path("", views.account, name="account"),
    path("droits/", rights.rights, name="rights"),
    path("droits/inviter/", rights.InviteView.as_view(), name="rights-invite"),
    path("droits/invitations/<int:pk>/retirer/", rights.InvitationView.as_view(), name="invitation-withdraw"),
    path("droits/structures/<int:structure>/", rights.TakeChargeView.as_view(), name="rights-take-charge"),
    path("droits/<int:pk>/", rights.rights_of, name="rights-of"),
    path("droits/<int:pk>/donner/", rights.GiveView.as_view(), name="rights-give"),
    path("droits/<int:pk>/retirer/<int:role>/", rights.WithdrawView.as_view(), name="rights-withdraw"),
    path("droits/<int:pk>/rattacher/", rights.TieView.as_view(), name="rights-tie"),
    path("droits/<int:pk>/<slug:act>/", rights.AdministerView.as_view(), name="rights-administer"),
    path("invitation/<str:token>/", rights.AcceptView.as_view(), name="invitation"),
    path("adresse/", views.AddressView.as_view(), name="account-address"),
    path("adresse/<str:token>/", views.address_link, name="account-address-link"),
    path("sessions/", views.sessions, name="account-sessions"),
    *[path(f"ferme/{number}/", views.closed, name=name) for number, name in enumerate(CLOSED)],
]
