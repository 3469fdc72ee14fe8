from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SunsetConfig(AppConfig):
    name = "sunset"

    def ready(self) -> None:
        """Joins in below: the kinds of its actions, its lists, what it needs, what follows contacts, its area."""
        import accounts.hooks
        import contacts.hooks
        import tags.usage
        from actions.kinds import register
        from contacts.handing_over import register_part
        from contacts.manager import register_filter
        from jobs.registry import register_tick
        from rollout import areas
        from segmentation import hooks
        from sunset import parts
        from sunset.contact_sets import FILTERS
        from sunset.kinds import OURS
        from sunset.services import pause_closed

        for kind in OURS:
            register(kind)
            hooks.action_kinds.append(hooks.ActionKind(kind.name, kind.title, kind.icon))
        for entry in FILTERS:
            register_filter(entry)
        hooks.usage.append(parts.uses_of_segment)
        hooks.affected.append(parts.affected_by)
        hooks.guides.append(parts.GUIDE)
        tags.usage.providers.append(parts.uses_of_label)
        contacts.hooks.consent_usage.append(parts.uses_of_consent)
        accounts.hooks.settings_consequences.append(parts.stopped_by_settings)
        contacts.hooks.erasing.append(parts.forget)
        contacts.hooks.merging.append(parts.follow_merge)
        register_part(parts.HANDED_OVER)
        register_tick(pause_closed)
        areas.register(
            areas.Area(
                key="sunset",
                name=_("Sunset"),
                opens=_("Setting up sunsets: who has been silent for long is tagged, and withdrawn from in the end."),
                closed=_(
                    "Sunsets are paused and act on nobody. Once it is open again, somebody has to let each go on."
                ),
                pages=("sunset:*",),
            )
        )
