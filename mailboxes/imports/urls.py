from django.urls import path

from mailboxes.imports import files, views

urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/nouveau/", views.ImportNewView.as_view(), name="import-new"),
    path("imports/modele.csv", files.import_template, name="import-template"),
    path("imports/<int:pk>/", views.import_page, name="import"),
    path("imports/<int:pk>/colonnes/", views.ImportColumnsView.as_view(), name="import-columns"),
    path("imports/<int:pk>/corriger/", views.ImportMendView.as_view(), name="import-mend"),
    path("imports/<int:pk>/appliquer/", views.ImportApplyView.as_view(), name="import-apply"),
    path("imports/<int:pk>/annuler/", views.ImportUndoView.as_view(), name="import-undo"),
    path("imports/<int:pk>/rapport.csv", files.import_report, name="import-report"),
    path("imports/<int:pk>/rejets.csv", files.import_rejects, name="import-rejects"),
]
