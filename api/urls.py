"""Addresses. The HTTP API, its keys, and its description."""

from django.urls import URLPattern, URLResolver, path

from api.v1 import api

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
]
