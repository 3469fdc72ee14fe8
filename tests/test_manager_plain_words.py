"""The contact manager says what is so: which view is broken, why nobody is shown, whom a button acts on."""

import pytest

from contacts import saved_views
from contacts.selecting import change_selection
from tests import factories
from tests.factories import NOW
from tests.support.people import make_user

URL = "/contacts/"
HTMX = {"HX-Request": "true"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def view(owner, query):
    return saved_views.save_view(owner, name="Warm", shared=False, query=query, columns=["email"], now=NOW)


# --- saved views ---------------------------------------------------------------------------------------------------
def test_a_good_view_is_not_blamed_for_a_broken_filter_beside_it(client, marketer):
    page = client.get(f"{saved_views.address_of(view(marketer, 'status=subscribed'))}&lead_score_from=x")
    assert page.status_code == 422
    assert 'id="view-broken"' not in page.content.decode()


def test_a_view_that_is_refused_as_it_was_saved_is_offered_for_deletion(client, marketer):
    page = client.get(saved_views.address_of(view(marketer, "attribute-gone=1")))
    assert page.status_code == 422
    assert 'id="view-broken"' in page.content.decode()


# --- nobody is shown ------------------------------------------------------------------------------------------------
def test_who_is_in_groups_without_a_category_is_told_why_they_see_nobody(client_for):
    factories.contact()
    ewa = make_user(name="Ewa")
    factories.permission_group("Empty", users=[ewa], categories=[])
    text = client_for(ewa).get(URL).content.decode()
    assert "names a category" in text
    assert "/contacts/create/" not in text


def test_who_sees_an_empty_category_is_not_told_that_there_are_no_contacts(client_for):
    factories.contact()
    ewa = make_user(name="Ewa")
    factories.permission_group("Press", users=[ewa], categories=[factories.category("press")])
    text = client_for(ewa).get(URL).content.decode()
    assert "No contacts yet" not in text
    assert "names a category" not in text


def test_an_account_without_contacts_begins_with_the_first(client):
    assert "No contacts yet" in client.get(URL).content.decode()


# --- ranges -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high", "name"),
    [("50", "10", "lead_score"), ("2026-03-02", "2026-03-01", "created"), ("2.5", "2", "attribute-height")],
)
def test_a_range_from_above_to_below_is_refused_at_its_filter(client, low, high, name):
    factories.attribute("height", "number")
    page = client.get(f"{URL}?{name}_from={low}&{name}_to={high}")
    assert page.status_code == 422
    assert name in page.context["search"].form.errors
    assert client.get(f"{URL}?{name}_from={high}&{name}_to={low}").status_code == 200
    assert client.get(f"{URL}?{name}_from={low}&{name}_to={low}").status_code == 200


# --- whom a button acts on --------------------------------------------------------------------------------------------
def test_buttons_say_how_many_are_listed_and_how_many_selected(client, marketer):
    people = [factories.contact(source="fair" if n < 2 else "shop") for n in range(5)]
    change_selection(marketer, add=[people[1].pk, people[2].pk, people[3].pk], now=NOW)
    text = client.get(f"{URL}?source=fair").content.decode()
    assert "Action on the 2 listed" in text
    assert "Action on the 3 selected" in text
    assert "1 of them is in this list" in text


def test_a_tick_tells_how_many_of_the_selected_are_in_the_list(client, marketer):
    fair, shop = factories.contact(source="fair"), factories.contact(source="shop")
    change_selection(marketer, add=[shop.pk], now=NOW)
    sent = {"do": "ticks", "shown": [fair.pk], "ticked": []}
    text = client.post(f"{URL}select/?source=fair", sent, headers=HTMX).content.decode()
    assert "None of them is in this list" in text
    text = client.post(f"{URL}select/?source=fair", sent | {"ticked": [fair.pk]}, headers=HTMX).content.decode()
    assert "1 of them is in this list" in text


def test_of_a_list_of_everybody_nothing_is_said(client, marketer):
    change_selection(marketer, add=[factories.contact().pk], now=NOW)
    assert 'id="chosen-listed"' not in client.get(URL).content.decode()
