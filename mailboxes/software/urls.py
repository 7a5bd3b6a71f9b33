from django.urls import path

from mailboxes.software import views

urlpatterns = [
    path("logiciels/", views.software_list, name="software-list"),
    path("logiciels/declarer/", views.declare, name="software-new"),
    path("logiciels/cles/<int:pk>/renouveler/", views.rotate, name="key-rotate"),
    path("logiciels/cles/<int:pk>/revoquer/", views.revoke, name="key-revoke"),
    path("logiciels/webhooks/", views.webhook_list, name="webhook-list"),
    path("logiciels/webhooks/ajouter/", views.AddWebhookView.as_view(), name="webhook-new"),
    path("logiciels/webhooks/<int:pk>/", views.webhook, name="webhook"),
    path("logiciels/webhooks/<int:pk>/modifier/", views.ChangeWebhookView.as_view(), name="webhook-edit"),
    path("logiciels/webhooks/<int:pk>/essai/", views.webhook_try, name="webhook-try"),
    path("logiciels/webhooks/<int:pk>/secret/", views.webhook_secret, name="webhook-secret"),
    path("logiciels/livraisons/<uuid:pk>/rejouer/", views.delivery_replay, name="delivery-replay"),
]
