from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        from accounts import hooks
        from users.services import check_owner, create_owner

        if check_owner not in hooks.checks:
            hooks.checks.append(check_owner)
        if create_owner not in hooks.created:
            hooks.created.append(create_owner)
