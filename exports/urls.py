"""Export files."""

from django.urls import path

from exports import list_views, views

app_name = "exports"
urlpatterns = [
    path("exports/", views.files, name="files"),
    path("exports/<int:pk>/", views.download, name="download"),
    path("exports/<int:pk>/link/", views.link, name="link"),
    path("exports/<int:pk>/by/<str:token>/", views.by_link, name="by_link"),
    path("exports/downloads/", views.downloaded, name="downloads"),
    path("exports/lists/<int:pk>/cancel/", list_views.cancel, name="list_cancel"),
    path("exports/lists/<int:pk>/retry/", list_views.retry, name="list_retry"),
    path("segments/<int:pk>/history/<int:calculation>/export/", list_views.of_list, name="of_list"),
]
