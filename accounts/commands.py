"""What commands of all apps have in common."""

from django.core.management.base import CommandError

from accounts.models import Account


def account_called(name: str | None) -> Account:
    """The account of this name in addresses, as `--account` says it. Raises: CommandError."""
    found = Account.objects.exclude(schema_name="public").filter(schema_name=name or "").first()
    if found is None:
        raise CommandError(f"There is no account “{name}”." if name else "Which account? --account NAME.")
    return found
