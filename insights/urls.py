"""Why, compare, matrix, forecast."""

from django.urls import URLPattern

app_name = "insights"
urlpatterns: list[URLPattern] = []
