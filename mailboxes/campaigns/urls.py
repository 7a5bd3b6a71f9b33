from django.urls import path

from mailboxes.campaigns import my_views, recurrence, views

urlpatterns = [
    path("mes-bal/questions/", my_views.my_campaigns, name="my-campaigns"),
    path("mes-bal/questions/<int:pk>/", my_views.campaign_answer, name="campaign-answer"),
    path("questions/<str:token>/", my_views.campaign_link, name="campaign-link"),
    path("campagnes/", views.campaign_list, name="campaign-list"),
    path("campagnes/nouvelle/", views.LaunchView.as_view(), name="campaign-new"),
    path("campagnes/revues/", recurrence.recurrence_list, name="recurrence-list"),
    path("campagnes/revues/<int:structure>/", recurrence.RecurrenceView.as_view(), name="recurrence"),
    path("campagnes/<int:pk>/", views.campaign, name="campaign"),
    path("campagnes/<int:pk>/rappeler/", views.RemindView.as_view(), name="campaign-remind"),
    path("campagnes/<int:pk>/clore/", views.CloseView.as_view(), name="campaign-close"),
    path("campagnes/<int:pk>/rapport.pdf", views.campaign_pdf, name="campaign-pdf"),
    path("campagnes/<int:pk>/rapport.xlsx", views.campaign_xlsx, name="campaign-xlsx"),
]
