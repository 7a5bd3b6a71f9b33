from django.urls import path

from mailboxes.kit import views

urlpatterns = [
    path("bal/kits.zip", views.kits_zip, name="bal-kits"),
    path("bal/<int:pk>/faire-connaitre/", views.bal_kit, name="bal-kit"),
    path("bal/<int:pk>/faire-connaitre/kit.zip", views.bal_kit_zip, name="bal-kit-zip"),
    path("bal/<int:pk>/faire-connaitre/<slug:piece>.<slug:form>", views.bal_kit_piece, name="bal-kit-piece"),
]
