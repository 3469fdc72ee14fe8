"""Making, changing and deleting accounts."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django_tenants.utils import schema_context, tenant_context

from accounts import hooks
from accounts.models import Account, Domain
from accounts.names import validate_account_name

HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
MIRROR = "mirror"  # under settings.VAR, a folder per account, like files


def create_account(  # noqa: PLR0913 - each is a column or the owner
    *,
    schema: str,
    name: str,
    owner_email: str,
    owner_password: str,
    owner_name: str = "",
    timezone: str = "Europe/Warsaw",
    currency: str = "PLN",
    language: str = "en",
    domains: Sequence[str] = (),
) -> Account:
    """Make an account: its schema with all tables, its host names (NAME.SITE_DOMAIN first), its owner. All or nothing.

    Everything happens in one transaction, so migrations of apps inside accounts must be atomic.
    Raises: ValidationError, if a name is bad or taken.
    """
    hosts = [f"{schema}.{settings.SITE_DOMAIN}", *(host.strip().lower() for host in domains)]
    validate_account_name(schema)
    owner = hooks.Owner(email=owner_email, name=owner_name or name, password=owner_password, language=language)
    with schema_context("public"):
        account = Account(schema_name=schema, name=name, timezone=timezone, currency=currency, language=language)
        account.next_due_at = clock.now()  # so that the first tick looks at it
        account.full_clean(exclude=["next_due_at"], validate_unique=False)
        refuse_taken(schema, hosts)
        for check in hooks.checks:
            check(owner)
        try:
            with transaction.atomic():
                account.save(verbosity=0)
                for place, host in enumerate(dict.fromkeys(hosts)):
                    Domain(tenant=account, domain=host, is_primary=place == 0).save()
                with tenant_context(account):
                    for hook in hooks.created:
                        hook(account, owner)
        except IntegrityError as error:
            raise ValidationError(_("An account or host name like this was made at the same moment.")) from error
    return account


def refuse_taken(schema: str, hosts: Sequence[str]) -> None:
    """Raises: ValidationError, if the account, its schema or a host name exists already, or is no host name."""
    if Account.objects.filter(schema_name=schema).exists():
        raise ValidationError(_("There is already an account “%(name)s”."), params={"name": schema})
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema])
        if cursor.fetchone():
            raise ValidationError(
                _("There is already a database schema “%(name)s” that belongs to no account."), params={"name": schema}
            )
    for host in hosts:
        if not HOST.fullmatch(host):
            raise ValidationError(_("“%(host)s” is not a host name."), params={"host": host})
    if settings.OPERATOR_HOST in hosts:
        raise ValidationError(
            _("The host name “%(host)s” is that of Sito's operators."), params={"host": settings.OPERATOR_HOST}
        )
    if taken := Domain.objects.filter(domain__in=hosts).first():
        raise ValidationError(_("The host name “%(host)s” leads to another account."), params={"host": taken.domain})


def change_settings(account: Account, **fields: Any) -> None:
    """Save new settings; they hold from the next request and calculation on."""
    for name, value in fields.items():
        setattr(account, name, value)
    account.save(update_fields=list(fields))


def delete_account(account: Account) -> None:
    """Remove an account with everything in it: schema, files, mirror. There is no way back.

    Its host names go first, so that nobody works in it meanwhile; its row goes last, with its schema, so that after
    a failure on the way the same call finishes the work. Dropping the schema waits for what is under way in it (an
    export writes files); only then do the folders go, so that nothing makes them again.
    """
    now = clock.now()
    with schema_context("public"):
        Domain.objects.filter(tenant=account).delete()
        for hook in hooks.deleted:
            hook(account, now)
        folders = folders_of(account)
        with transaction.atomic():
            account.delete(force_drop=True)
            for folder in folders:
                if folder.exists():
                    shutil.rmtree(folder)


def folders_of(account: Account) -> list[Path]:
    """Where an account keeps files outside the database. The name was checked when the account was made."""
    validate_account_name(account.schema_name)
    return [Path(settings.MEDIA_ROOT) / account.schema_name, Path(settings.VAR) / MIRROR / account.schema_name]
