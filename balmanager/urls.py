"""Every address of the application."""

from django.contrib import admin
from django.urls import include, path

from balmanager.operations import views

urlpatterns = [
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics_text),
    path("service/", views.service, name="service"),
    path("", include("mailboxes.urls")),
    path("annuaire/", include("directory.urls")),
    path("compte/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "balmanager.outage.handle_400"
handler500 = "balmanager.outage.handle_500"
