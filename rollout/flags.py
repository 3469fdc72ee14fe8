"""django-waffle as an app, without its care for flags of users: ours are of accounts, and kept elsewhere."""

from django.apps import AppConfig


class FlagsConfig(AppConfig):
    name = "waffle"
    default_auto_field = "django.db.models.AutoField"
