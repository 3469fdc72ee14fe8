from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        from config.find import register_finder
        from contacts.finding import find_contacts
        from contacts.selecting import remove_old_selections
        from jobs.registry import register_purge

        register_finder(find_contacts)
        register_purge(remove_old_selections)
