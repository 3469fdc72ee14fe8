"""Addresses of the pages of permission groups."""

from django.urls import path

from permissions.views import groups, people

app_name = "permissions"
urlpatterns = [
    path("permission-groups/", groups.groups, name="groups"),
    path("permission-groups/new/", groups.create, name="create"),
    path("permission-groups/new/look/", groups.look, name="look_new"),
    path("permission-groups/<int:pk>/", groups.group, name="group"),
    path("permission-groups/<int:pk>/look/", groups.look, name="look"),
    path("permission-groups/<int:pk>/delete/", groups.delete, name="delete"),
    path("users/<int:pk>/groups/", people.groups_of, name="groups_of"),
]
