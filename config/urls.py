"""Where each address leads. One line per app."""

from django.urls import include, path

from config.find import find
from config.home import home

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("find", find, name="find"),
    path("", include("users.urls")),
    path("", include("contacts.urls")),
    path("", include("tags.urls")),
    path("", include("activities.urls")),
    path("", include("permissions.urls")),
    path("", include("segmentation.urls")),
    path("", include("actions.urls")),
    path("", include("exports.urls")),
    path("", include("insights.urls")),
    path("", include("reports.urls")),
    path("", include("sunset.urls")),
    path("", include("imports.urls")),
    path("", include("webhooks.urls")),
    path("", include("tracker.urls")),
    path("", include("network.urls")),
    path("", include("api.urls")),
]
