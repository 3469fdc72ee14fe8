from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        """Joins in below."""
        from api import repeats
        from jobs.registry import register_purge

        register_purge(repeats.purge_kept)
