"""Addresses. Tells other systems what happened, over HTTP."""

from django.urls import URLPattern

app_name = "webhooks"
urlpatterns: list[URLPattern] = []
