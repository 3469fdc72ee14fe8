"""Pages on which the tree of categories is changed: moving, deleting, following a deletion."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import HistoryEntry
from jobs import services as jobs
from tags import deleting
from tags.models import Category, CategoryDeletion, ContactCategory
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
CATEGORIES = reverse("tags:categories")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client_for: Any, marketer: Any) -> Client:
    return client_for(marketer)


def move(category: Category) -> str:
    return reverse("tags:move_category", args=[category.pk])


def delete(category: Category) -> str:
    return reverse("tags:delete_category", args=[category.pk])


# --- the tree -------------------------------------------------------------------------------------------------
def test_a_search_shows_what_it_finds_and_what_lies_above(browser: Client) -> None:
    factories.category("klient/media/prasa"), factories.category("partner/łódź")
    rows = browser.get(CATEGORIES, {"q": "PRAS"}).context["rows"]
    assert [(row.branch.name, row.found) for row in rows] == [("Klient", False), ("Media", False), ("Prasa", True)]
    assert [row.branch.name for row in browser.get(CATEGORIES, {"q": "lodz"}).context["rows"]] == ["Partner", "Łódź"]
    page = browser.get(CATEGORIES, {"q": "nobody"}, headers=HTMX).content.decode()
    assert "Nothing found" in page
    assert "<html" not in page


@pytest.mark.parametrize("query", ["?q=a&q=b", "?nothing=1", "?q=%00"])
def test_an_address_that_is_not_understood_shows_no_rows(browser: Client, query: str) -> None:
    factories.category("klient")
    page = browser.get(CATEGORIES + query)
    assert (page.status_code, page.context["rows"]) == (422, [])


def test_each_number_leads_to_the_list_with_as_many(browser: Client) -> None:
    """IC2: both numbers, each its list."""
    here, below = factories.contact(), factories.contact()
    root = factories.category("klient", here)
    factories.category("klient/media", here, below)
    browser.post(reverse("tags:count_category", args=[root.pk]))
    root.refresh_from_db()
    manager = reverse("contacts:manager")
    for query, number in (("category_only", root.contacts_count), ("category", root.subtree_count)):
        assert f"{manager}?{query}={root.pk}" in browser.get(CATEGORIES).content.decode()
        assert len(browser.get(manager, {query: root.pk}).context["rows"]) == number
    assert (root.contacts_count, root.subtree_count) == (1, 2)


# --- moving ---------------------------------------------------------------------------------------------------
def test_a_category_is_moved_without_scripts(browser: Client) -> None:
    media, goal = factories.category("klient/media", factories.contact()), factories.category("partner")
    asked = browser.get(move(media), {"below": goal.pk})
    assert asked.context["effect"].contacts == 1
    answered = browser.post(move(media), {"below": goal.pk, "stood": asked.context["stood"]})
    assert answered["Location"] == f"{CATEGORIES}#category-row-{media.pk}"
    assert Category.objects.filter(slug_path="partner/media").exists()


def test_the_question_is_a_part_and_tells_criteria_that_change(browser: Client) -> None:
    media, goal = factories.category("klient/media"), factories.category("partner")
    criteria = {"all": [{"kind": "category", "op": "any", "categories": ["klient"]}]}
    factories.segment("All customers", criteria=criteria)
    page = browser.get(move(media), {"below": goal.pk}, headers=HTMX).content.decode()
    assert "<html" not in page
    assert "All customers" in page


@pytest.mark.parametrize("below", ["x", "", "99999999999999999999999", "-1", "999999999"])
def test_a_place_that_is_none_is_refused(browser: Client, below: str) -> None:
    media = factories.category("klient/media")
    assert browser.get(move(media), {"below": below}).status_code == 422
    assert browser.post(move(media), {"below": below}).status_code == 422
    assert Category.objects.get(pk=media.pk).slug_path == "klient/media"


def test_an_answer_about_another_place_asks_again(browser: Client) -> None:
    media, goal = factories.category("klient/media"), factories.category("partner")
    answer = browser.post(move(media), {"below": goal.pk, "stood": goal.pk})
    assert answer.status_code == 422
    assert "moved it meanwhile" in answer.content.decode()


# --- deleting -------------------------------------------------------------------------------------------------
def test_the_question_has_the_numbers(browser: Client) -> None:
    a, b = factories.contact(), factories.contact()
    factories.category("klient", a)
    media = factories.category("klient/media", a, b)
    factories.category("klient/media/prasa", b)
    context = browser.get(delete(media)).context
    assert [context[name] for name in ("below_count", "contacts", "branch_contacts", "in_parent")] == [1, 2, 2, 1]


def test_the_choice_is_done_and_told(browser: Client, marketer: Any) -> None:
    a = factories.contact()
    media, goal = factories.category("klient/media", a), factories.category("partner")
    factories.category("klient/media/prasa")
    given = {"children": "to", "children_to": "0", "contacts": "to", "contacts_to": goal.pk}
    parent = Category.objects.get(slug_path="klient")
    assert browser.post(delete(media), given)["Location"] == f"{CATEGORIES}#category-row-{parent.pk}"
    assert sorted(Category.objects.values_list("slug_path", flat=True)) == ["klient", "partner", "prasa"]
    assert ContactCategory.objects.get().category == goal
    assert {entry.user for entry in HistoryEntry.objects.all()} == {marketer}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"children": "up"},
        {"contacts": "out"},
        {"children": "to", "contacts": "out"},
        {"children": "up", "contacts": "to"},
        {"children": "up", "contacts": "to", "contacts_to": "999999999"},
        {"children": "no", "contacts": "out"},
    ],
)
def test_half_an_answer_is_refused(browser: Client, given: dict[str, str]) -> None:
    media = factories.category("klient/media", factories.contact())
    factories.category("klient/media/prasa")
    assert browser.post(delete(media), given).status_code == 422
    assert ContactCategory.objects.count() == 1


def test_a_deletion_of_many_is_followed_and_stopped(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting, "AT_ONCE", 0)
    media = factories.category("media", factories.contact())
    browser.post(delete(media), {"contacts": "out"})
    job = CategoryDeletion.objects.get()
    assert "being deleted" in browser.get(CATEGORIES).content.decode()
    assert "0 of 1" in browser.get(reverse("tags:category_deletion", args=[job.pk])).content.decode()
    browser.post(reverse("tags:stop_category_deletion", args=[job.pk]))
    assert "was not deleted to the end" in browser.get(CATEGORIES).content.decode()
    browser.post(delete(media), {"contacts": "out"})
    latest = CategoryDeletion.objects.latest("id")
    CategoryDeletion.objects.filter(pk=latest.pk).update(lease_until=NOW)
    jobs.run("category_deletion", latest.pk, now=NOW)
    answer = browser.get(reverse("tags:category_deletion", args=[latest.pk]))
    assert answer["HX-Refresh"] == "true"
    assert not Category.objects.exists()


# --- who may --------------------------------------------------------------------------------------------------
CHANGING = ["move_category", "delete_category"]
OF_JOBS = ["category_deletion", "stop_category_deletion", "retry_category_deletion"]


@pytest.mark.parametrize("name", CHANGING)
def test_who_sees_some_contacts_only_changes_no_tree(client_for: Any, marketer: Any, analyst: Any, name: str) -> None:
    media = factories.category("media", factories.contact())
    factories.permission_group("Media", users=[marketer], categories=[media])
    for user in (marketer, analyst):
        client = client_for(user)
        assert client.get(reverse(f"tags:{name}", args=[media.pk])).status_code == 403
        assert client.post(reverse(f"tags:{name}", args=[media.pk]), {"below": "0"}).status_code == 403
        assert "/move/" not in client.get(CATEGORIES).content.decode()


def test_who_sees_some_contacts_only_is_told_nothing_of_deletions(
    client_for: Any, marketer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "AT_ONCE", 0)
    media = factories.category("media", factories.contact())
    job = deleting.dissolve(media, deleting.Choice(), now=NOW, by="x", user=None).job
    factories.permission_group("Other", users=[marketer], categories=[factories.category("other")])
    client = client_for(marketer)
    assert client.get(CATEGORIES).context["deletions"] == []
    assert job is not None
    assert client.get(reverse("tags:category_deletion", args=[job.pk])).status_code == 403


@pytest.mark.parametrize("name", [*CHANGING, *OF_JOBS])
def test_ids_of_nobody_are_404(browser: Client, name: str) -> None:
    address = reverse(f"tags:{name}", args=[999_999_999])
    assert browser.post(address).status_code in (404, 405)
    assert browser.get(address).status_code in (404, 405)


def test_the_page_and_the_questions_take_a_constant_number_of_queries(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        factories.category(f"a/b/c{number}")
    branch, goal = Category.objects.get(slug_path="a/b"), factories.category("z")
    with django_assert_max_num_queries(42):
        assert browser.get(move(branch), {"below": goal.pk}).status_code == 200
