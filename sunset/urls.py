"""Sunsets, below the page of engagement."""

from django.urls import path

from sunset import views

app_name = "sunset"
urlpatterns = [
    path("engagement/sunset/", views.sunsets, name="list"),
    path("engagement/sunset/new/", views.new, name="new"),
    path("engagement/sunset/<int:pk>/", views.sunset, name="sunset"),
    path("engagement/sunset/<int:pk>/change/", views.change, name="change"),
    path("engagement/sunset/<int:pk>/pause/", views.pause, name="pause"),
    path("engagement/sunset/<int:pk>/resume/", views.resume, name="resume"),
    path("engagement/sunset/<int:pk>/end/", views.end, name="end"),
]
