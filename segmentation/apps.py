from django.apps import AppConfig


class SegmentationConfig(AppConfig):
    name = "segmentation"

    def ready(self) -> None:
        import activities.hooks
        import contacts.hooks
        import tags.hooks
        import tags.usage
        from config.find import register_finder
        from contacts.answering import register_engine
        from contacts.erasing.cleaners import StoredSets, register_cleaner
        from contacts.handing_over import register_part
        from contacts.manager import register_filter, register_panel, register_tool
        from jobs import registry
        from segmentation import (
            asking_tags,
            contact_answers,
            contact_pages,
            handing_over,
            hooks,
            likeness,
            merged_contacts,
            merged_tags,
            references,
            retyping,
            services,
        )
        from segmentation.builder.drafts import remove_old_drafts
        from segmentation.contact_queries import remove_old_queries, scrub_queries
        from segmentation.finding import find_segments
        from segmentation.models import Calculation, Movement, UploadedList

        registry.register(registry.JobKind("calculation", Calculation, services.calculate))
        registry.register_tick(services.refresh_due)
        registry.register_purge(services.remove_old_uploads)
        registry.register_purge(remove_old_drafts)
        registry.register_purge(remove_old_queries)
        hooks.usage.append(references.uses_of_segment)
        hooks.on_calculated.append(likeness.compare)
        tags.hooks.renamed.append(references.follow_renaming)
        tags.hooks.following.append(merged_tags.following_merge)
        tags.usage.providers.append(references.uses_of_label)
        tags.usage.losing.append(asking_tags.views_losing)
        contacts.hooks.attribute_usage.append(references.uses_of_attribute)
        contacts.hooks.breaking.append(retyping.breaking_uses)
        contacts.hooks.consent_usage.append(references.uses_of_consent)
        contacts.hooks.erasing.append(scrub_queries)
        for model, columns in ((Calculation, ("members", "joined", "left")), (Movement, ("members",))):
            register_cleaner(StoredSets(model, columns, counted=True))
        register_cleaner(StoredSets(UploadedList, ("matched",)))
        contacts.hooks.merging.append(merged_contacts.follow_merge)
        contacts.hooks.places.append(merged_contacts.places_of)
        activities.hooks.type_usage.append(references.uses_of_type)
        activities.hooks.parameter_usage.append(references.uses_of_parameter)
        register_finder(find_segments)
        register_part(handing_over.PART)
        register_engine(contact_answers.engine)
        for entry in contact_pages.FILTERS:
            register_filter(entry)
        for tool in contact_pages.TOOLS:
            register_tool(tool)
        register_panel(contact_pages.PANEL)
