from django.urls import path

from mailboxes.mailserver import views

urlpatterns = [
    path("operateurs/<int:operator>/serveur/", views.MailServerView.as_view(), name="operator-server"),
    path("bal/<int:pk>/secret/", views.GiveSecretView.as_view(), name="bal-secret"),
    path("bal/<int:pk>/reponse-automatique/", views.AskReplyView.as_view(), name="bal-reply"),
    path("bal/<int:pk>/reponse-automatique/retirer/", views.EndReplyView.as_view(), name="bal-reply-end"),
]
