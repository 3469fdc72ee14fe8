"""The app of labels, and where it joins in."""

from django.apps import AppConfig


class TagsConfig(AppConfig):
    """Tags and categories."""

    name = "tags"

    def ready(self) -> None:
        from config.find import register_finder
        from jobs.registry import register_tick
        from tags import counting, finding

        register_tick(counting.count_due)
        register_finder(finding.find_tags)
        register_finder(finding.find_categories)
