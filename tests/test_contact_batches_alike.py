"""Contacts in bulk write what the services would write of the items one after another: same rows, same histories."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from contacts.models import Attribute, Consent, Contact, ContactAlias, ContactConsent, HistoryEntry
from contacts.services import create_contact, set_consent, update_contact
from contacts.services.batches import record_contacts
from tags.assigning import assign_category, assign_tag
from tags.models import Category, ContactCategory, ContactTag, Tag
from tags.services import tags_named
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
LISTS = ("tags", "categories", "consents", "attributes")


def mostly(right: list[Any], wrong: Any) -> st.SearchStrategy[Any]:
    """One of those, and seldom the wrong one: an item of many wrong values would only be rejected."""
    return st.sampled_from(right * 8 + [wrong])


def words(right: list[str], wrong: str) -> st.SearchStrategy[list[str]]:
    return st.lists(mostly(right, wrong), max_size=2)


ANSWERS = st.fixed_dictionaries({"state": st.sampled_from(["given", "withdrawn"]), "source": st.just("form")})
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "email": mostly(["a@x.pl", "b@x.pl", "C@x.pl ", "old@x.pl"], "wrong"),
        "external_id": st.sampled_from(["1", "2", "3", " 4 "]),
        "phone": mostly(["600 100 200", "+48 22 1234567"], "no"),
        "first_name": st.sampled_from(["Ala", "Ola", " Ewa\n"]),
        "lead_score": mostly([1, "7"], "x"),
        "status": mostly(["subscribed", "bounced"], "asleep"),
        "attributes": st.fixed_dictionaries(
            {}, optional={"city": st.sampled_from(["1", "Łódź"]), "size": mostly([1, "2.5"], "Łódź")}
        ),
        "tags": words(["vip", "VIP, new"], "!"),
        "categories": words(["klient", "klient/media"], "none"),
        "consents": st.dictionaries(st.sampled_from(["newsletter", "calls"]), ANSWERS),
    },
)


@pytest.fixture
def stage(account: Any) -> None:
    """Three contacts, of whom one bears a name of somebody merged into it; definitions."""
    factories.attribute("city")
    factories.attribute("size", "number")
    factories.consent("newsletter")
    factories.consent("calls")
    factories.category("klient/media")
    factories.contact(email="a@x.pl", external_id="1", first_name="Ala")
    factories.contact(email="b@x.pl", first_name="Ola", attributes={"city": "Łódź"})
    kept = factories.contact(email=None, external_id="3")
    ContactAlias.objects.create(kind="email", value="old@x.pl", contact=kept, since=NOW)


def one_by_one(items: list[dict[str, Any]], *, now: datetime) -> list[str]:
    return [alone(item, now=now) for item in items]


def alone(item: dict[str, Any], *, now: datetime) -> str:
    """One item by the services that pages use."""
    own = {name: value for name, value in item.items() if name not in LISTS}
    try:
        with transaction.atomic():
            person = called(own)
            if person is not None and "old@x.pl" in own.values() and person.email != "old@x.pl":
                own.pop("email")
            made = person is None
            given = {"fields": own, "attributes": item.get("attributes", {}), "now": now, "by": "t"}
            if made and not own.keys() & {"email", "phone", "external_id", "first_name"}:
                return "rejected"
            before = None if person is None else person.updated_at
            person = create_contact(**given) if person is None else update_contact(person, **given)
            changed = before != person.updated_at
            ids = BitMap([person.pk])
            for text in item.get("tags", []):
                for tag in tags_named(text, now=now):
                    changed |= bool(assign_tag(ids, tag, now=now))
            for path in item.get("categories", []):
                category = Category.objects.get(slug_path=path)
                changed |= bool(assign_category(ids, category, now=now, by="t", user=None))
            for key, answer in item.get("consents", {}).items():
                consent = Consent.objects.get(key=key)
                changed |= bool(set_consent(person, consent, now=now, by="t", **answer))
    except (ValidationError, Category.DoesNotExist, LookupError):
        return "rejected"
    return "created" if made else "updated" if changed else "unchanged"


def called(own: dict[str, Any]) -> Contact | None:
    """Raises: LookupError, where external id and e-mail are not of one."""
    email, external = own.get("email", "").strip().lower(), own.get("external_id", "").strip()
    alias = ContactAlias.objects.filter(kind="email", value=email).first()
    by_email = Contact.objects.filter(email=email).first() or (alias and alias.contact) if email else None
    by_external = Contact.objects.filter(external_id=external).first() if external else None
    if by_email and by_external and by_email != by_external:
        raise LookupError
    if by_email and not by_external and external and by_email.external_id is not None:
        raise LookupError
    return by_external or by_email


def everything() -> list[Any]:
    """All that either way wrote, without ids of rows."""
    names = dict(Contact.objects.values_list("pk", "email"))
    order = {pk: place for place, pk in enumerate(sorted(names))}
    contacts = Contact.objects.order_by("pk").values_list(
        "email", "phone", "external_id", "first_name", "status", "lead_score", "attributes", "created_at", "updated_at"
    )
    history = [
        (order[entry.contact_id], entry.at, entry.kind, entry.label, entry.detail, entry.by)
        for entry in HistoryEntry.objects.all()
    ]
    return [
        list(contacts),
        sorted(history, key=repr),
        sorted((order[row.contact_id], row.tag.name) for row in ContactTag.objects.select_related("tag")),
        sorted((order[row.contact_id], row.category.slug_path, row.assigned_at) for row in categories()),
        sorted(
            (order[row.contact_id], row.consent.key, row.state, row.source, row.wording_version, row.changed_at)
            for row in ContactConsent.objects.select_related("consent")
        ),
        sorted(ContactAlias.objects.values_list("kind", "value")),
    ]


def categories() -> Any:
    return ContactCategory.objects.select_related("category")


class RolledBackError(Exception):
    pass


def outcome_of(work: Any) -> tuple[list[str], list[Any]]:
    """What it answers and leaves behind; then it is undone."""
    try:
        with transaction.atomic():
            answer = work()
            left = everything()
            raise RolledBackError  # noqa: TRY301
    except RolledBackError:
        return answer, left


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEMS, min_size=1, max_size=6))
def test_a_batch_is_its_items_one_after_another(stage: None, account: Any, items: list[dict[str, Any]]) -> None:
    slowly = outcome_of(lambda: one_by_one(items, now=LATER))
    at_once = outcome_of(
        lambda: [each.status for each in record_contacts(items, account=account, now=LATER, by="t")],
    )
    assert at_once == slowly
    assert Attribute.objects.count() == 2
    assert not Tag.objects.exists()
