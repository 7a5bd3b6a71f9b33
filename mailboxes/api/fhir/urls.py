from django.urls import path, re_path

from mailboxes.api.fhir.kinds import KINDS
from mailboxes.api.fhir.parameters import NOT_HELD_RESOURCES
from mailboxes.api.fhir.views import MetadataView, NotHeldView, PageView, ReadView, SearchView, TypeView, UnknownView

NAMES = "|".join(KINDS)
NOT_HELD = "|".join(NOT_HELD_RESOURCES)

urlpatterns = [
    path("metadata", MetadataView.as_view(), name="fhir-metadata"),
    path("_page", PageView.as_view(), name="fhir-page"),
    re_path(rf"^(?P<name>{NAMES})/?$", TypeView.as_view(), name="fhir-type"),
    re_path(rf"^(?P<name>{NAMES})/_search$", SearchView.as_view(), name="fhir-search"),
    re_path(rf"^(?P<name>{NAMES})/(?P<resource_id>[A-Za-z0-9.\-]+)$", ReadView.as_view(), name="fhir-read"),
    re_path(rf"^(?P<name>{NOT_HELD})(?:/(?P<rest>.*))?$", NotHeldView.as_view(), name="fhir-not-held"),
    path("", UnknownView.as_view(), name="fhir"),
    path("<path:rest>", UnknownView.as_view(), name="fhir-unknown"),
]
