"""`manage.py permissions`: list, make, change and delete permission groups, without a browser."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import override
from django_tenants.utils import tenant_context

from accounts.models import Account
from permissions import selectors, services
from permissions.models import PermissionGroup
from permissions.services import Doer, FreedError
from tags.models import Category
from users.models import User

FREE = "agree that users who are then in no group see every contact"


class Command(BaseCommand):
    """Everything here goes through the same services as the pages."""

    help = "Lists, makes, changes and deletes the permission groups of an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|create|edit|delete")
        self.verb(verbs, "list", "the groups with their categories, users and how many contacts these see")
        create = self.verb(verbs, "create", "a new group")
        create.add_argument("group", help="its name")
        create.add_argument("--category", action="append", default=[], metavar="PATH", help="as criteria name it")
        create.add_argument("--user", action="append", default=[], metavar="EMAIL")
        edit = self.verb(verbs, "edit", "change a group's users and categories")
        delete = self.verb(verbs, "delete", "delete a group")
        for changing in (edit, delete):
            changing.add_argument("group", help="its name")
            changing.add_argument("--free", action="store_true", help=FREE)
        for name, metavar in (("user", "EMAIL"), ("category", "PATH")):
            edit.add_argument(f"--add-{name}", action="append", default=[], metavar=metavar)
            edit.add_argument(f"--remove-{name}", action="append", default=[], metavar=metavar)

    @staticmethod
    def verb(verbs: Any, name: str, text: str) -> ArgumentParser:
        parser: ArgumentParser = verbs.add_parser(name, help=text)
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        return parser

    def handle(self, *_args: Any, verb: str, account: str, **options: Any) -> None:
        found = Account.objects.filter(schema_name=account).first()
        if found is None or account == "public":
            raise CommandError(f"There is no account “{account}”.")
        verbs: dict[str, Callable[..., None]] = {
            "list": self.list,
            "create": self.create,
            "edit": self.edit,
            "delete": self.delete,
        }
        with tenant_context(found), override("en"):
            try:
                verbs[verb](options)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            except FreedError as error:
                emails = ", ".join(user.email for user in error.users)
                raise CommandError(f"In no group they would see every contact: {emails}. Agree by --free.") from error

    def list(self, _options: dict[str, Any]) -> None:
        for row in selectors.listed():
            self.stdout.write(f"{row.group.name}: {row.contacts} contacts")
            self.stdout.write(f"  categories: {', '.join(each.category.slug_path for each in row.categories) or '-'}")
            self.stdout.write(f"  users: {', '.join(user.email for user in row.users) or '-'}")

    def create(self, options: dict[str, Any]) -> None:
        group = services.create_group(
            options["group"], users=users(options["user"]), categories=categories(options["category"]), doer=doer()
        )
        self.stdout.write(f"The group “{group}” is made.")

    def edit(self, options: dict[str, Any]) -> None:
        group = group_named(options["group"])
        before = set(group.users.values_list("pk", flat=True))
        services.edit_group(
            group,
            name=group.name,
            users=(before | users(options["add_user"])) - users(options["remove_user"]),
            categories=(set(selectors.categories_named(group)) | categories(options["add_category"]))
            - categories(options["remove_category"]),
            seen=group.revision,
            freed=before if options["free"] else (),
            blinded=before | users(options["add_user"]),  # whoever empties a group by name here means it
            doer=doer(),
        )
        self.stdout.write(f"The group “{group}” is saved.")

    def delete(self, options: dict[str, Any]) -> None:
        group = group_named(options["group"])
        freed = set(group.users.values_list("pk", flat=True)) if options["free"] else ()
        services.delete_group(group, freed=freed, doer=doer())
        self.stdout.write(f"The group “{group}” is deleted.")


def doer() -> Doer:
    return Doer(timezone.now(), "manage.py permissions")


def group_named(name: str) -> PermissionGroup:
    group = PermissionGroup.objects.filter(name__iexact=name).first()
    if group is None:
        raise CommandError(f"There is no group “{name}”.")
    return group


def users(emails: Iterable[str]) -> set[int]:
    return {one(User.objects.filter(email__iexact=email).first(), email) for email in emails}


def categories(paths: Iterable[str]) -> set[int]:
    return {one(Category.objects.filter(slug_path=path).first(), path) for path in paths}


def one(found: User | Category | None, name: str) -> int:
    """The id of what was named. Raises: CommandError, if there is none."""
    if found is None:
        raise CommandError(f"There is nobody and nothing called “{name}”.")
    return int(found.pk)
