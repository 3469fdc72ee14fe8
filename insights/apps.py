from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        """Joins in below: what the contact manager can list."""
        from contacts.hooks import witnesses
        from contacts.manager import Tool, register_filter, register_panel, register_tool
        from insights.buyers import erased
        from insights.buyers.lists import FILTERS as OF_BUYERS
        from insights.contact_sets import FILTERS
        from insights.engagement import erased as engaged_then
        from insights.engagement.interacted import INTERACTED
        from insights.engagement.lists import FILTER as OF_ENGAGEMENT
        from insights.over_time.lists import FILTERS as OVER_TIME
        from insights.part_sets import FILTERS as OF_PARTS
        from insights.statistics.lists import FILTERS as OF_STATISTICS
        from insights.views.rfm import PANEL
        from rollout import areas

        register_panel(PANEL)
        witnesses[erased.NAME] = erased.first_bought
        witnesses[engaged_then.NAME] = engaged_then.witness
        for entry in (INTERACTED, OF_ENGAGEMENT, *FILTERS, *OF_STATISTICS, *OF_BUYERS, *OF_PARTS, *OVER_TIME):
            register_filter(entry)
        areas.register(
            areas.Area(
                key="over_time",
                name=_("Over time"),
                opens=_(
                    "Size, who joined and left, revenue of members and how long they stay, of segments and labels."
                ),
                closed=_("Nothing is lost: calculations and lost labels are kept, so the past is there when it opens."),
                pages=("insights:over_time*",),
            )
        )
        register_tool(Tool(name="statistics", template="insights/_tool.html"))
