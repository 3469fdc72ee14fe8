"""Addresses of the builder's own requests, within the namespace `segmentation`."""

from django.urls import path

from segmentation.builder import views

urlpatterns = [
    path("criteria/builder/", views.redraw, name="builder"),
    path("criteria/count/", views.count, name="count"),
    path("criteria/draft/discard", views.discard_draft, name="discard_draft"),
]
