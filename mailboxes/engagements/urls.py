from django.urls import path

from mailboxes.engagements import views

urlpatterns = [
    path("engagements/", views.engagement_list, name="engagement-list"),
    path("engagements/nouveau/", views.NewEngagementView.as_view(), name="engagement-new"),
    path("engagements/<int:pk>/modifier/", views.ChangeEngagementView.as_view(), name="engagement-edit"),
    path("engagements/<int:pk>/clore/", views.CloseEngagementView.as_view(), name="engagement-close"),
]
