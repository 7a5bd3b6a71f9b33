from django.urls import path, register_converter
from django.urls.converters import StringConverter

from mailboxes.openings import views
from mailboxes.openings.forms import NAMES


class OpeningStep(StringConverter):
    regex = "|".join(NAMES)


register_converter(OpeningStep, "step")

urlpatterns = [
    path("bal/demander/", views.opening, name="opening"),
    path("bal/demander/<int:draft>/abandonner/", views.opening_drop, name="opening-drop"),
    path("bal/demander/<int:draft>/<step:step>/", views.StepView.as_view(), name="opening-step"),
    path("structures/<int:structure>/nommage/", views.NamingView.as_view(), name="naming"),
]
