"""The contact manager's filters written as criteria: exactly the contacts that the list shows satisfy them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.utils import timezone

from contacts.listing import Search
from contacts.manager import no_criteria
from contacts.models import Contact
from segmentation.criteria import Catalog, Context, check, parse
from segmentation.engine import evaluate
from tags.models import Category, Tag
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ZONE = "Europe/Warsaw"


@pytest.fixture
def population(account: Any) -> None:
    """Contacts at, before and after each bound that the filters below have; some without a value."""
    factories.attribute("city", name="City")
    factories.attribute("height", "number")
    factories.attribute("member", "boolean")
    factories.attribute("birthday", "date")
    factories.attribute("tried", "datetime")
    factories.attribute("frame", "choice", options=["metal", "plastic"])
    factories.attribute("likes", "choices", options=["blue", "red"])
    consent = factories.consent("newsletter")
    midnight = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # in Warsaw the second of March begins
    for at in range(12):
        attributes: dict[str, Any] = {}
        if at % 3:
            attributes |= {
                "city": ["Łódź", "ŁÓDŹ Górna", "Gdańsk"][at % 3],
                "height": [1.5, 2, 10][at % 3] + at // 6,
                "member": bool(at % 2),
                "birthday": f"2000-03-0{at % 4 + 1}",
                "tried": (midnight + timedelta(seconds=at - 6)).isoformat(),
                "frame": ["metal", "plastic"][at % 2],
                "likes": [["blue"], ["blue", "red"], ["red"]][at % 3],
            }
        contact = factories.contact(
            lead_score=at * 5 - 20,
            status=["subscribed", "pending", "bounced"][at % 3],
            source=["Fair", "FAIR", "", "shop"][at % 4],
            created_at=midnight + timedelta(microseconds=(at - 6)),
            attributes=attributes,
        )
        if at % 3:
            factories.answer(contact, consent, ["given", "withdrawn"][at % 2])
        if at % 2:
            factories.tag("VIP", contact)
        if at % 5 == 0:
            factories.category("klient/media", contact)


def search_of(query: str, user: Any, account: Any) -> Search:
    request = RequestFactory().get(f"/contacts/?{query}")
    request.user, request.now, request.tenant = user, NOW, account  # type: ignore[attr-defined]
    search = Search.of(request)
    assert not search.errors
    return search


def satisfying(criteria: dict[str, Any]) -> set[int]:
    check(parse(criteria), Catalog())
    return set(evaluate(parse(criteria), context=Context(now=NOW, zone=ZoneInfo(ZONE))).members)


@pytest.mark.parametrize(
    "query",
    [
        "status=subscribed",
        "status=subscribed&status=bounced",
        "lead_score_from=0",
        "lead_score_to=0",
        "lead_score_from=-5&lead_score_to=5",
        "created_from=2026-03-02",
        "created_to=2026-03-01",
        "created_from=2026-03-01&created_to=2026-03-01",
        "source=fair",
        "consent=newsletter:given",
        "consent=newsletter:withdrawn",
        "consent=newsletter:unknown",
        "attribute-city=łódź",
        "attribute-city=%25",
        "attribute-height_from=1.5",
        "attribute-height_to=2",
        "attribute-height_from=2&attribute-height_to=10",
        "attribute-member=true",
        "attribute-member=false",
        "attribute-birthday_from=2000-03-02",
        "attribute-birthday_to=2000-03-02",
        "attribute-birthday_from=2000-03-02&attribute-birthday_to=2000-03-03",
        "attribute-tried_from=2026-03-02",
        "attribute-tried_to=2026-03-01",
        "attribute-tried_from=2026-03-01&attribute-tried_to=2026-03-02",
        "attribute-frame=metal",
        "attribute-frame=metal&attribute-frame=plastic",
        "attribute-likes=red",
        "attribute-likes=red&attribute-likes=blue",
        "tag=VIP",
        "category=klient",
        "category=klient/media&tag=VIP&status=bounced&lead_score_from=0&attribute-member=true",
    ],
)
def test_criteria_of_a_filter_hold_for_exactly_those_it_lists(
    query: str, population: None, marketer: Any, account: Any
) -> None:
    asked = QueryDict(query, mutable=True)
    if "tag" in asked:
        asked["tag"] = str(Tag.objects.get(name=asked["tag"]).pk)
    if "category" in asked:
        asked["category"] = str(Category.objects.get(slug_path=asked["category"]).pk)
    with timezone.override(ZONE):
        search = search_of(asked.urlencode(), marketer, account)
        nodes, unsaid = search.criteria()
        listed = set(search.ids())
    assert not unsaid
    assert len(nodes) == len(search.values)
    assert listed == satisfying({"all": nodes})
    assert 0 < len(listed) < Contact.objects.count() or "%25" in query, "a case that tells nothing"


@pytest.mark.parametrize("query", ["q=łódź", "selected=yes"])
def test_a_search_and_a_set_are_no_criteria(query: str, population: None, marketer: Any, account: Any) -> None:
    nodes, unsaid = search_of(f"{query}&status=bounced", marketer, account).criteria()
    assert len(nodes) == 1
    assert len(unsaid) == 1


@pytest.mark.parametrize("query", ["created_from=0001-01-01", "created_to=9999-12-31"])
def test_a_bound_with_no_day_beyond_it_is_no_criteria(query: str, marketer: Any, account: Any) -> None:
    nodes, unsaid = search_of(query, marketer, account).criteria()
    assert nodes == []
    assert len(unsaid) == 1


def test_every_filter_with_a_control_can_be_written(client_for: Callable, marketer: Any, population: None) -> None:
    """A new filter has to say its criteria, or to be one of those that can't."""
    client: Client = client_for(marketer)
    search = client.get("/contacts/").context["search"]
    silent = {entry.name for entry in search.entries if entry.criteria is no_criteria and not entry.hidden}
    assert silent == {"q"}
