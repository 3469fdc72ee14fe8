"""Settings → Tracking; and what browsers on the sites ask for, which `tracker.door` answers before anything else."""

from django.urls import path

from tracker.door import EVENTS, SCRIPT
from tracker.views import sites, trying
from tracker.views.public import behind

app_name = "tracker"
urlpatterns = [
    path(SCRIPT.lstrip("/"), behind, name="script"),
    path(EVENTS.lstrip("/"), behind, name="events"),
    path("tracking/", sites.sites, name="sites"),
    path("tracking/new/", sites.create, name="create"),
    path("tracking/<int:pk>/", sites.site, name="site"),
    path("tracking/<int:pk>/edit/", sites.edit, name="edit"),
    path("tracking/<int:pk>/delete/", sites.delete, name="delete"),
    path("tracking/<int:pk>/secret/", sites.secret, name="secret"),
    path("tracking/<int:pk>/secret/drop/", sites.drop_secret, name="drop_secret"),
    path("tracking/<int:pk>/test/", trying.test, name="test"),
    path("tracking/<int:pk>/link/", trying.link, name="link"),
]
