from django.urls import path

from directory import views

app_name = "directory"
urlpatterns = [
    path("synchronisations/", views.runs, name="runs"),
    path("synchronisations/<int:pk>/", views.run, name="run"),
    path("synchronisations/fichier/", views.upload, name="upload"),
]
