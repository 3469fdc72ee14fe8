from django.apps import AppConfig


class MirrorConfig(AppConfig):
    """The columnar copy of contacts and facts that the engine scans."""

    name = "mirror"

    def ready(self) -> None:
        """The job that brings files up to date, the look that wakes it, and the purge."""
        import contacts.hooks
        from activities import hooks
        from contacts.erasing.cleaners import remains
        from jobs.registry import register, register_purge, register_tick
        from mirror import purging, services, tasks

        hooks.recorded.append(services.touched)
        contacts.hooks.retyped.append(services.forget_contacts)
        contacts.hooks.written.append(services.touched)
        remains.append(services.holding)
        register(tasks.KIND)
        register_tick(tasks.look)
        register_purge(purging.purge)
