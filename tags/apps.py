"""The app of labels, and where it joins in."""

from django.apps import AppConfig


class TagsConfig(AppConfig):
    """Tags and categories."""

    name = "tags"

    def ready(self) -> None:
        from config.find import register_finder
        from contacts import hooks, manager
        from contacts.creating import register_question
        from contacts.handing_over import register_part
        from jobs.registry import JobKind, register, register_tick
        from tags import (
            batches,
            counting,
            deleting,
            deleting_tags,
            erasing,
            filters,
            finding,
            handing_over,
            merging,
            merging_contacts,
            panels,
            pickers,
            usage,
        )
        from tags.models import CategoryDeletion, TagDeletion, TagMerge

        register(JobKind("category_deletion", CategoryDeletion, deleting.carry_on))
        register(JobKind("tag_deletion", TagDeletion, deleting_tags.carry_out))
        register(JobKind("tag_merge", TagMerge, merging.carry_out, stopped=merging.tidy_up))
        register_tick(counting.count_due)
        usage.providers.append(merging.uses_of_merged)
        register_finder(finding.find_tags)
        register_finder(finding.find_categories)
        register_question(pickers.QUESTION)
        manager.register_filter(filters.TAG)
        manager.register_filter(filters.CATEGORY)
        manager.register_filter(filters.CATEGORY_ONLY)
        manager.register_column(panels.COLUMN)
        manager.register_column(panels.CATEGORIES_COLUMN)
        manager.register_panel(panels.TAGS)
        manager.register_panel(panels.CATEGORIES)
        manager.register_belongings(panels.belongings)
        hooks.erasing.append(erasing.take_all_off)
        hooks.batch_labels |= {"tags": batches.Tags, "categories": batches.Categories}
        hooks.holding.append(merging_contacts.hold_labels)
        hooks.merging.append(merging_contacts.move_labels)
        for part in handing_over.PARTS:
            register_part(part)
