"""Addresses. The HTTP API, its keys, and its description."""

from django.urls import URLPattern, URLResolver, path

from api.v1 import api
from api.v1.description import openapi
from api.views import keys
from api.views.docs import docs

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/docs", docs, name="docs"),
    path("api/v1/openapi.json", openapi, name="openapi"),
    path("api/v1/", api.urls),
    path("keys/", keys.keys, name="keys"),
    path("keys/new/", keys.create, name="key_create"),
    path("keys/<int:pk>/revoke/", keys.revoke, name="key_revoke"),
]
