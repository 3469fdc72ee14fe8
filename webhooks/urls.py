"""Settings → Webhooks."""

from django.urls import path

from webhooks.views import deliveries, endpoints

app_name = "webhooks"
urlpatterns = [
    path("webhooks/", endpoints.endpoints, name="endpoints"),
    path("webhooks/new/", endpoints.create, name="create"),
    path("webhooks/<int:pk>/", endpoints.endpoint, name="endpoint"),
    path("webhooks/<int:pk>/edit/", endpoints.edit, name="edit"),
    path("webhooks/<int:pk>/delete/", endpoints.delete, name="delete"),
    path("webhooks/<int:pk>/on/", endpoints.switch_on, name="switch_on"),
    path("webhooks/<int:pk>/off/", endpoints.switch_off, name="switch_off"),
    path("webhooks/<int:pk>/secret/", endpoints.secret, name="secret"),
    path("webhooks/<int:pk>/secret/drop/", endpoints.drop_secret, name="drop_secret"),
    path("webhooks/<int:pk>/test/", deliveries.ping, name="ping"),
    path("webhooks/<int:pk>/replay/", deliveries.replay_failed, name="replay_failed"),
    path("webhooks/deliveries/<int:pk>/", deliveries.delivery, name="delivery"),
    path("webhooks/deliveries/<int:pk>/replay/", deliveries.replay, name="replay"),
]
