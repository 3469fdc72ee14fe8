"""Actions on segments."""

from django.urls import path

from actions import views

app_name = "actions"
urlpatterns = [
    path("segments/<int:pk>/actions/", views.actions, name="list"),
    path("segments/<int:pk>/actions/add/", views.add, name="add"),
    path("segments/actions/<int:pk>/stop/", views.stop, name="stop"),
    path("segments/actions/runs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("segments/actions/runs/<int:pk>/retry/", views.retry, name="retry"),
]
