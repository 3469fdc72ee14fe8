"""Addresses. The HTTP API, its keys, and its description."""

from django.urls import URLPattern

app_name = "api"
urlpatterns: list[URLPattern] = []
