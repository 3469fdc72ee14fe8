from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    """What contacts did and bought: activities, visits, orders."""

    name = "activities"
