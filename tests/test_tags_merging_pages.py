"""The pages on which tags are chosen, starred, merged and deleted together."""

import pytest
from django.urls import reverse

from jobs import services as jobs
from jobs.models import JobState
from tags import merging, usage
from tags.models import ContactTag, Tag, TagMerge, TagStar
from tests import factories
from tests.factories import NOW
from tests.support.segments import create

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TAGS, MERGE, DELETE, MERGES = (reverse(f"tags:{name}") for name in ("tags", "merge", "delete_tags", "merges"))


@pytest.fixture
def browser(client_for, marketer):
    return client_for(marketer)


@pytest.fixture
def restricted(client_for, make_user):
    """Somebody whose group shows one category with one contact in it."""
    user = make_user("marketer", email="part@acme.example")
    factories.permission_group("Media", users=[user], categories=[factories.category("media")])
    return client_for(user)


def messages_of(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def confirmed(browser, tags, name, **more):
    """Asks as a person does: first for the numbers, then for the merge."""
    ids = [tag.pk for tag in tags]
    asked = browser.post(MERGE, {"tag": ids, "name": name, "step": "look"})
    assert asked.status_code == 200
    return browser.post(MERGE, {"tag": ids, "name": name, "step": "merge", "shown": asked.context["shown"]} | more)


# --- stars -----------------------------------------------------------------------------------------------------
def test_starred_tags_come_first_for_the_one_who_starred_them(browser, client_for, analyst) -> None:
    """ST11."""
    for name in "ABC":
        factories.tag(name)
    address = reverse("tags:star", args=[Tag.objects.get(name="C").pk])
    assert browser.post(address, {"starred": "yes"}).status_code == 302
    assert [tag.name for tag in browser.get(TAGS).context["rows"]] == ["C", "A", "B"]
    assert [tag.name for tag in browser.get(TAGS, {"sort": "-name"}).context["rows"]] == ["C", "B", "A"]
    assert [tag.name for tag in client_for(analyst).get(TAGS).context["rows"]] == ["A", "B", "C"]


def test_a_star_is_put_on_and_taken_off_by_htmx_and_twice_is_as_once(browser) -> None:
    address = reverse("tags:star", args=[factories.tag("A").pk])
    for _ in range(2):
        assert 'aria-pressed="true"' in browser.post(address, {"starred": "yes"}, headers=HTMX).content.decode()
    assert TagStar.objects.count() == 1
    assert 'aria-pressed="false"' in browser.post(address, {"starred": "no"}, headers=HTMX).content.decode()
    assert not TagStar.objects.exists()


def test_who_only_reads_may_star(client_for, analyst) -> None:
    assert (
        client_for(analyst).post(reverse("tags:star", args=[factories.tag("A").pk]), {"starred": "yes"}).status_code
        == 302
    )
    assert TagStar.objects.get().user == analyst


def test_a_tag_of_nobody_has_no_star(browser) -> None:
    assert browser.post(reverse("tags:star", args=[10**15]), {"starred": "yes"}).status_code == 404


# --- merging ---------------------------------------------------------------------------------------------------
def test_the_question_shows_numbers_and_what_follows_and_changes_nothing(browser) -> None:
    """ST9."""
    people = [factories.contact() for _ in range(3)]
    a, b = factories.tag("A", *people[:2]), factories.tag("B", *people[1:])
    create("Named both", criteria={"kind": "tag", "op": "any", "tags": ["A", "B"]})
    create("Named one", criteria={"kind": "tag", "op": "any", "tags": ["A"]})
    response = browser.get(MERGE, {"tag": [a.pk, b.pk], "name": "nowy & lepszy"})
    text = response.content.decode()
    assert "NOWY _ LEPSZY" in text
    assert "3 contacts" in text
    plan = response.context["plan"]
    assert (plan.together, plan.several) == (3, 1)
    assert [each.name for each in plan.staying] == ["Named both"]
    assert [each.name for each in plan.changing] == ["Named one"]
    assert "will mean B as well" in text
    assert Tag.objects.count() == 2
    assert not TagMerge.objects.exists()


def test_tags_are_merged_once_that_is_confirmed(browser) -> None:
    people = [factories.contact() for _ in range(3)]
    a, b = factories.tag("A", *people[:2]), factories.tag("B", *people[1:])
    assert confirmed(browser, [a, b], "z").url == TAGS
    assert "A, B are now one tag, Z: 3 contacts." in messages_of(browser.get(TAGS))
    assert list(Tag.objects.values_list("name", "contacts_count")) == [("Z", 3)]
    assert "merged from" in browser.get(TAGS).content.decode()


def test_a_confirmation_of_something_else_is_asked_again(browser) -> None:
    a, b, c = (factories.tag(name, factories.contact()) for name in "ABC")
    asked = browser.post(MERGE, {"tag": [a.pk, b.pk], "name": "z", "step": "look"}).context["shown"]
    create("Since then", criteria={"kind": "tag", "op": "any", "tags": ["A"]})
    for tags, name in (([a, b], "z"), ([a, c], "z"), ([a, b], "y"), ([a, b], "c")):
        sent = {"tag": [tag.pk for tag in tags], "name": name, "step": "merge", "shown": asked}
        response = browser.post(MERGE, sent)
        assert response.status_code == 422
        assert response.context["again"]
    assert not TagMerge.objects.exists()


def test_a_merge_without_the_numbers_shown_is_asked_first(browser) -> None:
    a, b = factories.tag("A"), factories.tag("B")
    assert browser.post(MERGE, {"tag": [a.pk, b.pk], "name": "z", "step": "merge"}).status_code == 422
    assert Tag.objects.count() == 2


def test_a_large_merge_is_left_to_a_worker_and_its_page_tells_how_it_goes(browser, monkeypatch) -> None:
    monkeypatch.setattr(merging, "AT_ONCE", 1)
    a, b = factories.tag("A", factories.contact()), factories.tag("B", factories.contact())
    assert confirmed(browser, [a, b], "z").url == MERGES
    merge = TagMerge.objects.get()
    assert merge.state == JobState.WAITING
    assert "every 1s" in browser.get(MERGES).content.decode()
    assert "being merged into Z" in browser.get(TAGS).content.decode()
    jobs.run("tag_merge", merge.pk, now=NOW)
    row = browser.get(reverse("tags:merge_progress", args=[merge.pk]), headers=HTMX).content.decode()
    assert "every 1s" not in row
    assert f"?tag={Tag.objects.get().pk}" in row


def test_a_merge_is_stopped_before_it_is_done(browser) -> None:
    a, b = factories.tag("A", factories.contact()), factories.tag("B")
    merge = merging.ask_merge([a, b], "z", now=NOW, by="x", user=None)
    browser.post(reverse("tags:stop_merge", args=[merge.pk]))
    assert set(Tag.objects.values_list("name", flat=True)) == {"A", "B"}
    assert TagMerge.objects.get().state == JobState.CANCELLED


def test_a_failed_merge_is_tried_again_as_long_as_its_tags_are_there(browser, monkeypatch) -> None:
    a, b = factories.tag("A", factories.contact()), factories.tag("B")
    merge = merging.ask_merge([a, b], "a", now=NOW, by="x", user=None)
    TagMerge.objects.update(state=JobState.ERRORED)
    address = reverse("tags:retry_merge", args=[merge.pk])
    browser.post(address)
    assert TagMerge.objects.get().state == JobState.WAITING
    TagMerge.objects.update(state=JobState.ERRORED)
    b.delete()
    assert "no longer there" in messages_of(browser.post(address, follow=True))
    assert TagMerge.objects.get().state == JobState.ERRORED


def test_a_rename_to_a_taken_name_asks_whether_to_merge_with_numbers(browser) -> None:
    """ST14."""
    tag, taken = factories.tag("OLD", factories.contact()), factories.tag("TAKEN", factories.contact())
    response = browser.post(reverse("tags:rename_tag", args=[tag.pk]), {"name": "taken"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "There is already a tag TAKEN: the two would be merged." in text
    assert "2 contacts" in text
    sent = {"tag": [tag.pk], "name": "taken", "step": "merge", "shown": response.context["shown"]}
    assert browser.post(MERGE, sent).status_code == 302
    assert [each.name for each in Tag.objects.all()] == ["TAKEN"]
    assert ContactTag.objects.count() == 2
    assert taken.name == "TAKEN"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"tag": "x"},
        {"tag": "9" * 30},
        {"tag": ["1", "1\x00"]},
        {"all": "yes", "q": "NOTHING\x00"},
    ],
)
@pytest.mark.parametrize("address", [MERGE, DELETE])
def test_no_tags_chosen_is_said(browser, address, query) -> None:
    factories.tag("A")
    for method in (browser.get, browser.post):
        response = method(address, query)
        assert response.status_code == 422
        assert "No tags are chosen" in response.content.decode()


