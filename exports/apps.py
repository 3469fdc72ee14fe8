from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    name = "exports"

    def ready(self) -> None:
        """Joins in below: the kind of action, the list beside those of segments, what is removed when."""
        from actions.kinds import register
        from contacts import hooks as contact_hooks
        from contacts.erasing.cleaners import StoredSets, register_cleaner
        from exports import erasing, lists, selectors, services, usage
        from exports.kind import Export
        from exports.models import ListExport
        from jobs.registry import JobKind, register_purge
        from jobs.registry import register as register_job
        from segmentation import hooks

        kind = Export()
        register(kind)
        hooks.action_kinds.append(hooks.ActionKind(kind.name, kind.title, kind.icon))
        register_job(JobKind("list_export", ListExport, lists.carry_out, stopped=lists.tidy_up))
        hooks.tabs.append(hooks.Tab(_("Export files"), "exports:files", selectors.count_for))
        hooks.deleting.append(services.forget_segment)
        contact_hooks.attribute_usage.append(usage.uses_of_attribute)
        contact_hooks.consent_usage.append(usage.uses_of_consent)
        contact_hooks.copies.append(erasing.COPIES)
        register_cleaner(erasing.Files())
        register_cleaner(StoredSets(ListExport, ("seen",)))
        register_purge(services.remove_expired)
