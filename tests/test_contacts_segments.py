"""Segments from the contact manager (IP33) and its advanced filter (IP8)."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import Contact
from contacts.selecting import change_selection, selected
from contacts.services import delete_contact
from segmentation.contact_queries import KEPT, keep_query, remove_old_queries
from segmentation.models import ContactQuery, Draft, Segment, UploadedList
from segmentation.saved import create_saved
from segmentation.sentences import sentence_of
from segmentation.services import criterion_of, fixed_list
from segmentation.services.uploads import remove_old_uploads
from tags.services import rename_tag
from tests import factories
from tests.factories import NOW
from tests.support.forms import form_in
from tests.support.segments import SCORED, calculate, scored

pytestmark = pytest.mark.django_db
URL = "/contacts/"
FILTER = "/contacts/filter/"
SEGMENT = "/contacts/segment/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def listed(client: Client, address: str) -> set[int]:
    page = client.get(address)
    assert page.status_code == 200, page.context["search"].errors
    found = {int(pk) for pk in re.findall(r'class="name" href="/contacts/(\d+)/"', page.content.decode())}
    assert page.context["total"] == len(found)
    return found


def made_with(client: Client, make: str, query: str) -> Segment:
    """The segment that comes of pressing the button, and then of the Create page as it opens."""
    asked = client.post(f"{SEGMENT}?{query}", {"make": make})
    assert asked.status_code == 302, asked.content.decode()
    page = client.get(asked["Location"])
    assert not page.context["problem"]
    form = form_in(page, "/segments/create/") | {"name": "From the manager", "then": "create"}
    answer = client.post("/segments/create/", form)
    assert answer.status_code == 302, answer.content.decode()
    segment = Segment.objects.get()
    calculate(segment)
    return segment


# --- from the filter, from the selected (IP33) ------------------------------------------------------------------
def test_criteria_of_the_filter_in_use_make_a_segment_that_follows(client: Client) -> None:
    fitting, _rest = scored(3, 30), scored(2, 5)
    segment = made_with(client, "criteria", "lead_score_from=21&status=subscribed")
    assert set(segment.latest.member_ids) == set(fitting)
    assert segment.version is not None
    assert segment.version.criteria["all"][0]["field"] == "status"


def test_a_fixed_list_holds_exactly_those_listed_and_nobody_joins_it(client: Client) -> None:
    fitting = scored(3, 30)
    segment = made_with(client, "list", "lead_score_from=21")
    scored(2, 50, start=10)
    delete_contact(Contact.objects.get(pk=fitting[0]))
    client.post(f"/segments/{segment.pk}/refresh/")
    assert set(calculate(segment, now=NOW + timedelta(hours=1)).member_ids) == set(fitting[1:])


def test_contacts_selected_by_hand_make_a_segment(client: Client, marketer: Any) -> None:
    first, _second, third = scored(3)
    change_selection(marketer, add=[first, third], now=NOW)
    page = client.get(f"{SEGMENT}?selected=yes").content.decode()
    assert "Create a segment from 2 selected contacts" in page
    assert 'value="criteria"' not in page
    assert set(made_with(client, "list", "selected=yes").latest.member_ids) == {first, third}


def test_a_selection_that_became_a_segment_is_let_go_of_and_another_one_is_kept(client: Client, marketer: Any) -> None:
    picked, other = scored(2), scored(1, score=5)
    change_selection(marketer, add=picked, now=NOW)
    made_with(client, "list", "selected=yes")
    assert not selected(marketer)
    Segment.objects.all().delete()
    change_selection(marketer, add=other, now=NOW)
    made_with(client, "list", "lead_score_from=20")
    assert list(selected(marketer)) == other


def test_it_says_which_follows_later_changes_and_in_which_words(client: Client) -> None:
    scored(2)
    page = client.get(f"{SEGMENT}?lead_score_from=21", headers=HTMX).content.decode()
    assert "<html" not in page
    assert "ead score is at least" in page
    assert "Criteria: follow later changes" in page
    assert "Exactly these 2 contacts" in page


@pytest.mark.parametrize("query", ["q=scored&lead_score_from=1", "q=scored"])
def test_a_search_can_only_be_frozen_and_it_is_said(client: Client, query: str) -> None:
    scored(2)
    page = client.get(f"{SEGMENT}?{query}").content.decode()
    assert "criteria cannot say this" in page
    assert "Search: scored" in page
    assert client.post(f"{SEGMENT}?{query}", {"make": "criteria"}).status_code == 422
    assert len(made_with(client, "list", query).latest.member_ids) == 2


def test_of_a_list_that_is_refused_no_segment_is_made(client: Client) -> None:
    scored(2)
    page = client.get(f"{SEGMENT}?lead_score_from=9&lead_score_to=1")
    assert page.status_code == 422
    assert 'name="make"' not in page.content.decode()


def test_everybody_can_be_frozen_but_is_no_criteria(client: Client) -> None:
    scored(2)
    page = client.get(SEGMENT).content.decode()
    assert "no filter is in force" in page
    assert len(made_with(client, "list", "").latest.member_ids) == 2


def test_nobody_is_no_list(client: Client) -> None:
    page = client.get(f"{SEGMENT}?q=zzz").content.decode()
    assert "there is nobody to put in it" in page
    assert client.post(f"{SEGMENT}?q=zzz", {"make": "list"}).status_code == 422
    assert not UploadedList.objects.exists()


def test_an_address_that_the_list_refuses_is_refused_here(client: Client) -> None:
    scored(2)
    for query in ("colour=red", "lead_score_from=x", "advanced=nothing"):
        assert client.get(f"{SEGMENT}?{query}").status_code == 422
        assert client.post(f"{SEGMENT}?{query}", {"make": "list"}).status_code == 422
    assert not UploadedList.objects.exists()


def test_an_analyst_makes_no_segment(client_for: Callable, analyst: Any) -> None:
    scored(2)
    assert SEGMENT not in client_for(analyst).get(f"{URL}?lead_score_from=1").content.decode()
    assert client_for(analyst).get(f"{SEGMENT}?lead_score_from=1").status_code == 403
    assert client_for(analyst).post(f"{SEGMENT}?lead_score_from=1", {"make": "list"}).status_code == 403


# --- the advanced filter (IP8) ----------------------------------------------------------------------------------
def kept(marketer: Any, criteria: Any = SCORED) -> ContactQuery:
    return keep_query(criteria, now=NOW, by=marketer)


def test_the_advanced_filter_shows_exactly_those_who_satisfy_the_criteria(client: Client, marketer: Any) -> None:
    fitting, _rest = scored(3, 30), scored(2, 5)
    opened = client.get(f"{FILTER}?advanced={kept(marketer).key}&status=subscribed&sort=name&page=2")
    answer = client.post(
        opened.request["PATH_INFO"] + "?status=subscribed&sort=name", form_in(opened, "sort=name&page=2")
    )
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{URL}?status=subscribed&sort=name&advanced=")
    assert listed(client, answer["Location"]) == set(fitting)


def test_search_and_other_filters_work_within_it(client: Client, marketer: Any) -> None:
    scored(3, 30)
    one = factories.contact(last_name="Kowal", lead_score=50)
    key = kept(marketer).key
    assert listed(client, f"{URL}?advanced={key}&q=kowal") == {one.pk}
    assert listed(client, f"{URL}?advanced={key}&lead_score_from=60") == set()


def test_it_is_as_of_now_at_every_request(client: Client, marketer: Any) -> None:
    key = kept(marketer).key
    before = scored(1)
    assert listed(client, f"{URL}?advanced={key}") == set(before)
    after = scored(1, start=5)
    assert listed(client, f"{URL}?advanced={key}") == {*before, *after}


def test_the_address_says_what_is_in_force_and_leads_to_changing_it(client: Client, marketer: Any) -> None:
    scored(1)
    key = kept(marketer).key
    page = client.get(f"{URL}?advanced={key}&sort=name").content.decode()
    assert "Advanced filter" in page
    assert "ead score is more than" in page
    assert f"{FILTER}?advanced={key}&amp;sort=name" in page


def test_order_and_filters_of_the_list_go_along_to_the_form(client: Client) -> None:
    scored(1)
    page = client.get(f"{URL}?sort=name&lead_score_from=1").content.decode()
    assert f'href="{FILTER}?sort=name&amp;lead_score_from=1"' in page


def test_criteria_that_are_not_finished_come_back_as_typed(client: Client) -> None:
    answer = client.post(FILTER, form_in(client.get(FILTER), "/contacts/filter/"))
    assert answer.status_code == 422
    assert not ContactQuery.objects.exists()


def test_a_button_of_the_builder_keeps_nothing(client: Client, marketer: Any) -> None:
    opened = client.get(f"{FILTER}?advanced={kept(marketer).key}")
    form = form_in(opened, f"advanced={kept(marketer).key}") | {"do": "block"}
    answer = client.post(f"{FILTER}?advanced={kept(marketer).key}", form)
    assert answer.status_code == 200
    assert ContactQuery.objects.count() == 1


def test_the_same_criteria_have_the_same_key(marketer: Any, owner: Any) -> None:
    assert kept(marketer).pk == kept(marketer).pk
    assert kept(owner).pk != kept(marketer).pk


def test_what_is_begun_is_kept_as_a_draft_of_this_place(client: Client, marketer: Any) -> None:
    form = form_in(client.get(f"{FILTER}?advanced={kept(marketer).key}"), f"advanced={kept(marketer).key}")
    client.post("/criteria/count/", form, headers=HTMX | {"X-Builder-Sequence": "2"})
    assert Draft.objects.get().place == f"contacts:{kept(marketer).pk}"


def test_a_filter_that_is_not_kept_any_more_shows_nobody(client: Client) -> None:
    scored(1)
    page = client.get(f"{URL}?advanced=nothing")
    assert page.status_code == 422
    assert "not kept any more" in page.content.decode()
    assert client.get(f"{FILTER}?advanced=nothing").status_code == 404


def test_criteria_that_name_something_deleted_show_nobody_and_say_so(client: Client, marketer: Any) -> None:
    factories.contact()
    tag = factories.tag("VIP")
    key = kept(marketer, {"not": {"kind": "tag", "op": "any", "tags": ["VIP"]}}).key
    tag.delete()
    page = client.get(f"{URL}?advanced={key}")
    assert page.status_code == 422
    assert "VIP" in page.content.decode()


def test_an_analyst_may_filter(client_for: Callable, analyst: Any) -> None:
    fitting = scored(2)
    query = keep_query(SCORED, now=NOW, by=analyst)
    opened = client_for(analyst).get(f"{FILTER}?advanced={query.key}")
    answer = client_for(analyst).post(f"{FILTER}?advanced={query.key}", form_in(opened, query.key))
    assert listed(client_for(analyst), answer["Location"]) == set(fitting)


def test_criteria_of_the_filter_go_into_a_segment_as_they_are(client: Client, marketer: Any) -> None:
    fitting, _rest = scored(2, 30), scored(2, 5)
    segment = made_with(client, "criteria", f"advanced={kept(marketer).key}")
    assert segment.version is not None
    assert segment.version.criteria == {"all": [SCORED]}
    assert set(segment.latest.member_ids) == set(fitting)


def test_filters_nobody_opens_go_after_three_months(client: Client, marketer: Any) -> None:
    query = kept(marketer)
    remove_old_queries(NOW + KEPT - timedelta(minutes=1))
    client.get(f"{URL}?advanced={query.key}")
    query.refresh_from_db()
    remove_old_queries(query.used_at + KEPT - timedelta(minutes=1))
    assert ContactQuery.objects.exists()
    remove_old_queries(query.used_at + KEPT)
    assert not ContactQuery.objects.exists()


# --- saved criteria, lists -------------------------------------------------------------------------------------
def test_who_meets_saved_criteria_is_a_list_equal_to_its_number(client: Client, marketer: Any) -> None:
    fitting, _rest = scored(3, 30), scored(2, 5)
    saved = create_saved(name="Warm", criteria=SCORED, now=NOW, by=marketer)
    number = client.get(f"/saved-criteria/{saved.pk}/count/").content.decode()
    assert f'href="{URL}?saved={saved.pk}"' in number
    assert listed(client, f"{URL}?saved={saved.pk}") == set(fitting)


def test_the_contacts_of_a_list_are_shown_and_those_deleted_since_told(client: Client, marketer: Any) -> None:
    ids = scored(3)
    made = fixed_list("Fair", BitMap(ids), now=NOW, by=marketer)
    delete_contact(Contact.objects.get(pk=ids[0]))
    assert listed(client, f"{URL}?list={made.pk}") == set(ids[1:])
    page = client.get(f"{URL}?list={made.pk}").content.decode()
    assert "3 contacts, as of" in page
    assert "1 of them has been deleted since." in page


@pytest.mark.parametrize("query", ["list=x", "list=9999999", "saved=9999999", "saved=", "list=99999999999999999999"])
def test_what_there_is_not_shows_nobody(client: Client, query: str) -> None:
    scored(1)
    assert client.get(f"{URL}?{query}").status_code == (422 if query != "saved=" else 200)


def test_queries_of_the_list_do_not_grow_with_people(client: Client, marketer: Any) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    key = kept(marketer).key
    address = f"{URL}?advanced={key}"
    scored(1)
    queries(address)
    few, asked = queries(address), queries(f"{SEGMENT}?advanced={key}")
    scored(60, start=10)
    queries(address)
    assert queries(address) <= few
    assert queries(f"{SEGMENT}?advanced={key}") <= asked


def test_a_fixed_list_has_a_page_of_its_own_that_speaks_of_no_rows(client: Client, marketer: Any) -> None:
    made = fixed_list("Fair", BitMap(scored(3)), now=NOW, by=marketer)
    page = client.get(f"/segments/files/{made.pk}/").content.decode()
    assert f'href="{URL}?list={made.pk}">3</a>' in page
    assert "How it was read" not in page
    assert "rows" not in page


def test_a_fixed_list_is_called_one_in_sentences(client: Client, marketer: Any) -> None:
    made = fixed_list("Fair", BitMap(scored(1)), now=NOW, by=marketer)
    file = {"kind": "file", "file": made.pk}
    assert sentence_of(file, now=NOW, plain=True) == "Is in the fixed list Fair."
    assert sentence_of({"not": file}, now=NOW, plain=True) == "Is not in the fixed list Fair."


def test_a_list_that_a_filter_of_the_manager_names_is_not_removed(marketer: Any) -> None:
    named, unnamed = (fixed_list(name, BitMap([1]), now=NOW, by=marketer) for name in ("named", "unnamed"))
    kept(marketer, criterion_of(named))
    remove_old_uploads(NOW + timedelta(days=8))
    assert list(UploadedList.objects.values_list("name", flat=True)) == ["named"]
    assert unnamed.name == "unnamed"


def test_a_filter_of_the_manager_follows_a_renamed_tag(client: Client, marketer: Any) -> None:
    contact = factories.contact()
    tag = factories.tag("VIP", contact)
    key = kept(marketer, {"kind": "tag", "op": "any", "tags": ["VIP"]}).key
    rename_tag(tag, "GOLD", now=NOW)
    assert listed(client, f"{URL}?advanced={key}") == {contact.pk}


def test_the_filters_open_only_where_one_of_them_is_wrong(client: Client) -> None:
    assert '<details class="more-filters">' in client.get(f"{URL}?advanced=nothing").content.decode()
    assert '<details class="more-filters" open>' in client.get(f"{URL}?lead_score_from=x").content.decode()
