from django.urls import path

from mailboxes.protocol import views

urlpatterns = [
    path("protocole/", views.protocols, name="protocols"),
    path("protocole/<int:pk>/", views.protocol, name="protocol"),
    path("protocole/<int:pk>/modifier/", views.WriteProtocolView.as_view(), name="protocol-edit"),
    path("protocole/<int:pk>/document.pdf", views.protocol_pdf, name="protocol-pdf"),
]
