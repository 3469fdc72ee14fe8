"""Settings → Network signal."""

from django.urls import path

from network import views

app_name = "network"
urlpatterns = [
    path("network/", views.signal, name="signal"),
    path("network/on/", views.switch_on, name="on"),
    path("network/off/", views.switch_off, name="off"),
]
