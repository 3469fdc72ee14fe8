from django.apps import AppConfig


class SegmentationConfig(AppConfig):
    name = "segmentation"

    def ready(self) -> None:
        import activities.hooks
        import contacts.hooks
        import tags.hooks
        import tags.usage
        from config.find import register_finder
        from contacts.manager import register_filter, register_panel
        from jobs import registry
        from segmentation import contact_pages, hooks, references, services
        from segmentation.builder.drafts import remove_old_drafts
        from segmentation.finding import find_segments
        from segmentation.models import Calculation

        registry.register(registry.JobKind("calculation", Calculation, services.calculate))
        registry.register_tick(services.refresh_due)
        registry.register_purge(services.remove_old_uploads)
        registry.register_purge(remove_old_drafts)
        hooks.usage.append(references.uses_of_segment)
        tags.hooks.renamed.append(references.follow_renaming)
        tags.usage.providers.append(references.uses_of_label)
        contacts.hooks.attribute_usage.append(references.uses_of_attribute)
        contacts.hooks.consent_usage.append(references.uses_of_consent)
        activities.hooks.type_usage.append(references.uses_of_type)
        activities.hooks.parameter_usage.append(references.uses_of_parameter)
        register_finder(find_segments)
        register_filter(contact_pages.FILTER)
        register_panel(contact_pages.PANEL)
