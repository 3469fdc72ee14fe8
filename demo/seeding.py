"""Filling an account: labels, then contacts, all in one transaction, then what people did with them."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account
from activities.models import ActivityType, Product
from contacts.models import Attribute, Consent, Contact
from contacts.services import create_attribute, create_consent
from demo import stories
from demo.conduct import joined, traits
from demo.customers import CHUNK, Drawing
from demo.facts import TABLES as FACTS
from demo.facts import Facts
from demo.past import lose_tags
from demo.shop import ATTRIBUTES, BESIDES, CATEGORIES, CONSENTS, KINDS, TAGS
from demo.writing import Labels, one, write
from mirror import duck
from mirror import services as mirror
from segmentation.models import SavedCriteria, Segment
from tags.categories import create_category
from tags.counting import count_all
from tags.models import Category, Tag
from tags.services import tags_named
from tags.tree import BETWEEN, branches

Say = Callable[[str], object]
FILING_MB = 512  # DuckDB's share while files are made: with Python's, and the pieces under way, less than 1 GiB
TABLES = (
    "contacts_contact, contacts_attribute, contacts_consent, tags_tag, tags_category, activities_product,"
    " segmentation_segment, segmentation_savedcriteria, segmentation_uploadedlist, segmentation_draft,"
    " contacts_labelwrite"
)
GROWN = (
    "contacts_contact",
    "contacts_contactconsent",
    "contacts_historyentry",
    "contacts_attribute",
    "contacts_consent",
    "tags_tag",
    "tags_category",
    "tags_contacttag",
    "tags_contactcategory",
    "activities_product",
    *FACTS,
)


def held() -> list[str]:
    """What the account holds already, in words; an empty one may be filled."""
    counts = [
        ("contacts", Contact.objects.count()),
        ("attributes", Attribute.objects.count()),
        ("consents", Consent.objects.count()),
        ("tags", Tag.objects.count()),
        ("categories", Category.objects.count()),
        ("products", Product.objects.count()),
        ("activity types", ActivityType.objects.filter(built_in=False).count()),
        ("segments", Segment.objects.count()),
        ("saved criteria", SavedCriteria.objects.count()),
    ]
    return [f"{count:,} {name}" for name, count in counts if count]


def empty(account: Account) -> None:
    """Remove every contact, label, fact and segment of the account, and their files; users stay."""
    with transaction.atomic(), connection.cursor() as cursor:
        stories.remove_files()
        cursor.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
        ActivityType.objects.filter(built_in=False).delete()
        Account.objects.filter(pk=account.pk).update(next_due_at=None)
    mirror.forget()


def seed(account: Account, *, contacts: int, activities: int, orders: int, seed: int, now: datetime, say: Say) -> None:
    """Fill an empty account. The same seed and `now` give the same data."""
    with transaction.atomic():
        labels = make_labels(now)
        say(f"{len(labels.tags)} tags, {len(CATEGORIES)} categories, {len(ATTRIBUTES)} attributes are there.")
        drawing = Drawing(seed=seed, total=contacts, now=now, zone=account.zone)
        first_id = reserve_ids(contacts)
        people = []
        for first in range(0, contacts, CHUNK):
            chunk = drawing.chunk(first)
            write(chunk, first_id=first_id + first, labels=labels, seed=seed)
            people.append(traits(chunk))
            done = min(first + CHUNK, contacts)
            if done % (5 * CHUNK) == 0 or done == contacts:
                say(f"{done:,} of {contacts:,} contacts")
        del drawing, chunk
        lose_tags(now)
        Facts(
            joined(people),
            account=account,
            first_id=first_id,
            activities=activities,
            orders=orders,
            seed=seed,
            now=now,
            say=say,
        ).write()
        say("Checking what points where, and counting …")
        count_all(now)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(GROWN)}")


def file_away() -> None:
    """The mirror's files of all that has been written, so that the first count is a quick one."""
    with closing(duck.cursor()) as cursor:
        cursor.execute(f"SET memory_limit = '{min(FILING_MB, settings.ENGINE_MEMORY_MB)}MiB'")
        mirror.compact(now=timezone.now())
        cursor.execute(f"SET memory_limit = '{settings.ENGINE_MEMORY_MB}MiB'")


def make_labels(now: datetime) -> Labels:
    """Attributes, consents, categories and tags, through the services that check them."""
    for key, name, kind, options in ATTRIBUTES:
        create_attribute(key=key, name=name, type=kind, options=options)
    consents = [
        create_consent(key=asked.key, name_en=asked.name_en, name_pl=asked.name_pl, channel=asked.channel)
        for asked in CONSENTS
    ]
    made: dict[str, Category] = {}
    for path in CATEGORIES:
        above, _, name = path.rpartition(BETWEEN)
        if above and above not in made:
            made[above] = create_category(above, now=now)
        made[path] = create_category(name, below=made[above] if above else None, now=now)
    ids = {branch.title: branch.pk for branch in branches()}
    return Labels(
        tags=[tag.pk for tag in tags_named(", ".join(name for name, _ in TAGS), now=now)],
        kinds=[ids[path] for path, _ in KINDS],
        besides=[ids[path] for path, _ in BESIDES],
        consents=consents,
    )


def reserve_ids(count: int) -> int:
    """The first of `count` ids that no one else will be given."""
    first = one("SELECT nextval(pg_get_serial_sequence('contacts_contact', 'id'))")
    one("SELECT setval(pg_get_serial_sequence('contacts_contact', 'id'), %s)", first + count - 1)
    return int(first)
