"""Why, compare, matrix, forecast; a contact's segments; statistics."""

from django.urls import path

from insights.views import compare, forecast, matrix, memberships, rfm, statistics, why

app_name = "insights"
urlpatterns = [
    path("segments/overlap/", matrix.matrix, name="matrix"),
    path("segments/<int:pk>/why/", why.find, name="why"),
    path("segments/<int:pk>/why/<int:contact>/", why.why, name="why_contact"),
    path("segments/<int:pk>/compare/", compare.compare, name="compare"),
    path("segments/<int:pk>/forecast/", forecast.forecast, name="forecast"),
    path("statistics/", statistics.everybody, name="statistics"),
    path("statistics/<slug:kind>/<int:pk>/attributes/", statistics.attributes, name="attributes"),
    path("statistics/<slug:kind>/<int:pk>/numbers/", statistics.numbers, name="numbers"),
    path("tags/<int:pk>/statistics/", statistics.tag, name="tag"),
    path("categories/<int:pk>/statistics/", statistics.category, name="category"),
    path("segments/<int:pk>/statistics/", statistics.segment, name="segment"),
    path("contacts/statistics/", statistics.contacts, name="contacts"),
    path("contacts/<int:pk>/rfm/", rfm.rfm, name="rfm"),
    path("contacts/<int:pk>/segments/", memberships.memberships, name="memberships"),
]
