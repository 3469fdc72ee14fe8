"""Filters, saved views and unfinished forms that ask for a tag: told before it is merged or deleted."""

from typing import Any

import pytest
from django.urls import reverse

from contacts.models import Contact, SavedView
from segmentation import builder
from segmentation.models import ContactQuery, Draft
from tags import merging
from tags.models import MergedTag, Tag
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Contact]:
    return [factories.contact() for _ in range(4)]


@pytest.fixture
def pair(people: list[Contact]) -> list[Tag]:
    return [factories.tag("A", *people[:2]), factories.tag("B", *people[1:])]


def asks(op: str, *names: str) -> dict[str, Any]:
    return {"kind": "tag", "op": op, "tags": list(names)}


def query(key: str, tree: dict[str, Any], user: Any) -> ContactQuery:
    return ContactQuery.objects.create(key=key, criteria=tree, created_at=NOW, used_at=NOW, created_by=user)


def view(name: str, asked: str, user: Any, *, shared: bool = True) -> SavedView:
    return SavedView.objects.create(
        name=name, query=asked, owner=user, shared=shared, created_at=NOW, changed_at=NOW, columns=[]
    )


def told(tags: list[Tag]) -> list[tuple[str, str, int, str]]:
    plan = merging.planned(tags, "a", now=NOW)
    return sorted((each.kind, each.name, each.several, each.changes) for each in plan.followers)


AS_WELL = "Where it says A it will mean B as well."


def test_an_advanced_filter_that_will_find_others_is_told_apart(pair: list[Tag], marketer: Any) -> None:
    query("one", asks("any", "A"), marketer)
    query("two", {"not": asks("any", "a")}, marketer)
    query("both", asks("any", "A", "B"), marketer)
    query("other", asks("any", "C"), marketer)
    assert told(pair) == [("filter", "", 1, ""), ("filter", "", 2, AS_WELL)]


def test_a_form_that_will_find_others_is_told_apart(pair: list[Tag], marketer: Any) -> None:
    for place, tree in [("segment:new", asks("any", "A")), ("saved:new", asks("none", "A", "B"))]:
        form = builder.from_criteria(tree, place=place).fields()
        Draft.objects.create(user=marketer, place=place, form=form, kept_at=NOW)
    text = {"json": ['{"kind": "tag", "op": "all", "tags": ["A", "B"]}']}
    Draft.objects.create(user=marketer, place="template:new", form=text, kept_at=NOW)
    together = "It asks for A, B together; any one of the tags will be enough."
    rows = told(pair)
    assert [row[:3] for row in rows] == [("draft", "", 1), ("draft", "", 2)]
    assert rows[0][3] == ""
    assert AS_WELL in rows[1][3]
    assert together in rows[1][3]


def test_saved_views_are_told_by_name_or_number(pair: list[Tag], marketer: Any) -> None:
    query("kept", asks("any", "A", "B"), marketer)
    MergedTag.objects.create(pk=10**6, name="OLD", tag=pair[0], merged_at=NOW)
    view("By tag", f"q=x&tag={pair[0].pk}", marketer)
    view("By an old address", "tag=1000000", marketer)
    view("By filter", "advanced=kept", marketer)
    view("Another", "q=tag", marketer)
    view("Secret", f"tag={pair[0].pk}", marketer, shared=False)
    assert told(pair) == [
        ("filter", "", 1, ""),
        ("view", "", 1, AS_WELL),
        ("view", "By an old address", 1, AS_WELL),
        ("view", "By filter", 1, ""),
        ("view", "By tag", 1, AS_WELL),
    ]


def test_a_done_merge_tells_the_views_that_followed(client_for: Any, administrator: Any, pair: list[Tag]) -> None:
    from jobs import services as jobs

    view("By tag", f"tag={pair[0].pk}", administrator)
    merge = merging.ask_merge(pair, "a", now=NOW, by="x", user=None)
    jobs.run("tag_merge", merge.pk, now=NOW)
    page = client_for(administrator).get(reverse("tags:merges"), headers={"accept-language": "en"})
    assert "1 saved view" in page.content.decode()


@pytest.mark.parametrize("several", [False, True])
def test_deleting_names_the_views_that_will_not_be_understood(
    client_for: Any, administrator: Any, marketer: Any, pair: list[Tag], several: bool
) -> None:
    a, _b = pair
    query("kept", asks("any", "A"), marketer)
    view("By filter", "advanced=kept", marketer)
    view("By tag", f"tag={a.pk}", marketer)
    view("Secret", f"tag={a.pk}", marketer, shared=False)
    view("Another", "q=x", marketer)
    client = client_for(administrator)
    url = reverse("tags:delete_tags") if several else reverse("tags:delete_tag", args=[a.pk])
    page = client.get(url, {"tag": [tag.pk for tag in pair]}).content.decode()
    warned = page.partition('id="losing"')[2].partition("</div>")[0]
    assert "By filter" in warned
    assert "By tag" in warned
    assert "Another" not in warned
    assert "Secret" not in page
    assert client.post(url, {"tag": [a.pk]}).status_code == 302
    assert not Tag.objects.filter(pk=a.pk).exists()


def test_deleting_a_tag_that_no_view_asks_for_warns_of_nothing(
    client_for: Any, administrator: Any, pair: list[Tag]
) -> None:
    view("Another", f"tag={pair[1].pk}", administrator)
    page = client_for(administrator).get(reverse("tags:delete_tag", args=[pair[0].pk])).content.decode()
    assert 'id="losing"' not in page
