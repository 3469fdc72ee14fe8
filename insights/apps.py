from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        """Joins in below: what the contact manager can list."""
        from contacts.manager import register_filter
        from insights.contact_sets import FILTERS
        from insights.statistics.lists import FILTERS as OF_STATISTICS

        for entry in (*FILTERS, *OF_STATISTICS):
            register_filter(entry)
