"""Selecting contacts in the contact manager: a set on the server that paging, searching and other windows keep."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact, Selection
from contacts.selecting import change_selection, remove_old_selections, selected
from contacts.services import delete_contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
URL = "/contacts/"
SELECT = "/contacts/select/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def people(number: int, **fields: Any) -> list[int]:
    return [factories.contact(last_name=f"N{at:03}", **fields).pk for at in range(number)]


def ticked(page: Any) -> set[int]:
    """The rows whose box is ticked."""
    boxes = re.findall(r'name="ticked" value="(\d+)"[^>]*?( checked)?>', page.content.decode())
    return {int(pk) for pk, checked in boxes if checked}


def test_ticks_of_a_page_are_kept_whatever_is_shown_next(client: Client, marketer: Any) -> None:
    first, second, third = people(3)
    answer = client.post(SELECT, {"shown": [first, second], "ticked": [first]})
    assert answer.status_code == 302
    assert answer["Location"] == URL
    client.post(f"{SELECT}?q=N002", {"shown": [third], "ticked": [third]})
    assert set(selected(marketer)) == {first, third}
    assert ticked(client.get(URL)) == {first, third}


def test_a_tick_taken_away_is_taken_away_from_this_page_alone(client: Client, marketer: Any) -> None:
    first, second, third = people(3)
    change_selection(marketer, add=[first, second, third], now=NOW)
    client.post(SELECT, {"shown": [first, second], "ticked": [second]})
    assert set(selected(marketer)) == {second, third}


def test_all_that_fit_are_selected_as_a_set_and_not_only_the_page(client: Client, marketer: Any) -> None:
    fitting = people(60, source="fair")
    people(3)
    page = client.get(f"{URL}?source=fair").content.decode()
    assert "Select all 60 that fit" in page
    client.post(f"{SELECT}?source=fair", {"do": "all"})
    assert set(selected(marketer)) == set(fitting)
    assert client.get(f"{URL}?selected=yes").context["total"] == 60


def test_those_that_fit_can_be_taken_out_again(client: Client, marketer: Any) -> None:
    fair, rest = people(2, source="fair"), people(2)
    change_selection(marketer, add=[*fair, *rest], now=NOW)
    client.post(f"{SELECT}?source=fair", {"do": "none"})
    assert set(selected(marketer)) == set(rest)


def test_clearing_leaves_no_row(client: Client, marketer: Any) -> None:
    change_selection(marketer, add=people(2), now=NOW)
    client.post(SELECT, {"do": "clear"})
    assert not Selection.objects.exists()
    assert "selected" not in client.get(URL).context["search"].values


def test_the_button_also_sends_the_ticks_of_a_page_without_scripts(client: Client, marketer: Any) -> None:
    first, second = people(1, source="fair") + people(1)
    client.post(f"{SELECT}?source=fair", {"do": "none", "shown": [first], "ticked": [first]})
    client.post(SELECT, {"do": "ticks", "shown": [first, second], "ticked": [second]})
    assert set(selected(marketer)) == {second}


def test_htmx_gets_only_the_line_about_the_selection(client: Client) -> None:
    first, _second = people(2)
    part = client.post(SELECT, {"shown": [first], "ticked": [first]}, headers=HTMX).content.decode()
    assert "1 selected" in part
    assert "<table" not in part
    whole = client.post(f"{SELECT}?sort=name", {"do": "all"}, headers=HTMX)
    assert len(ticked(whole)) == 2
    assert "<html" not in whole.content.decode()


def test_each_user_has_a_selection_of_ones_own(client: Client, make_user: Any) -> None:
    pk = people(1)[0]
    client.post(SELECT, {"shown": [pk], "ticked": [pk]})
    assert not selected(make_user("marketer"))


def test_an_analyst_selects_nothing(client_for: Callable, analyst: Any) -> None:
    pk = people(1)[0]
    assert 'name="ticked"' not in client_for(analyst).get(URL).content.decode()
    assert client_for(analyst).post(SELECT, {"shown": [pk], "ticked": [pk]}).status_code == 403


def test_who_is_deleted_leaves_every_selection(client: Client, marketer: Any, owner: Any) -> None:
    first, second = people(2)
    change_selection(marketer, add=[first, second], now=NOW)
    change_selection(owner, add=[first], now=NOW)
    delete_contact(Contact.objects.get(pk=first))
    assert set(selected(marketer)) == {second}
    assert not Selection.objects.filter(user=owner).exists()


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("", {"do": "everything"}),
        ("", {"shown": ["x"]}),
        ("", {"shown": ["99999999999999"]}),
        ("", {"ticked": ["-1"], "shown": ["1"]}),
        ("?colour=red", {"do": "all"}),
        ("?lead_score_from=x", {"do": "all"}),
        ("?page=0", {"do": "all"}),
    ],
)
def test_what_is_not_understood_changes_nothing(client: Client, marketer: Any, query: str, data: Any) -> None:
    pk = people(1)[0]
    change_selection(marketer, add=[pk], now=NOW)
    answer = client.post(SELECT + query, data, headers=HTMX)
    assert answer.status_code == 422
    assert "Nothing is shown" in answer.content.decode()
    assert set(selected(marketer)) == {pk}


def test_ticks_of_nobody_are_passed_over(client: Client, marketer: Any) -> None:
    pk = people(1)[0]
    client.post(SELECT, {"shown": [pk, 999_999], "ticked": [pk, 999_999]})
    assert set(selected(marketer)) == {pk}
    client.post(SELECT, {"shown": [], "ticked": [pk]})
    assert set(selected(marketer)) == {pk}, "only rows that were shown can change"


def test_selections_are_kept_for_a_week(marketer: Any) -> None:
    change_selection(marketer, add=people(1), now=NOW)
    remove_old_selections(NOW + timedelta(days=6))
    assert selected(marketer)
    remove_old_selections(NOW + timedelta(days=7))
    assert not selected(marketer)


def test_the_list_of_the_selected_is_empty_and_not_everybody_when_none_is(client: Client) -> None:
    people(2)
    assert client.get(f"{URL}?selected=yes").context["total"] == 0


def test_selecting_all_takes_as_many_queries_as_selecting_one(client: Client) -> None:
    def queries(data: Any) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.post(SELECT, data).status_code == 302
        return len(captured)

    pk = people(1)[0]
    queries({"do": "clear"})
    few = queries({"do": "all"})
    people(60)
    assert queries({"do": "all"}) <= few
    assert queries({"shown": [pk], "ticked": [pk]}) <= few
