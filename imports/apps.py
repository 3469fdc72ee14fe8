from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "imports"

    def ready(self) -> None:
        """Joins in below: the job, the list of an import's contacts, what goes when."""
        from contacts.erasing.cleaners import StoredSets, register_cleaner
        from contacts.manager import register_filter
        from imports import erasing, people, running, services
        from imports.models import SETS, Import
        from jobs.registry import JobKind, register_purge
        from jobs.registry import register as register_job

        register_job(JobKind("import", Import, running.carry_out, stopped=running.tidy_up))
        register_filter(people.FILTER)
        register_cleaner(erasing.Files())
        register_cleaner(erasing.Uploads())
        register_cleaner(StoredSets(Import, SETS))
        register_purge(services.remove_old)
