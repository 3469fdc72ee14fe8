from django.urls import path

from activities.views import timeline, types

app_name = "activities"
urlpatterns = [
    path("contacts/<int:pk>/timeline/", timeline.timeline, name="timeline"),
    path("activity-types/", types.types, name="types"),
    path("activity-types/new/", types.create, name="type_create"),
    path("activity-types/<int:pk>/", types.type_page, name="type"),
    path("activity-types/<int:pk>/rename/", types.rename, name="type_rename"),
    path("activity-types/<int:pk>/delete/", types.delete, name="type_delete"),
    path("activity-types/<int:pk>/parameters/", types.add_parameter, name="parameter_create"),
    path("activity-types/parameters/<int:pk>/rename/", types.rename_parameter, name="parameter_rename"),
    path("activity-types/parameters/<int:pk>/delete/", types.delete_parameter, name="parameter_delete"),
]
