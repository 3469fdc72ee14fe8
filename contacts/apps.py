from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        from config.find import register_finder
        from contacts.finding import find_contacts

        register_finder(find_contacts)
