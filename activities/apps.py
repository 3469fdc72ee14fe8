"""The app of activities, visits and orders, and where it joins in."""

from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    """What contacts did and bought: activities, visits, orders."""

    name = "activities"

    def ready(self) -> None:
        from activities import columns, handing_over, panels
        from activities.services import erase_facts, move_facts
        from contacts import hooks, manager
        from contacts.handing_over import register_part

        manager.register_panel(panels.TIMELINE)
        manager.register_panel(panels.NUMBERS)
        manager.register_belongings(panels.belongings)
        for column in columns.COLUMNS:
            manager.register_column(column)
        hooks.erasing.append(erase_facts)
        hooks.merging.append(move_facts)
        for part in handing_over.PARTS:
            register_part(part)
