"""Addresses. The script on the customer's site, and what it reports."""

from django.urls import URLPattern

app_name = "tracker"
urlpatterns: list[URLPattern] = []
