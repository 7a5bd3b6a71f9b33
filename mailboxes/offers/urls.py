from django.urls import path

from mailboxes.offers import views

urlpatterns = [
    path("operateurs/panorama/", views.panorama, name="panorama"),
    path("operateurs/panorama/<int:structure>/<int:operator>/", views.RateView.as_view(), name="operator-rate"),
]
