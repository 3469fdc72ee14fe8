from django.apps import AppConfig


class PoolConfig(AppConfig):
    name = "pool"

    def ready(self) -> None:
        from accounts import hooks
        from pool.services import forget_account

        if forget_account not in hooks.deleted:
            hooks.deleted.append(forget_account)
