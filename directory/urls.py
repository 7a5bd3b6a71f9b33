from django.urls import path

from directory import lookup, observatory, views

app_name = "directory"
urlpatterns = [
    path("", lookup.search, name="search"),
    path("verifier/", lookup.check, name="check"),
    path("observatoire/", observatory.observatory, name="observatory"),
    path("observatoire/<slug:view>.csv", observatory.export, {"form": "csv"}, name="observatory-csv"),
    path("observatoire/<slug:view>.xlsx", observatory.export, {"form": "xlsx"}, name="observatory-xlsx"),
    path("synchronisations/", views.runs, name="runs"),
    path("synchronisations/<int:pk>/", views.run, name="run"),
    path("synchronisations/telecharger/", views.download, name="download"),
    path("synchronisations/fichier/", views.upload, name="upload"),
]
