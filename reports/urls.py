"""Insights → Reports."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("reports/", views.index, name="index"),
    path("reports/new/", views.create, name="create"),
    path("reports/<int:pk>/", views.report, name="report"),
    path("reports/<int:pk>/numbers/", views.numbers, name="numbers"),
    path("reports/<int:pk>/edit/", views.edit, name="edit"),
    path("reports/<int:pk>/copy/", views.copy, name="copy"),
    path("reports/<int:pk>/delete/", views.delete, name="delete"),
]
