from django.apps import AppConfig


class TrackerConfig(AppConfig):
    name = "tracker"

    def ready(self) -> None:
        """Joins in below: what goes and moves with a contact, what needs a consent, what is removed when."""
        from contacts import hooks
        from jobs.registry import register_purge
        from tracker import counting, joining, services

        hooks.erasing.append(joining.erase)
        hooks.merging.append(joining.merge)
        hooks.consent_usage.append(joining.uses_of_consent)
        register_purge(services.remove_seen)
        register_purge(counting.remove_old)
