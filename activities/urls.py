from django.urls import path

from activities.views import timeline

app_name = "activities"
urlpatterns = [
    path("contacts/<int:pk>/timeline/", timeline.timeline, name="timeline"),
]
