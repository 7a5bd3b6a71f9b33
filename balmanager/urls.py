"""Every address of the application."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import mailboxes.views.admin  # noqa: F401 - tells the administration of our tables
from balmanager.appearance import appearance
from balmanager.operations import views

# Its own log-in has no throttle and no second factor: ours has.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics_text),
    path("service/", views.service, name="service"),
    path("ce-qui-est-garde/", views.kept, name="kept"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("apparence/", appearance, name="appearance"),
    path("", include("mailboxes.urls")),
    path("annuaire/", include("directory.urls")),
    path("compte/", include("balmanager.accounts.urls")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
]

handler400 = "balmanager.errors.handle_400"
handler403 = "balmanager.errors.handle_403"
handler404 = "balmanager.errors.handle_404"
handler500 = "balmanager.errors.handle_500"
