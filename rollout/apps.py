from django.apps import AppConfig


class RolloutConfig(AppConfig):
    name = "rollout"

    def ready(self) -> None:
        """A deleted account is forgotten here too."""
        from accounts import hooks
        from rollout.services import forget

        hooks.deleted.append(forget)
