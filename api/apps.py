from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        """Joins in below."""
        from api import going_on, reading, repeats
        from contacts.erasing.cleaners import register_cleaner
        from contacts.hooks import erasing
        from jobs.registry import register_purge
        from segmentation import hooks
        from users.parts import register_going_on

        register_purge(repeats.purge_kept)
        erasing.append(repeats.erase_kept)
        register_cleaner(repeats.KeptAnswers())
        register_going_on("api keys", going_on.keys_of)
        hooks.usage.append(reading.uses_of)
