"""Addresses. Brings data in from files: contacts, orders and activities."""

from django.urls import URLPattern

app_name = "imports"
urlpatterns: list[URLPattern] = []
