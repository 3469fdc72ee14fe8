"""What the manager lists is what plain SQL over the rows finds, for any filters, orders and pages, under writes."""

import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.utils import timezone
from pyroaring import BitMap

from contacts import listing, paging
from contacts.finding import MOST, find_contacts
from contacts.listing import SORTS, Search
from contacts.models import Contact
from contacts.selecting import change_selection
from contacts.selectors import ids_of, visible
from mirror import orders
from segmentation import contact_answers
from segmentation.contact_queries import keep_query
from segmentation.services import fixed_list
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests import factories
from tests.factories import NOW
from tests.support.people import make_user
from users.models import Role

ZONE = "Europe/Warsaw"
NAMES = ["Anna", "Łęcka", "Żak", "Nowak", "Zażółć", "ŁÓDŹ", "Émile", "O’Hara-Król", "张", "İpek", "straße", ""]
SOURCES = ["Fair", "FAIR", "", "shop", "Łódź"]
MOMENT = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # in Warsaw the second of March begins

SEVERAL = {"status", "attribute-frame", "attribute-likes"}
POSITIVE = {"kind": "field", "field": "lead_score", "op": "gt", "value": 0}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PER_PAGE", 4)
    monkeypatch.setattr(paging, "FEW", 6)
    orders._kept.clear()


@pytest.fixture
def declared(account: Any) -> None:
    factories.attribute("city")
    factories.attribute("height", "number")
    factories.attribute("member", "boolean")
    factories.attribute("birthday", "date")
    factories.attribute("tried", "datetime")
    factories.attribute("frame", "choice", options=["metal", "plastic"])
    factories.attribute("likes", "choices", options=["blue", "red"])
    factories.consent("newsletter")
    for name in ("VIP", "NEW"):
        factories.tag(name)
    factories.category("klient/media")
    factories.category("klient/nowy")


