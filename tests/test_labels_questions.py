"""Questions about labels and attributes: what they say, and where they stay when they are refused."""

from typing import Any

import pytest
from django.urls import reverse

from contacts.models import Attribute
from tags.models import Tag
from tests import factories

pytestmark = pytest.mark.django_db
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def browser(client_for: Any, marketer: Any) -> Any:
    return client_for(marketer)


def test_a_question_in_a_dialog_leads_on_with_a_header_and_keeps_the_message(browser: Any) -> None:
    address = reverse("tags:rename_tag", args=[factories.tag("OLD").pk])
    refused = browser.post(address, {"name": "!!!"}, headers=DIALOG)
    assert (refused.status_code, "<html" in refused.content.decode()) == (422, False)
    done = browser.post(address, {"name": "new"}, headers=DIALOG)
    assert (done.status_code, done["HX-Redirect"], "Location" in done) == (204, reverse("tags:tags"), False)
    assert "OLD is now called NEW" in browser.get(reverse("tags:tags")).content.decode()


def test_a_refused_name_is_quoted_as_it_was_typed(browser: Any) -> None:
    told = browser.post(reverse("tags:tags"), {"names": "ok, !!!"}).content.decode()
    assert "“!!!” has none" in told
    assert "___" not in told


def test_deleted_tags_that_nobody_had_are_told_so(browser: Any) -> None:
    tag = factories.tag("UNUSED")
    browser.post(reverse("tags:delete_tags"), {"tag": tag.pk})
    assert "Deleted: UNUSED. Nobody had them." in browser.get(reverse("tags:tags")).content.decode()


def test_a_tag_of_a_new_name_names_all_it_was_merged_from(browser: Any) -> None:
    tags = [factories.tag("A", factories.contact()), factories.tag("B", factories.contact())]
    given = {"tag": [tag.pk for tag in tags], "name": "Z", "step": "look"}
    shown = browser.post(reverse("tags:merge"), given).context["shown"]
    browser.post(reverse("tags:merge"), given | {"step": "merge", "shown": shown})
    assert Tag.objects.get().name == "Z"
    assert "merged from A, B" in browser.get(reverse("tags:tags")).content.decode()


def test_the_token_of_a_form_stays_out_of_addresses(browser: Any) -> None:
    tag = factories.tag("A")
    told = browser.get(f"{reverse('tags:merge')}?tag={tag.pk}", headers=DIALOG).content.decode()
    assert 'hx-params="not csrfmiddlewaretoken,shown"' in told


@pytest.mark.parametrize("name", ["tag", "category"])
def test_the_visible_words_are_in_the_name_of_the_link(browser: Any, name: str) -> None:
    getattr(factories, name)("R_D" if name == "tag" else "rd", factories.contact())
    page = browser.get(reverse("tags:tags" if name == "tag" else "tags:categories")).content.decode()
    assert 'aria-label="Who? ' in page


def test_a_move_says_why_fewer_change_than_come_along(browser: Any) -> None:
    both, alone = factories.contact(), factories.contact()
    media = factories.category("klient/media", both, alone)
    goal = factories.category("partner")
    address = reverse("tags:move_category", args=[media.pk])
    assert "move-shared" not in browser.get(address, {"below": goal.pk}).content.decode()
    factories.category("partner/inni", both)
    assert "move-shared" in browser.get(address, {"below": goal.pk}).content.decode()


def test_create_one_below_starts_at_the_name(browser: Any) -> None:
    media = factories.category("media")
    page = browser.get(reverse("tags:categories")).content.decode()
    assert f"?below={media.pk}" in page
    assert " autofocus" not in page
    assert " autofocus" in browser.get(reverse("tags:categories"), {"below": media.pk}).content.decode()


@pytest.mark.parametrize("name", ["delete_category", "move_category"])
def test_a_question_as_a_page_has_its_styles(browser: Any, name: str) -> None:
    address = reverse(f"tags:{name}", args=[factories.category("media").pk])
    assert "css/tree" in browser.get(address).content.decode()


def test_values_that_all_fit_have_no_others(client_for: Any, administrator: Any) -> None:
    factories.attribute("size", "text")
    factories.contact(attributes={"size": "40"})
    address = reverse("contacts:attribute_type", args=[Attribute.objects.get().pk])
    told = client_for(administrator).get(address, {"type": "number"}).content.decode()
    assert "What becomes of them" in told
    assert "the others" not in told
    factories.contact(attributes={"size": "large"})
    assert "What becomes of the others" in client_for(administrator).get(address, {"type": "number"}).content.decode()
