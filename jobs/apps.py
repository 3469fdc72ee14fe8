from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        """What opens has its looks and jobs go on at once."""
        from jobs.services import due_in
        from rollout import hooks

        hooks.moved.append(due_in)