class Writer:
    """Makes, changes and deletes contacts as chance will have it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.numbers = count(1)

    def fields(self) -> dict[str, Any]:
        chance = self.chance
        attributes: dict[str, Any] = {
            "city": chance.choice(["Łódź", "ŁÓDŹ Górna", "Gdańsk", "100%"]),
            "height": chance.choice([1.5, 2, 0.1, 10, -3]),
            "member": chance.random() < 0.5,
            "birthday": f"2000-03-0{chance.randint(1, 4)}",
            "tried": (MOMENT + timedelta(seconds=chance.randint(-2, 2))).isoformat(),
            "frame": chance.choice(["metal", "plastic"]),
            "likes": chance.choice([["blue"], ["blue", "red"], ["red"]]),
        }
        return {
            "first_name": chance.choice(NAMES),
            "last_name": chance.choice(NAMES),
            "email": chance.choice([None, f"p{next(self.numbers)}@łódź.example", f"ak{next(self.numbers)}@b.example"]),
            "phone": chance.choice([None, "+48600100200", "600100300"]),
            "external_id": chance.choice([None, f"SHOP-{next(self.numbers)}"]),
            "status": chance.choice(["subscribed", "pending", "bounced"]),
            "lead_score": chance.choice([-20, 0, 5, 50]),
            "source": chance.choice(SOURCES),
            "created_at": MOMENT + timedelta(microseconds=chance.randint(-1, 1)),
            "attributes": {key: value for key, value in attributes.items() if chance.random() < 0.6},
        }

    def write(self) -> None:
        ids = list(Contact.objects.values_list("pk", flat=True))
        match self.chance.randint(0, 5) if len(ids) > 20 else 0:
            case 0 | 1:
                self.label(factories.contact(**self.fields()))
            case 2 | 3:
                Contact.objects.filter(pk=self.chance.choice(ids)).update(**self.fields())
            case 4:
                self.label(Contact.objects.get(pk=self.chance.choice(ids)))
            case 5:
                Contact.objects.filter(pk=self.chance.choice(ids)).delete()

    def label(self, contact: Contact) -> None:
        ContactTag.objects.filter(contact=contact).delete()
        ContactCategory.objects.filter(contact=contact).delete()
        for name in self.chance.sample(["VIP", "NEW"], self.chance.randint(0, 2)):
            factories.tag(name, contact)
        for path in self.chance.sample(["klient/media", "klient/nowy", "klient"], self.chance.randint(0, 2)):
            factories.category(path, contact)
        if self.chance.random() < 0.3 and not contact.consents.exists():
            factories.answer(contact, factories.Consent.objects.get(), self.chance.choice(["given", "withdrawn"]))


def address(chance: random.Random, user: Any) -> str:
    """What somebody might ask for: a few filters, an order, a page."""
    ids = list(Contact.objects.values_list("pk", flat=True))
    words = ["łe", "a", "zazol", "600 100", "+48600", "shop-1", "ak", "anna now", "łódź", "é", "100%", "_", "ß", "ss",
             "张", f"#{chance.choice(ids)}", "#99999999999", "i", "b.example", "o’hara", "'"]  # fmt: skip
    some = {
        "q": lambda: [("q", chance.choice(words))],
        "status": lambda: [("status", each) for each in chance.sample(["subscribed", "pending", "bounced"], 2)],
        "lead_score": lambda: [(f"lead_score_{chance.choice(['from', 'to'])}", chance.choice([0, 5, 51, -20, 10**20]))],
        "created": lambda: [
            (f"created_{chance.choice(['from', 'to'])}",
             chance.choice(["2026-03-01", "2026-03-02", "0001-01-01", "9999-12-31"]))
        ],
        "source": lambda: [("source", chance.choice(["fair", "ŁÓDŹ", "nowhere"]))],
        "consent": lambda: [("consent", f"newsletter:{chance.choice(['given', 'withdrawn', 'unknown'])}")],
        "city": lambda: [("attribute-city", chance.choice(["łódź", "%", "g"]))],
        "height": lambda: [
            (f"attribute-height_{chance.choice(['from', 'to'])}",
             chance.choice(["0.1", "0.10000000000000000000001", "2", "1.50", "12345678901234567890.5", "-3"]))
        ],
        "member": lambda: [("attribute-member", chance.choice(["true", "false"]))],
        "birthday": lambda: [(f"attribute-birthday_{chance.choice(['from', 'to'])}", "2000-03-02")],
        "tried": lambda: [(f"attribute-tried_{chance.choice(['from', 'to'])}", "2026-03-01")],
        "frame": lambda: [("attribute-frame", chance.choice(["metal", "plastic"]))],
        "likes": lambda: [("attribute-likes", each) for each in chance.sample(["red", "blue"], chance.randint(1, 2))],
        "tag": lambda: [("tag", chance.choice(list(Tag.objects.values_list("pk", flat=True))))],
        "category": lambda: [("category", chance.choice(list(Category.objects.values_list("pk", flat=True))))],
        "selected": lambda: [("selected", "yes")],
        "list": lambda: [("list", fixed_list("L", BitMap(ids[::2]), now=NOW, by=user).pk)],
        "advanced": lambda: [("advanced", keep_query(POSITIVE, now=NOW, by=user).key)],
    }  # fmt: skip
    names = chance.sample(list(some), chance.choice([0, 1, 1, 2, 3]))
    asked = [pair for name in names for pair in some[name]()]
    asked = [pair for at, pair in enumerate(asked) if pair[0] not in dict(asked[:at]) or pair[0] in SEVERAL]
    asked.append(("sort", chance.choice(["", "-"]) + chance.choice(list(SORTS))))
    asked.append(("page", chance.choice([1, 2, 3, 5, 99])))
    return urlencode(asked)


def search_of(query: str, user: Any, account: Any) -> Search:
    request = RequestFactory().get(f"/contacts/?{query}")
    request.user, request.now, request.tenant = user, NOW, account  # type: ignore[attr-defined]
    search = Search.of(request)
    assert not search.errors, search.errors
    return search


def plainly(search: Search, query: str) -> tuple[int, list[int]]:
    """Total and page as plain SQL gives them: every filter on the rows."""
    rows = visible(search.request.user)
    for entry in search.in_force():
        rows = search.filterset.filters[entry.name].filter(rows, search.values[entry.name])
    sort, page = QueryDict(query)["sort"], int(QueryDict(query)["page"])
    sign = "-" if sort.startswith("-") else ""
    ids = list(rows.order_by(sign + SORTS[sort.lstrip("-")], f"{sign}id").values_list("pk", flat=True))
    first = (min(page, max(1, -(-len(ids) // paging.PER_PAGE))) - 1) * paging.PER_PAGE
    return len(ids), ids[first : first + paging.PER_PAGE]


def agree(query: str, user: Any, account: Any) -> int:
    """The list, its total and the set behind “all” are what plain SQL finds. Returns the total."""
    search = search_of(query, user, account)
    page = search.page()
    total, ids = plainly(search, query)
    assert (page.paginator.count, [contact.pk for contact in page.object_list]) == (total, ids), query
    assert len(search.ids()) == total, query
    return total


@pytest.mark.parametrize("seed", range(6))
def test_any_list_is_what_plain_sql_finds_while_contacts_come_change_and_go(
    declared: None, account: Any, marketer: Any, seed: int
) -> None:
    chance = random.Random(seed)
    writer = Writer(chance)
    for _ in range(40):
        writer.write()
    restricted = make_user(Role.MARKETER)
    factories.permission_group("Media", users=[restricted], categories=[factories.category("klient/media")])
    found = set()
    with timezone.override(ZONE):
        for turn in range(60):
            writer.write()
            if turn % 20 == 0:  # as orders were before this: they have to be made right by what is written since
                for column in SORTS.values():
                    orders._kept[connection.schema_name, orders._present()[1], column] = orders._read(column)
            if turn % 10 == 0:
                ids = list(Contact.objects.values_list("pk", flat=True))
                change_selection(marketer, add=chance.sample(ids, 9), now=NOW)
            user = restricted if turn % 4 == 0 else marketer
            found.add(agree(address(chance, user), user, account))
    assert len(found) > 8, "cases that tell nothing"


def test_so_it_is_while_very_many_are_newer_than_the_files(
    declared: None, account: Any, marketer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_answers, "FEW", -1)
    asked = Mock(side_effect=ids_of)
    monkeypatch.setattr(listing, "ids_of", asked)
    chance = random.Random(9)
    writer = Writer(chance)
    for _ in range(40):
        writer.write()
    with timezone.override(ZONE):
        for _ in range(30):
            agree(address(chance, marketer), marketer, account)
    assert asked.called, "a case that tells nothing"


@pytest.mark.parametrize(
    "query",
    ["", "q=anna", "q=%231", "status=pending&lead_score_from=5", "source=fair&created_to=2026-03-01", "selected=yes",
     "consent=newsletter:unknown", "attribute-city=g&attribute-height_to=2&attribute-member=true",
     "attribute-birthday_from=2000-03-02&attribute-tried_to=2026-03-01&attribute-frame=metal&attribute-likes=red"],
)  # fmt: skip
def test_the_rows_are_not_asked_for_what_the_engine_can_say(
    declared: None, account: Any, marketer: Any, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ids_of", Mock(side_effect=AssertionError("the rows were asked")))
    Writer(random.Random(1)).write()
    assert search_of(query, marketer, account).page().number == 1
    tag, category = Tag.objects.get(name="VIP").pk, Category.objects.get(slug_path="klient").pk
    assert search_of(f"tag={tag}&category={category}", marketer, account).page().number == 1


def test_what_was_found_is_found_anew_once_a_contact_has_changed(declared: None, account: Any, marketer: Any) -> None:
    contact = factories.contact(first_name="Ewa")
    assert [search_of("q=ewa", marketer, account).page().paginator.count for _ in range(2)] == [1, 1]
    Contact.objects.filter(pk=contact.pk).update(first_name="Ola")
    assert search_of("q=ewa", marketer, account).page().paginator.count == 0
    assert search_of("q=ola", marketer, account).page().paginator.count == 1


def test_the_find_box_counts_whom_its_reader_sees_and_shows_the_newest(
    declared: None, account: Any, marketer: Any
) -> None:
    people = [factories.contact(first_name="Ewa", last_name=f"N{at}").pk for at in range(14)]
    factories.category("klient/media", *Contact.objects.filter(pk__in=people[:12]))
    restricted = make_user(Role.ANALYST)
    factories.permission_group("Media", users=[restricted], categories=[factories.category("klient/media")])
    for user, seen in ((marketer, people), (restricted, people[:12])):
        request = RequestFactory().get("/find?q=ewa")
        request.user, request.now, request.tenant = user, NOW, account  # type: ignore[attr-defined]
        found = find_contacts(request, "ewa")
        assert found.total == len(seen)
        assert [int(thing.url.split("/")[-2]) for thing in found.things] == seen[-MOST:][::-1]
        assert find_contacts(request, f"#{people[13]}").total == (user is marketer)
