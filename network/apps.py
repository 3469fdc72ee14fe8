from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NetworkConfig(AppConfig):
    name = "network"

    def ready(self) -> None:
        """Joins in below: the job, what goes with a contact, what a consent is needed for, where the bit is shown."""
        from contacts import hooks
        from contacts.erasing.cleaners import StoredSets, register_cleaner
        from contacts.handing_over import register_part
        from contacts.manager import register_filter, register_panel
        from jobs.registry import JobKind, register, register_purge, register_tick
        from network import exchanging, joining, services, showing
        from network.models import Exchange
        from rollout import areas

        areas.register(
            areas.Area(
                key=showing.AREA,
                name=_("Network signal"),
                opens=_(
                    "The page of the network signal in the settings; it stays off until the account switches it on."
                ),
                closed=_("Nothing is given or asked. Fingerprints and marks are hidden, and are removed within days."),
                pages=("network:*",),
            )
        )
        exchange = JobKind(
            "network_exchange", Exchange, exchanging.carry_out, stopped=exchanging.stopped, area=showing.AREA
        )
        register(exchange)
        register_tick(services.look, area=showing.AREA)
        register_purge(services.remove_old)
        register_cleaner(StoredSets(Exchange, ("engaged",)))
        hooks.erasing.append(joining.erase)
        hooks.merging.append(joining.merge)
        hooks.consent_usage.append(joining.uses_of_consent)
        register_part(joining.PART)
        register_panel(showing.PANEL)
        register_filter(showing.FILTER)
