"""`manage.py tracker`: the sites, and tokens of contacts, without a browser."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import override
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from contacts.models import Consent
from tracker import recording, selectors, services, tokens
from tracker.arriving import DAYS, since
from tracker.models import TrackedSite
from tracker.origins import origin_of
from tracker.services import Settings, SiteError
from tracker.tokens import Named


class Command(BaseCommand):
    """Everything here goes through the same services as the pages."""

    help = "Lists and adds sites that are tracked, and makes tokens that name a contact."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|add|token")
        listing = verbs.add_parser("list", help="the sites, with what came from them")
        add = verbs.add_parser("add", help="add a site; its secret is printed this once")
        token = verbs.add_parser("token", help="a token that names a contact, for a page or a link of a site")
        for verb in (listing, add, token):
            verb.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        add.add_argument("--name", required=True)
        add.add_argument("--origin", required=True, action="append", metavar="ADDRESS", help="may be repeated")
        add.add_argument("--consent", metavar="KEY", help="the consent that a contact must have given")
        token.add_argument("--site", required=True, metavar="KEY", help="as its line on the pages says it")
        named = token.add_mutually_exclusive_group(required=True)
        named.add_argument("--id")
        named.add_argument("--external-id", dest="external_id")
        named.add_argument("--email")
        token.add_argument("--days", type=int, default=tokens.DAYS, help=f"how long it holds; default: {tokens.DAYS}")

    def handle(self, *_args: Any, verb: str, account: str, **options: Any) -> None:
        with tenant_context(account_called(account)), override("en"):
            try:
                {"list": self.list, "add": self.add, "token": self.token}[verb](options)
            except (SiteError, ValidationError) as error:
                raise CommandError(" ".join(getattr(error, "messages", [str(error)]))) from error

    def list(self, _options: dict[str, Any]) -> None:
        for site in selectors.listed(since=since(timezone.now())):
            state = "on" if site.active else "off"
            last = f"{site.last_at:%Y-%m-%dT%H:%M:%SZ}" if site.last_at else "never"
            self.stdout.write(f"{site.key} {site.name}: {', '.join(site.origins)}")
            self.stdout.write(f"  {state}; stored in {DAYS} days: {site.stored}, the last: {last}")

    def add(self, options: dict[str, Any]) -> None:
        consent = Consent.objects.filter(key=options["consent"], retired_at=None).first()
        if options["consent"] and consent is None:
            raise CommandError(f"There is no consent “{options['consent']}” that can be given.")
        origins = list(dict.fromkeys(origin_of(each) for each in options["origin"]))
        asked = Settings(options["name"].strip()[:120] or "Site", origins, consent)
        site = services.create_site(asked, now=timezone.now(), by=None)
        self.stdout.write(f"key {site.key}\nsecret {site.secret}")

    def token(self, options: dict[str, Any]) -> None:
        site = TrackedSite.objects.filter(key=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site with the key “{options['site']}”.")
        [named] = [Named(way, options[way]) for way in tokens.WAYS if options[way] is not None]
        if recording.found(named) is None:
            raise CommandError("There is no such contact.")
        try:
            lasts = timedelta(days=options["days"])
            self.stdout.write(services.token_for(site, named, now=timezone.now(), lasts=lasts))
        except (ValueError, OverflowError) as error:
            most = tokens.LONGEST_LIFE.days
            raise CommandError(f"A token holds from 1 to {most} days.") from error
