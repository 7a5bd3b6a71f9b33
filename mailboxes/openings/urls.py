from django.urls import path, register_converter
from django.urls.converters import StringConverter

from mailboxes.openings import views
from mailboxes.openings.forms import NAMES


class OpeningStepConverter(StringConverter):
    regex = "|".join(NAMES)


register_converter(OpeningStepConverter, "step")

urlpatterns = [
    path("bal/demander/", views.opening, name="opening"),
    path("bal/demander/<int:draft>/abandonner/", views.DropDraftView.as_view(), name="opening-drop"),
    path("bal/demander/<int:draft>/<step:step>/", views.OpeningStepView.as_view(), name="opening-step"),
    path("structures/<int:structure>/nommage/", views.NamingPolicyView.as_view(), name="naming"),
]
