from django.urls import path

from mailboxes.offers import views

urlpatterns = [
    path("panorama/", views.panorama, name="panorama"),
    path("panorama/<int:structure>/<int:operator>/", views.RateView.as_view(), name="operator-rate"),
]
