from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        """Joins in below: what is told of, what sends it, what is removed when, what blocks a deletion."""
        from exports import hooks as export_hooks
        from jobs.registry import JobKind, register, register_purge, register_tick
        from segmentation import hooks
        from webhooks import events, lane, services, usage
        from webhooks.models import Lane

        register(JobKind("webhooks", Lane, lane.carry_out, turn=lane.TURN))
        register_tick(lane.look)
        register_purge(services.remove_old)
        hooks.on_calculated.append(events.on_calculated)
        hooks.usage.append(usage.uses_of_segment)
        export_hooks.ready.append(events.on_ready)
