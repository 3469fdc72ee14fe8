"""Actions on segments."""

from django.urls import path

from actions import picked_views, undo_views, views

app_name = "actions"
urlpatterns = [
    path("contacts/actions/", picked_views.on_contacts, name="on_contacts"),
    path("contacts/actions/new/", picked_views.act, name="choose"),
    path("contacts/actions/new/<slug:kind>/", picked_views.act, name="act"),
    path("segments/<int:pk>/actions/", views.actions, name="list"),
    path("segments/<int:pk>/actions/add/", views.add, name="add"),
    path("segments/actions/<int:pk>/stop/", views.stop, name="stop"),
    path("segments/actions/runs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("segments/actions/runs/<int:pk>/retry/", views.retry, name="retry"),
    path("segments/actions/runs/<int:pk>/undo/", undo_views.undo, name="undo"),
    path("segments/actions/undo/<int:pk>/cancel/", undo_views.cancel, name="undo_cancel"),
    path("segments/actions/undo/<int:pk>/resume/", undo_views.resume, name="undo_resume"),
]
