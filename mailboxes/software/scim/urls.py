from django.urls import path

from mailboxes.software.scim import views

urlpatterns = [
    path("Users", views.UsersView.as_view(), name="scim-users"),
    path("Users/<uuid:pk>", views.UserView.as_view(), name="scim-user"),
    path("ServiceProviderConfig", views.ConfigView.as_view(), name="scim-config"),
    path("ResourceTypes", views.ResourceTypesView.as_view(), name="scim-types"),
    path("ResourceTypes/User", views.ResourceTypeView.as_view(), name="scim-type"),
    path("Schemas", views.SchemasView.as_view(), name="scim-schemas"),
    path("Schemas/<str:schema>", views.SchemaView.as_view(), name="scim-schema"),
    path("<path:rest>", views.ScimUnknownView.as_view(), name="scim-unknown"),
]