@pytest.mark.parametrize("name", ["", "a, b", "!!!", "x" * 10_000, "\x00"])
def test_a_bad_name_of_the_result_is_said_at_the_field(browser, name) -> None:
    a, b = factories.tag("A"), factories.tag("B")
    for method in (browser.get, browser.post):
        response = method(MERGE, {"tag": [a.pk, b.pk], "name": name})
        assert response.status_code == 422
        assert response.context["form"].errors["name"]


def test_all_that_fit_the_search_are_chosen_at_once_up_to_a_bound(browser) -> None:
    """ST8."""
    for number in range(101):
        factories.tag(f"T{number}")
    factories.tag("OTHER")
    response = browser.get(MERGE, {"all": "yes", "q": "t9", "tag": "1"})
    assert {tag.name for tag in response.context["chosen"]} == {"T9", *(f"T9{number}" for number in range(10))}
    assert "At most 100" in browser.get(DELETE, {"all": "yes", "q": ""}).content.decode()


def test_the_merges_are_listed_in_a_constant_number_of_queries(browser, django_assert_max_num_queries) -> None:
    for number in range(12):
        merge = merging.ask_merge(
            [factories.tag(f"A{number}"), factories.tag(f"B{number}")], f"a{number}", now=NOW, by="x", user=None
        )
        jobs.run("tag_merge", merge.pk, now=NOW)
    with django_assert_max_num_queries(8):
        assert browser.get(MERGES).status_code == 200


