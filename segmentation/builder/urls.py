"""Addresses of the builder's own requests, within the namespace `segmentation`."""

from django.urls import path

from segmentation.builder import looking, views

urlpatterns = [
    path("criteria/builder/", views.redraw, name="builder"),
    path("criteria/count/", views.count, name="count"),
    path("criteria/values/", looking.values, name="values"),
    path("criteria/distribution/", looking.distribution, name="distribution"),
    path("criteria/draft/discard", views.discard_draft, name="discard_draft"),
]
