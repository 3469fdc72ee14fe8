"""Addresses of saved criteria, within the namespace `segmentation`."""

from django.urls import path

from segmentation import saved_views as views

urlpatterns = [
    path("saved-criteria/", views.saved, name="saved"),
    path("saved-criteria/new/", views.create, name="saved_create"),
    path("saved-criteria/save/", views.save_from_builder, name="saved_from_builder"),
    path("saved-criteria/<int:pk>/", views.edit, name="saved_edit"),
    path("saved-criteria/<int:pk>/count/", views.count, name="saved_count"),
    path("saved-criteria/<int:pk>/delete/", views.delete, name="saved_delete"),
]