# --- deleting --------------------------------------------------------------------------------------------------
def test_several_are_deleted_and_those_in_use_stay_and_say_why(browser) -> None:
    """ST8, ST15."""
    used, one, two = factories.tag("USED"), factories.tag("ONE", factories.contact()), factories.tag("TWO")
    segment = create("Names it", criteria={"kind": "tag", "op": "none", "tags": ["USED"]})
    chosen = {"tag": [used.pk, one.pk, two.pk]}
    question = browser.get(DELETE, chosen, headers=HTMX).content.decode()
    assert "1 contact loses it" in question
    assert reverse("segmentation:preview", args=[segment.pk]) in question
    assert "<html" not in question
    assert Tag.objects.count() == 3
    response = browser.post(DELETE, chosen, follow=True)
    assert "Deleted: ONE, TWO. Taken off contacts 1 time." in messages_of(response)
    assert "USED stays, this names it: Segment Names it" in messages_of(response)
    assert [tag.name for tag in Tag.objects.all()] == ["USED"]


def test_a_tag_that_is_being_merged_is_not_deleted(browser) -> None:
    a, b = factories.tag("A"), factories.tag("B")
    merging.ask_merge([a, b], "z", now=NOW, by="x", user=None)
    assert browser.post(reverse("tags:delete_tag", args=[a.pk])).status_code == 422
    assert usage.uses_of(a)[0].url == MERGES


# --- who may ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", [MERGE, DELETE])
def test_who_only_reads_neither_merges_nor_deletes(client_for, analyst, address) -> None:
    tags = [factories.tag("A").pk, factories.tag("B").pk]
    client = client_for(analyst)
    assert client.get(address, {"tag": tags}).status_code == 403
    assert client.post(address, {"tag": tags, "name": "z"}).status_code == 403
    assert MERGE not in client.get(TAGS).content.decode()


@pytest.mark.parametrize("address", [MERGE, DELETE])
def test_who_sees_some_contacts_only_neither_merges_nor_deletes(restricted, address) -> None:
    tags = [factories.tag("A").pk, factories.tag("B").pk]
    assert restricted.get(address, {"tag": tags}).status_code == 403
    assert restricted.post(address, {"tag": tags, "name": "z"}).status_code == 403
    assert 'name="tag"' not in restricted.get(TAGS).content.decode()


def test_who_sees_some_contacts_only_is_told_no_numbers_of_merges(restricted) -> None:
    a, b = factories.tag("A", *(factories.contact() for _ in range(7))), factories.tag("B")
    merge = merging.ask_merge([a, b], "a", now=NOW, by="x", user=None)
    jobs.run("tag_merge", merge.pk, now=NOW)
    page = restricted.get(MERGES).content.decode()
    assert "<b>7</b>" not in page
    assert restricted.post(reverse("tags:stop_merge", args=[merge.pk])).status_code == 403


def test_nobody_signed_out_reads_any_of_it(client_for) -> None:
    for address in (MERGE, DELETE, MERGES):
        assert client_for(None).get(address).status_code == 302


# --- the field ---------------------------------------------------------------------------------------------------
def test_the_advice_offers_the_name_with_underscores(browser) -> None:
    """ST2–5."""
    page = browser.get(reverse("tags:becomes"), {"names": "soczewki toryczne, vip"}, headers=HTMX).content.decode()
    assert 'data-instead="SOCZEWKI_TORYCZNE, VIP"' in page
    factories.tag("SOCZEWKI TORYCZNE")
    page = browser.get(reverse("tags:becomes"), {"names": "soczewki toryczne"}, headers=HTMX).content.decode()
    assert "data-instead" not in page


def test_where_only_known_tags_are_taken_an_unknown_one_is_said_to_be_so(browser) -> None:
    page = browser.get(reverse("tags:becomes"), {"names": "vip", "of": "old"}, headers=HTMX).content.decode()
    assert "no such tag" in page


@pytest.mark.parametrize("names", ["\x00", "a\x00b", "x" * 6000, ",,,"])
def test_odd_texts_are_no_errors_while_typing(browser, names) -> None:
    for address in ("tags:becomes", "tags:suggestions"):
        assert browser.get(reverse(address), {"names": names}, headers=HTMX).status_code == 200


def test_suggestions_complete_the_last_of_several_names(browser) -> None:
    factories.tag("VIP")
    page = browser.get(reverse("tags:suggestions"), {"names": "a, vi"}, headers=HTMX).content.decode()
    assert 'role="option"' in page
    assert 'data-value="a, VIP"' in page
