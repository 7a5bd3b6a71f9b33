from django.urls import path

from mailboxes.find import views

urlpatterns = [
    path("chercher/", views.finding_page, name="find"),
    path("chercher/suggestions/", views.suggestions, name="find-suggestions"),
]
