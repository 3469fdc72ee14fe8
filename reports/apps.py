from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        """Joins in below: what is told before a label goes; an area that can be opened to some accounts;
        what a list of contacts is of that a part tells."""
        from insights.statistics import lists
        from reports.parts import PARTS
        from reports.selectors import losing_with
        from rollout import areas
        from tags import usage

        for part in PARTS.values():
            lists.registered.update(part.lists)
        usage.losing.append(losing_with)
        areas.register(
            areas.Area(
                key="reports",
                name=_("Reports"),
                opens=_("Insights, Reports: reports that are saved, shared, printed and taken as files."),
                closed=_("Saved reports are kept, and nobody can open them."),
                pages=("reports:*",),
            )
        )
