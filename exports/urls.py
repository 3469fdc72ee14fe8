"""Export files."""

from django.urls import path

from exports import views

app_name = "exports"
urlpatterns = [
    path("exports/", views.files, name="files"),
    path("exports/<int:pk>/", views.download, name="download"),
]
