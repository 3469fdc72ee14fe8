"""The app of permission groups, and where it joins in."""

from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    """Permission groups: who sees which contacts."""

    name = "permissions"

    def ready(self) -> None:
        from contacts.sight import register_rule
        from permissions.sight import RULE

        register_rule(RULE)
