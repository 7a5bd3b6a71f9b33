from django.urls import path

from mailboxes.inbox import activity, styleguide, views

urlpatterns = [
    path("", views.inbox, name="dashboard"),
    path("a-faire/<slug:name>/", views.todo_list, name="finding"),
    path("a-faire/<slug:name>/remede/", views.todo_remedy, name="todo-remedy"),
    path("a-faire/<slug:name>/suivre/", views.todo_follow, name="todo-follow"),
    path("resume-du-lundi/", views.digest, name="digest"),
    path("activite/", activity.activity, name="activity"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("styleguide/courriels/<slug:name>/", styleguide.styleguide_mail, name="styleguide-mail"),
]
