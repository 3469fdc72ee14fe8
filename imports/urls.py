"""Imports."""

from django.urls import path

from imports import plan_views, views

app_name = "imports"
urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/new/", views.upload, name="upload"),
    path("imports/files/<int:pk>/", plan_views.plan, name="plan"),
    path("imports/files/<int:pk>/remove/", plan_views.forget, name="forget"),
    path("imports/<int:pk>/", views.one, name="import"),
    path("imports/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("imports/<int:pk>/go-on/", views.go_on, name="go_on"),
    path("imports/<int:pk>/report/", views.report, name="report"),
    path("imports/<int:pk>/rejected/", views.rejected, name="rejected"),
]
