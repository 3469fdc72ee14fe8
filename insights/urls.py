"""Why, compare, matrix, forecast; a contact's segments."""

from django.urls import path

from insights.views import compare, forecast, matrix, memberships, why

app_name = "insights"
urlpatterns = [
    path("segments/overlap/", matrix.matrix, name="matrix"),
    path("segments/<int:pk>/why/", why.find, name="why"),
    path("segments/<int:pk>/why/<int:contact>/", why.why, name="why_contact"),
    path("segments/<int:pk>/compare/", compare.compare, name="compare"),
    path("segments/<int:pk>/forecast/", forecast.forecast, name="forecast"),
    path("contacts/<int:pk>/segments/", memberships.memberships, name="memberships"),
]
