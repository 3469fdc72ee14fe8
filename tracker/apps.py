from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrackerConfig(AppConfig):
    name = "tracker"

    def ready(self) -> None:
        """Joins in below: what goes and moves with a contact, what needs a consent, what is removed when."""
        from contacts import hooks
        from jobs.registry import register_purge
        from rollout import areas
        from tracker import counting, joining, services

        hooks.erasing.append(joining.erase)
        hooks.merging.append(joining.merge)
        hooks.consent_usage.append(joining.uses_of_consent)
        register_purge(services.remove_seen)
        register_purge(counting.remove_old)
        areas.register(
            areas.Area(
                key="tracking",
                name=_("Tracking"),
                opens=_("Sites report what identified contacts look at there: Settings, Tracking, and the script."),
                closed=_("What sites report is refused; sites, their secrets and what was reported stay as they are."),
                pages=("tracker:*",),
                api=("/api/v1/tracking",),
            )
        )
