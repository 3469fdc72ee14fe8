"""Why, compare, matrix, forecast; a contact's segments; statistics."""

from django.urls import path

from insights.views import (
    buyers,
    compare,
    engagement,
    forecast,
    matrix,
    memberships,
    over_time,
    overlap,
    overlap_near,
    rfm,
    statistics,
    why,
)

app_name = "insights"
urlpatterns = [
    path("overlap/", overlap.overlap, name="overlap"),
    path("overlap/near/", overlap_near.near, name="near"),
    path("overlap/numbers/", overlap.numbers, name="overlap_numbers"),
    path("segments/overlap/", matrix.matrix, name="matrix"),
    path("segments/overlap/numbers/", matrix.numbers, name="matrix_numbers"),
    path("segments/<int:pk>/why/", why.find, name="why"),
    path("segments/<int:pk>/why/<int:contact>/", why.why, name="why_contact"),
    path("segments/<int:pk>/compare/", compare.compare, name="compare"),
    path("segments/<int:pk>/forecast/", forecast.forecast, name="forecast"),
    path("buyers/", buyers.rfm, name="buyers"),
    path("buyers/numbers/", buyers.rfm_numbers, name="buyers_numbers"),
    path("buyers/spenders/", buyers.spending, name="spenders"),
    path("buyers/spenders/numbers/", buyers.spending_numbers, name="spenders_numbers"),
    path("over-time/", over_time.over_time, name="over_time"),
    path("over-time/numbers/", over_time.numbers, name="over_time_numbers"),
    path("engagement/", engagement.engagement, name="engagement"),
    path("engagement/numbers/", engagement.numbers, name="engagement_numbers"),
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
