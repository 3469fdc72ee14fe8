"""`manage.py account create|list|delete`: an operator makes, sees and removes accounts."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import LANGUAGES, Account
from accounts.services import create_account, delete_account


class Command(BaseCommand):
    help = "Make, list and delete accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        create = commands.add_parser("create", help="make an account with its owner")
        create.add_argument("account", help="host label and schema: small letters and digits")
        create.add_argument("--name", help="what its users read; the label if not given")
        create.add_argument("--owner-email", required=True)
        create.add_argument("--owner-name", default="")
        create.add_argument("--password", help="of the owner; made up and printed if not given")
        create.add_argument("--timezone", default="Europe/Warsaw")
        create.add_argument("--currency", default="PLN")
        create.add_argument("--language", default="en", choices=[code for code, _name in LANGUAGES])
        create.add_argument("--domain", action="append", default=[], help="another host name; may be repeated")
        commands.add_parser("list", help="list the accounts")
        delete = commands.add_parser("delete", help="delete an account and everything in it")
        delete.add_argument("account")
        delete.add_argument("--confirm", metavar="NAME", help="the account's name once more, instead of being asked")

    def handle(self, *args: Any, **options: Any) -> None:
        {"create": self.create, "list": self.list, "delete": self.delete}[options["what"]](options)

    def create(self, options: dict[str, Any]) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        try:
            account = create_account(
                schema=options["account"],
                name=options["name"] or options["account"],
                owner_email=options["owner_email"],
                owner_password=password,
                owner_name=options["owner_name"],
                timezone=options["timezone"],
                currency=options["currency"].upper(),
                language=options["language"],
                domains=options["domain"],
            )
        except ValidationError as error:
            raise CommandError(sentences(error)) from error
        hosts = ", ".join(account.domains.order_by("-is_primary", "pk").values_list("domain", flat=True))
        self.stdout.write(f"Account {account.schema_name} is made. Hosts: {hosts}. Owner: {options['owner_email']}.")
        if not options["password"]:
            self.stdout.write(f"Password: {password}")

    def list(self, _options: dict[str, Any]) -> None:
        """One account a line, tabs between, so that scripts can cut it."""
        for account in Account.objects.prefetch_related("domains").order_by("schema_name"):
            hosts = ",".join(sorted(domain.domain for domain in account.domains.all()))
            cells = (account.schema_name, account.name, hosts, account.timezone, f"{account.created_at:%Y-%m-%d}")
            self.stdout.write("\t".join(cells))

    def delete(self, options: dict[str, Any]) -> None:
        name = options["account"]
        account = Account.objects.filter(schema_name=name).first()
        if account is None:
            raise CommandError(f"There is no account “{name}”.")
        typed = options["confirm"]
        if typed is None:
            self.stdout.write(f"This deletes “{account.name}”: contacts, segments, files, everything, for ever.")
            typed = ask(f"Type {name} to go on: ")
        if typed.strip() != name:
            raise CommandError("The name does not match. Nothing was deleted.")
        delete_account(account)
        self.stdout.write(f"Account {name} is deleted.")


def ask(question: str) -> str:
    """What was typed; nothing, when nobody is there to type."""
    try:
        return input(question)
    except EOFError:
        return ""


def sentences(error: ValidationError) -> str:
    """The errors on one line, each with its field if it has one."""
    if hasattr(error, "error_dict"):
        return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
    return " ".join(error.messages)
