from django.urls import path

from mailboxes.scim.views import ConfigView, ResourceTypesView, ScimUnknownView, UsersView, UserView

urlpatterns = [
    path("Users", UsersView.as_view(), name="scim-users"),
    path("Users/<uuid:pk>", UserView.as_view(), name="scim-user"),
    path("ServiceProviderConfig", ConfigView.as_view(), name="scim-config"),
    path("ResourceTypes", ResourceTypesView.as_view(), name="scim-types"),
    path("<path:rest>", ScimUnknownView.as_view(), name="scim-unknown"),
]
