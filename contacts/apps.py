from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        from config.find import register_finder
        from contacts.erasing import cleaners, replaying
        from contacts.erasing import services as erasing
        from contacts.erasing.models import Cleaning
        from contacts.finding import find_contacts
        from contacts.manager import Tool, register_filter, register_tool
        from contacts.models import TypeChange
        from contacts.selecting import remove_old_selections
        from contacts.services import type_changes
        from contacts.value_filter import VALUE
        from jobs.registry import JobKind, register, register_purge, register_tick

        register(JobKind("type_change", TypeChange, type_changes.carry_out))
        register_filter(VALUE)
        register_tool(Tool(name="merge-selected", template="contacts/_merge_selected.html", selected=True))
        register_finder(find_contacts)
        register_purge(remove_old_selections)
        register(JobKind("cleaning", Cleaning, erasing.carry_out))
        register_tick(replaying.look)
        register_purge(replaying.replay_missing)
        cleaners.register_cleaner(cleaners.LabelWrites())
