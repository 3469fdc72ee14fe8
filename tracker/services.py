"""Writes: sites, their secrets, tokens; removing what is old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from contacts.models import Consent
from contacts.services.errors import LostUpdateError
from tracker import tokens
from tracker.models import TrackedSite
from tracker.recording import SILENCE
from tracker.reports import OLDEST
from users.models import User

OVERLAP = timedelta(days=30)  # how long tokens of the secret before the last still hold: links in mails live long
SEEN = 2 * OLDEST  # what came a day late is known for another day
MOST = 50  # sites of an account
PER_PURGE = 20_000
assert SEEN > OLDEST + SILENCE  # noqa: S101 - else a late event would begin a visit that has begun


class SiteError(Exception):
    """What was asked may not be done; the message is for whoever asked."""


@dataclass(frozen=True)
class Settings:
    """What a site is called, whose pages may report, on which consent, and whether they do."""

    name: str
    origins: list[str]
    consent: Consent | None
    active: bool = True


def create_site(asked: Settings, *, now: datetime, by: User | None) -> TrackedSite:
    """A new one, with a key and a secret of its own. Raises: SiteError, if there are too many."""
    with transaction.atomic():
        if len(TrackedSite.objects.select_for_update(no_key=True).values_list("pk", flat=True)) >= MOST:
            raise SiteError(_("There are %(count)s sites, and no more are possible.") % {"count": MOST})
        return TrackedSite.objects.create(
            name=asked.name, origins=asked.origins, consent=asked.consent, active=asked.active,
            key=tokens.fresh_key(), secret=tokens.fresh_secret(),
            created_at=now, created_by=by, changed_at=now, changed_by=by,
        )  # fmt: skip


def edit_site(site: TrackedSite, asked: Settings, *, seen: int, now: datetime, by: User | None) -> TrackedSite:
    """Raises: LostUpdateError, if it was changed since revision `seen`."""
    with transaction.atomic():
        here = locked(site.pk)
        if here.revision != seen:
            raise LostUpdateError
        here.name, here.origins, here.consent, here.active = asked.name, asked.origins, asked.consent, asked.active
        changed(here, now=now, by=by)
    return here


def renew_secret(site: TrackedSite, *, now: datetime, by: User | None) -> TrackedSite:
    """A new secret; tokens of the one before it hold for a month, those of the one before that no more."""
    with transaction.atomic():
        here = locked(site.pk)
        here.renew(tokens.fresh_secret(), until=now + OVERLAP)
        changed(here, now=now, by=by)
    return here


def drop_previous(site: TrackedSite, *, now: datetime, by: User | None) -> None:
    """Tokens of the secret before the last hold no more, from the next report on."""
    with transaction.atomic():
        here = locked(site.pk)
        here.drop_previous()
        changed(here, now=now, by=by)


def delete_site(site: TrackedSite) -> None:
    """With its counts. What contacts did on it stays theirs."""
    with transaction.atomic():
        TrackedSite.objects.select_for_update().filter(pk=site.pk).first()
        TrackedSite.objects.filter(pk=site.pk).delete()


def token_for(
    site: TrackedSite, named: tokens.Named, *, now: datetime, lasts: timedelta = timedelta(days=tokens.DAYS)
) -> str:
    """A token of the site that names this contact. Raises: ValueError, for one that would never hold."""
    if named.way not in (*tokens.WAYS, tokens.TEST) or not timedelta() < lasts <= tokens.LONGEST_LIFE:
        raise ValueError(named)
    return tokens.signed(named, key=site.key, secret=site.secret, expires=now + lasts)


def locked(pk: int) -> TrackedSite:
    """Its row, held until the transaction ends. Raises: TrackedSite.DoesNotExist."""
    return TrackedSite.objects.select_for_update(no_key=True).get(pk=pk)


def changed(here: TrackedSite, *, now: datetime, by: User | None) -> None:
    here.changed_at, here.changed_by, here.revision = now, by, here.revision + 1
    here.save()


def remove_seen(now: datetime) -> None:
    """What no browser sends again, a bounded amount at a time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tracker_seenevent"
            " WHERE id IN (SELECT id FROM tracker_seenevent WHERE stored_at < %s LIMIT %s)",
            [now - SEEN, PER_PURGE],
        )
