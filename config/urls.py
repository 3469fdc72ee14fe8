"""Where each address leads. One line per app."""

from django.urls import include, path

urlpatterns = [
    path("", include("users.urls")),
    path("", include("contacts.urls")),
    path("", include("tags.urls")),
    path("", include("segmentation.urls")),
    path("", include("actions.urls")),
    path("", include("exports.urls")),
]
