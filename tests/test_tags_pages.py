"""The pages of tags and categories, and both on a contact's page."""

import pytest
from django.urls import reverse

from contacts.models import Contact, EntryKind, HistoryEntry
from tags import counting, usage
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TAGS, CATEGORIES = reverse("tags:tags"), reverse("tags:categories")


@pytest.fixture
def browser(client_for, marketer):
    return client_for(marketer)


@pytest.fixture
def person() -> Contact:
    return factories.contact(first_name="Żaneta", last_name="Łęcka")


def messages_of(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_the_list_shows_names_counts_and_who(browser, person) -> None:
    """ST10, ST12."""
    tag = counting.count_tag(factories.tag("VIP", person), now=factories.NOW)
    page = browser.get(TAGS).content.decode()
    assert "VIP" in page
    assert f"{reverse('contacts:manager')}?tag={tag.pk}" in page


def test_a_search_by_htmx_gives_only_the_rows(browser) -> None:
    """ST7."""
    factories.tag("KROTKOWZROCZNOSC"), factories.tag("VIP")
    page = browser.get(TAGS, {"q": "krótko"}, headers=HTMX).content.decode()
    assert "KROTKOWZROCZNOSC" in page
    assert "VIP" not in page
    assert "<html" not in page


def test_nothing_found_says_what_was_looked_for(browser) -> None:
    factories.tag("VIP")
    assert "SOCZ_EWKI" in browser.get(TAGS, {"q": "socz&ewki"}).content.decode()


def test_the_list_sorts_by_contacts(browser) -> None:
    for name, count in (("A", 1), ("B", 3), ("C", 2)):
        Tag.objects.filter(pk=factories.tag(name).pk).update(contacts_count=count)
    rows = browser.get(TAGS, {"sort": "-contacts_count"}).context["rows"]
    assert [tag.name for tag in rows] == ["B", "C", "A"]


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_tags(
    browser, django_assert_max_num_queries
) -> None:
    for number in range(60):
        factories.tag(f"T{number}")
    with django_assert_max_num_queries(11):
        assert browser.get(TAGS, {"page": "2"}).status_code == 200


@pytest.mark.parametrize("query", [{"page": "999"}, {"q": "x" * 9999}])
def test_a_page_past_the_end_and_a_long_search_are_no_errors(browser, query) -> None:
    assert browser.get(TAGS, query).status_code == 200


def test_a_comma_makes_two_tags_and_the_page_says_what_became_of_the_text(browser) -> None:
    """ST6."""
    factories.tag("VIP")
    response = browser.post(TAGS, {"names": "Świeży & nowy, vip"}, follow=True)
    assert "SWIEZY _ NOWY" in messages_of(response)
    assert "Already there: VIP" in messages_of(response)
    assert "SWIEZY___NOWY" in messages_of(response)  # the advice against spaces
    assert Tag.objects.count() == 2


@pytest.mark.parametrize("names", ["", " , ", "x" * 200, "x" * 10_000])
def test_a_refused_name_comes_back_with_the_reason(browser, names) -> None:
    response = browser.post(TAGS, {"names": names})
    assert response.status_code == 422
    assert response.context["form"].errors["names"]
    assert not Tag.objects.exists()


def test_while_typing_one_sees_what_the_text_becomes(browser) -> None:
    factories.tag("VIP")
    page = browser.get(reverse("tags:becomes"), {"names": "vip, R&D"}, headers=HTMX).content.decode()
    assert "R_D" in page
    assert "already there" in page


def test_a_tag_is_renamed(browser) -> None:
    """ST14."""
    tag = factories.tag("OLD")
    assert browser.get(reverse("tags:rename_tag", args=[tag.pk])).status_code == 200
    browser.post(reverse("tags:rename_tag", args=[tag.pk]), {"name": "nowy"})
    assert Tag.objects.get().name == "NOWY"


def test_a_rename_to_a_taken_name_says_so_at_the_field(browser) -> None:
    tag, _taken = factories.tag("OLD"), factories.tag("TAKEN")
    response = browser.post(reverse("tags:rename_tag", args=[tag.pk]), {"name": "taken"}, headers=HTMX)
    assert response.status_code == 422
    assert "already a tag TAKEN" in response.content.decode()
    assert "<html" not in response.content.decode()


def test_deleting_asks_with_the_number_of_contacts(browser) -> None:
    """ST15."""
    tag = factories.tag("VIP", factories.contact(), factories.contact())
    address = reverse("tags:delete_tag", args=[tag.pk])
    assert "2 contacts lose this tag" in browser.get(address, headers=HTMX).content.decode()
    assert Tag.objects.exists()
    assert browser.post(address).status_code == 302
    assert not Tag.objects.exists()


def test_deleting_a_used_tag_is_refused_with_its_users(browser, monkeypatch) -> None:
    """ST15."""
    monkeypatch.setattr(usage, "providers", [lambda _label: [usage.Use("Segment", "Best", "/x")]])
    address = reverse("tags:delete_tag", args=[factories.tag("VIP").pk])
    response = browser.post(address)
    assert response.status_code == 422
    assert "Best" in response.content.decode()
    assert Tag.objects.exists()


def test_one_tag_is_counted_at_once(browser, person) -> None:
    """ST13."""
    tag = factories.tag("VIP", person)
    response = browser.post(reverse("tags:count_tag", args=[tag.pk]), headers=HTMX)
    assert "<b>1</b>" in response.content.decode()
    assert Tag.objects.get().counted_at is not None


def test_the_tree_is_shown_with_counts(browser, person) -> None:
    factories.category("klient/media", person)
    counting.count_all(factories.NOW)
    tree = browser.get(CATEGORIES).context["tree"]
    assert [(each.title, each.category.subtree_count) for each in tree] == [("Klient", 1), ("Klient / Media", 1)]


def test_the_tree_takes_a_constant_number_of_queries(browser, django_assert_max_num_queries) -> None:
    for number in range(30):
        factories.category(f"a/b/c{number}")
    with django_assert_max_num_queries(12):
        assert browser.get(CATEGORIES).status_code == 200


def test_a_category_is_created_below_another(browser) -> None:
    root = factories.category("klient")
    browser.post(CATEGORIES, {"name": "Media", "below": root.pk})
    assert Category.objects.filter(slug_path="klient/media").exists()


@pytest.mark.parametrize(
    "given", [{"name": ""}, {"name": "a/b"}, {"name": "X", "below": "999999999"}, {"name": "X", "below": "y"}]
)
def test_a_bad_category_is_refused(browser, given) -> None:
    response = browser.post(CATEGORIES, given)
    assert response.status_code == 422
    assert not Category.objects.exists()


def test_a_category_is_renamed_and_counted(browser, person) -> None:
    category = factories.category("klient", person)
    browser.post(reverse("tags:rename_category", args=[category.pk]), {"name": "Osoba"})
    browser.post(reverse("tags:count_category", args=[category.pk]))
    category = Category.objects.get()
    assert (category.slug_path, category.subtree_count) == ("osoba", 1)


def test_a_category_with_contacts_is_not_deleted_before_it_is_said_what_becomes_of_them(browser, person) -> None:
    full, free = factories.category("pelna", person), factories.category("pusta")
    response = browser.post(reverse("tags:delete_category", args=[full.pk]))
    assert response.status_code == 422
    assert "1 contact is exactly in it" in response.content.decode()
    assert browser.post(reverse("tags:delete_category", args=[free.pk])).status_code == 302
    assert list(Category.objects.values_list("slug_path", flat=True)) == ["pelna"]


def test_tags_are_typed_on_a_contact_and_leave_history(browser, marketer, person) -> None:
    """ST16."""
    response = browser.post(reverse("tags:add_tags", args=[person.pk]), {"names": "vip, krótki"})
    assert response["Location"] == reverse("contacts:contact", args=[person.pk])
    assert sorted(person.tag_links.values_list("tag__name", flat=True)) == ["KROTKI", "VIP"]
    entry = HistoryEntry.objects.filter(kind=EntryKind.TAG_ADDED)[0]
    assert (entry.by, entry.user) == (str(marketer), marketer)


def test_by_htmx_the_panel_comes_back(browser, person) -> None:
    page = browser.post(reverse("tags:add_tags", args=[person.pk]), {"names": "vip"}, headers=HTMX).content.decode()
    assert 'id="tags-panel"' in page
    assert "VIP" in page
    assert "<html" not in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_bad_tag_on_a_contact_is_refused_with_what_was_typed(browser, person, headers) -> None:
    response = browser.post(reverse("tags:add_tags", args=[person.pk]), {"names": " , "}, headers=headers)
    assert response.status_code == 422
    assert "nothing is left" in response.content.decode()


def test_a_tag_is_taken_off_a_contact(browser, person) -> None:
    tag = factories.tag("VIP", person)
    browser.post(reverse("tags:remove_tag", args=[person.pk, tag.pk]))
    assert not ContactTag.objects.exists()
    assert HistoryEntry.objects.get().kind == EntryKind.TAG_REMOVED


def test_a_contact_is_put_in_a_category_and_taken_out(browser, person) -> None:
    """IC3."""
    category = factories.category("klient/media")
    browser.post(reverse("tags:add_category", args=[person.pk]), {"category": category.pk})
    assert ContactCategory.objects.count() == 1
    page = browser.get(reverse("contacts:contact", args=[person.pk])).content.decode()
    assert page.count("Klient / Media") >= 2  # in the panel and in the history
    browser.post(reverse("tags:remove_category", args=[person.pk, category.pk]))
    assert not ContactCategory.objects.exists()
    assert HistoryEntry.objects.count() == 2


@pytest.mark.parametrize("chosen", ["", "0", "x", "9" * 30, "-1"])
def test_an_unknown_category_is_refused(browser, person, chosen) -> None:
    response = browser.post(reverse("tags:add_category", args=[person.pk]), {"category": chosen}, headers=HTMX)
    assert response.status_code == 422
    assert "Choose a category" in response.content.decode()


def test_suggestions_leave_out_the_contacts_own_tags(browser, person) -> None:
    factories.tag("VARILUX_A", person), factories.tag("VARILUX_B")
    address = reverse("tags:suggestions")
    page = browser.get(address, {"contact": person.pk, "names": "vip, vari"}).content.decode()
    assert 'value="vip, VARILUX_B"' in page
    assert "VARILUX_A" not in page


def test_the_manager_narrows_to_a_tag_and_to_a_category_with_all_below(browser, person) -> None:
    """ST12, IC2."""
    other = factories.contact()
    tag = factories.tag("VIP", person)
    factories.category("klient/media", person)
    root = Category.objects.get(slug_path="klient")
    for query in ({"tag": tag.pk}, {"category": root.pk}):
        page = browser.get(reverse("contacts:manager"), query).content.decode()
        assert str(person) in page
        assert str(other) not in page


@pytest.mark.parametrize("query", [{"tag": "999999"}, {"tag": "x"}, {"category": "999999"}, {"category": "9" * 30}])
def test_an_unknown_label_in_the_managers_address_is_refused(browser, person, query) -> None:
    response = browser.get(reverse("contacts:manager"), query)
    assert response.status_code == 422
    assert str(person) not in response.content.decode()


def test_the_box_finds_tags_and_categories(browser, person) -> None:
    factories.tag("SOCZEWKI", person)
    factories.category("klient/soczewki")
    page = browser.get("/find", {"q": "sócz"}).content.decode()
    assert "SOCZEWKI" in page
    assert "Klient / Soczewki" in page


WRITING = [
    ("tags:tags", []),
    ("tags:rename_tag", [1]),
    ("tags:delete_tag", [1]),
    ("tags:count_tag", [1]),
    ("tags:categories", []),
    ("tags:rename_category", [1]),
    ("tags:delete_category", [1]),
    ("tags:count_category", [1]),
    ("tags:add_tags", [1]),
    ("tags:remove_tag", [1, 1]),
    ("tags:add_category", [1]),
    ("tags:remove_category", [1, 1]),
]


@pytest.mark.parametrize(("name", "args"), WRITING)
def test_an_analyst_changes_nothing(client_for, analyst, name, args) -> None:
    """IC6."""
    assert client_for(analyst).post(reverse(name, args=args), {"names": "x", "name": "x"}).status_code == 403
    assert not Tag.objects.exists()


def test_an_analyst_reads_without_controls(client_for, analyst, person) -> None:
    factories.tag("VIP", person)
    for address in (TAGS, CATEGORIES, reverse("contacts:contact", args=[person.pk])):
        response = client_for(analyst).get(address)
        assert response.status_code == 200
        assert "/delete/" not in response.content.decode()


@pytest.mark.parametrize(("name", "args"), [each for each in WRITING if each[1]])
def test_an_unknown_id_is_a_404(browser, name, args) -> None:
    missing = [10**9 if len(args) == 1 else 10**6 for _ in args]
    assert browser.post(reverse(name, args=missing), {"name": "x", "names": "x"}).status_code == 404


def test_a_label_of_another_account_is_a_404(client_for, marketer, other_account) -> None:
    from django_tenants.utils import tenant_context

    with tenant_context(other_account):
        tag = factories.tag("THEIRS")
    assert client_for(marketer).get(reverse("tags:rename_tag", args=[tag.pk])).status_code == 404


def test_criteria_follow_a_rename_and_hold_off_a_deletion(browser) -> None:
    """ST14, ST15."""
    tag, category = factories.tag("VIP"), factories.category("klient/media")
    named = {
        "all": [
            {"kind": "tag", "op": "any", "tags": ["VIP"]},
            {"kind": "category", "op": "any", "categories": ["klient/media"]},
        ]
    }
    segment = factories.segment("Best", criteria=named)
    browser.post(reverse("tags:rename_tag", args=[tag.pk]), {"name": "złoty"})
    browser.post(reverse("tags:rename_category", args=[Category.objects.get(slug_path="klient").pk]), {"name": "Osoba"})
    segment.refresh_from_db()
    assert segment.version
    assert segment.version.criteria["all"][0]["tags"] == ["ZLOTY"]
    assert segment.version.criteria["all"][1]["categories"] == ["osoba/media"]
    for address in (reverse("tags:delete_tag", args=[tag.pk]), reverse("tags:delete_category", args=[category.pk])):
        response = browser.post(address)
        assert response.status_code == 422
        assert "Best" in response.content.decode()


@pytest.mark.parametrize("asked", ["sort=zzz", "page=abc", "page=0", "colour=red", "q=a&q=b", "q=%00"])
def test_an_address_that_cannot_be_understood_shows_no_tags(browser, asked) -> None:
    factories.tag("VIP")
    answer = browser.get(f"{TAGS}?{asked}")
    assert answer.status_code == 422
    assert "VIP</" not in answer.content.decode()
    assert "Nothing is shown" in answer.content.decode()
