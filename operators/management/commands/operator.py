"""`manage.py operator create|list|password|remove`: who may open the operators' pages."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import LANGUAGES
from operators.models import Operator
from operators.services import create_operator, let_go, set_password


class Command(BaseCommand):
    help = "Make, list and let go operators: those who open areas of Sito to accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        create = commands.add_parser("create", help="make an operator")
        create.add_argument("email")
        create.add_argument("--name", default="")
        create.add_argument("--password", help="made up and printed if not given")
        create.add_argument("--language", default="en", choices=[code for code, _name in LANGUAGES])
        commands.add_parser("list", help="list the operators")
        password = commands.add_parser("password", help="a new password; whoever is signed in is signed out")
        password.add_argument("email")
        password.add_argument("--password", help="made up and printed if not given")
        remove = commands.add_parser("remove", help="let an operator go; the log keeps the name")
        remove.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            {"create": self.create, "list": self.list, "password": self.password, "remove": self.remove}[
                options["what"]
            ](options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def create(self, options: dict[str, Any]) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        operator = create_operator(
            email=options["email"], name=options["name"], password=password, language=options["language"]
        )
        where = (
            f"The pages are at the host {settings.OPERATOR_HOST}."
            if settings.OPERATOR_HOST
            else "OPERATOR_HOST is empty."
        )
        self.stdout.write(f"Operator {operator.email} is made. {where}")
        self.say(options, password)

    def list(self, _options: dict[str, Any]) -> None:
        """One operator a line, tabs between, so that scripts can cut it."""
        for operator in Operator.objects.order_by("email"):
            state = "active" if operator.is_active else "let go"
            self.stdout.write("\t".join((operator.email, operator.name, state, f"{operator.created_at:%Y-%m-%d}")))

    def password(self, options: dict[str, Any]) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        set_password(called(options["email"]), password)
        self.stdout.write("The password is set.")
        self.say(options, password)

    def remove(self, options: dict[str, Any]) -> None:
        let_go(called(options["email"]))
        self.stdout.write(f"{options['email']} is let go.")

    def say(self, options: dict[str, Any], password: str) -> None:
        if not options["password"]:
            self.stdout.write(f"Password: {password}")


def called(email: str) -> Operator:
    found = Operator.objects.filter(email__iexact=email, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no operator {email}.")
    return found
