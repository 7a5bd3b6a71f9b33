"""Every address of the application."""

from django.contrib import admin
from django.urls import include, path

import mailboxes.views.admin  # noqa: F401 - tells the administration of our tables

urlpatterns = [
    path("", include("mailboxes.urls")),
    path("annuaire/", include("directory.urls")),
    path("compte/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]
