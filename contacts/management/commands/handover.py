"""`manage.py handover`: all data of one contact as an archive, as their page hands it over."""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from contacts.handing_over import archive, note_handed_over
from contacts.models import Contact
from contacts.naming import ids_named


class Command(BaseCommand):
    help = "Writes all data of one contact into a ZIP archive: JSON, and a table of each kind. Noted in their history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True)
        parser.add_argument("--contact", required=True, metavar="ID|EMAIL|external:ID")
        parser.add_argument("file", metavar="FILE", help="is made, and never written over")

    def handle(self, *args: Any, **options: Any) -> None:
        account = account_called(options["account"])
        target = Path(options["file"])
        with tenant_context(account):
            ids, _unknown = ids_named([options["contact"]])
            person = Contact.objects.filter(pk__in=ids).first()
            if person is None:
                raise CommandError(f"There is no contact {options['contact']}.")
            try:
                target.touch(mode=0o600, exist_ok=False)
            except OSError as error:
                raise CommandError(f"{target}: {error.strerror}") from error
            note_handed_over(person, now=timezone.now(), by=None)
            with archive(person) as made, target.open("wb") as file:
                shutil.copyfileobj(made, file)
        self.stdout.write(f"All data of contact {person.pk} is in {target}.")
