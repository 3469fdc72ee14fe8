from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        """Joins in below: what the contact manager can list."""
        from contacts.manager import Tool, register_filter, register_panel, register_tool
        from insights.contact_sets import FILTERS
        from insights.statistics.lists import FILTERS as OF_STATISTICS
        from insights.views.rfm import PANEL

        register_panel(PANEL)
        for entry in (*FILTERS, *OF_STATISTICS):
            register_filter(entry)
        register_tool(Tool(name="statistics", template="insights/_tool.html"))
