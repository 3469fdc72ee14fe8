"""The app of permission groups, and where it joins in."""

from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    """Permission groups: who sees which contacts."""

    name = "permissions"

    def ready(self) -> None:
        from contacts import sight
        from permissions import joining, parts
        from permissions.sight import RULE, holders
        from tags import hooks, pickers, seeing, usage
        from users.parts import register_card, register_marks, register_question

        sight.register_rule(RULE)
        pickers.register_rule(joining.allowed)
        seeing.register_holders(holders)
        if joining.uses not in usage.providers:
            usage.providers.append(joining.uses)
        if joining.said_of_move not in hooks.moving:
            hooks.moving.append(joining.said_of_move)
        register_marks("sight", parts.marks)
        register_card(parts.CARD)
        register_question(parts.QUESTION)
