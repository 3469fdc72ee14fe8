"""Saved criteria (IP13): list, create, edit, delete with the check of uses, into segments as copy or live reference."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_tenants.utils import tenant_context

from segmentation.models import SavedCriteria
from segmentation.saved import InUseError, delete_saved, uses_of_saved
from tests import factories
from tests.factories import NOW
from tests.population import make_segment
from tests.test_builder_views import HOT, HTMX, WARM, posted

pytestmark = pytest.mark.django_db

LIST, NEW, SAVE = "/saved-criteria/", "/saved-criteria/new/", "/saved-criteria/save/"


def saved(name: str = "Warm leads", tree: Any = WARM) -> SavedCriteria:
    return SavedCriteria.objects.create(name=name, criteria=tree, created_at=NOW, updated_at=NOW)


def referring(found: SavedCriteria) -> dict[str, Any]:
    return {"all": [{"not": {"kind": "saved", "criteria": found.pk}}, WARM]}


def text_of(response: Any) -> str:
    return str(response.content.decode())


# --- the list -------------------------------------------------------------------------------------------------
def test_the_list_says_what_each_means_and_what_uses_it(client_for: Any, analyst: Any) -> None:
    found = saved()
    make_segment("October letter", referring(found))
    html = text_of(client_for(analyst).get(LIST))
    assert "Warm leads" in html
    assert "Lead score is more than" in html
    assert "October letter" in html
    assert reverse("segmentation:saved_create") not in html  # an analyst changes nothing


def test_the_list_is_searched_and_htmx_gets_the_rows_only(client_for: Any, marketer: Any) -> None:
    saved("Warm leads")
    saved("Cold leads")
    response = client_for(marketer).get(LIST, {"q": "cold"}, headers=HTMX)
    html = text_of(response)
    assert "Cold leads" in html
    assert "Warm leads" not in html
    assert "<html" not in html
    assert "have this in their name" in text_of(client_for(marketer).get(LIST, {"q": "nothing"}))


def test_the_list_takes_as_many_queries_for_many_as_for_one(client_for: Any, marketer: Any) -> None:
    client = client_for(marketer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    make_segment("one", referring(saved("0")))
    before = queries()
    for number in range(1, 12):
        make_segment(f"segment {number}", referring(saved(str(number))))
    assert queries() == before


def test_each_row_is_counted_by_itself_with_its_time(client_for: Any, marketer: Any) -> None:
    for score in (10, 30, 60):
        factories.contact(lead_score=score)
    response = client_for(marketer).get(f"/saved-criteria/{saved().pk}/count/", headers=HTMX)
    assert "<b>2</b>" in text_of(response)
    assert "exact, at" in text_of(response)


def test_a_count_that_cannot_be_made_says_why(client_for: Any, marketer: Any) -> None:
    found = saved(tree={"kind": "tag", "op": "none", "tags": ["GONE"]})
    assert "There is no tag “GONE”." in text_of(client_for(marketer).get(f"/saved-criteria/{found.pk}/count/"))


# --- creating and changing ------------------------------------------------------------------------------------
def test_saving_keeps_the_tree_and_forgets_the_draft(client_for: Any, marketer: Any) -> None:
    client = client_for(marketer)
    client.post("/criteria/count/", posted(WARM, place="saved:new"), headers={"X-Builder-Sequence": "2"})
    response = client.post(NEW, posted({"all": [WARM, HOT]}, place="saved:new", name="  Warm   leads "))
    assert (response.status_code, response["Location"]) == (302, LIST)
    found = SavedCriteria.objects.get()
    assert (found.name, found.criteria, found.created_by) == ("Warm leads", {"all": [WARM, HOT]}, marketer)
    assert "This is your draft" not in text_of(client.get(NEW))


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_is_needed(client_for: Any, marketer: Any, name: str) -> None:
    response = client_for(marketer).post(NEW, posted(WARM, place="saved:new", name=name))
    assert response.status_code == 422
    assert not SavedCriteria.objects.exists()


def test_a_name_is_unique_whatever_its_case(client_for: Any, marketer: Any) -> None:
    saved("Warm leads")
    response = client_for(marketer).post(NEW, posted(HOT, place="saved:new", name="WARM LEADS"))
    assert response.status_code == 422
    assert "of this name already" in text_of(response)
    with pytest.raises(IntegrityError), transaction.atomic():
        saved("wArM lEaDs")


def test_unfinished_criteria_are_422_and_stay_typed(client_for: Any, marketer: Any) -> None:
    data = posted(WARM, place="saved:new", name="Warm")
    leaf = next(name for name in data if name.endswith("-value"))
    data[leaf] = "twenty"
    response = client_for(marketer).post(NEW, data)
    html = text_of(response)
    assert response.status_code == 422
    assert "“twenty” is no number." in html
    assert 'value="twenty"' in html
    assert 'value="Warm"' in html


def test_without_scripts_a_button_redraws_the_page_and_saves_nothing(client_for: Any, marketer: Any) -> None:
    response = client_for(marketer).post(NEW, posted(WARM, place="saved:new", name="Warm", do="block"))
    html = text_of(response)
    assert response.status_code == 200
    assert html.count('class="block block') == 2
    assert 'value="Warm"' in html
    assert "<html" in html
    assert not SavedCriteria.objects.exists()


def test_without_scripts_the_count_button_counts(client_for: Any, marketer: Any) -> None:
    factories.contact(lead_score=30)
    html = text_of(client_for(marketer).post(NEW, posted(WARM, place="saved:new", do="count")))
    assert '<div class="stat">1</div>' in html


def test_editing_changes_name_and_criteria(client_for: Any, marketer: Any) -> None:
    found = saved()
    client = client_for(marketer)
    page = text_of(client.get(f"/saved-criteria/{found.pk}/"))
    assert 'value="Warm leads"' in page
    data = posted(HOT, place=f"saved:{found.pk}", name="Hot", revision="1")
    response = client.post(f"/saved-criteria/{found.pk}/", data)
    found.refresh_from_db()
    assert response.status_code == 302
    assert (found.name, found.criteria) == ("Hot", {"all": [HOT]})


def test_an_edit_that_closes_a_circle_is_refused(client_for: Any, marketer: Any) -> None:
    first = saved("first")
    second = saved("second", {"kind": "saved", "criteria": first.pk})
    data = posted({"kind": "saved", "criteria": second.pk}, place=f"saved:{first.pk}", name="first")
    response = client_for(marketer).post(f"/saved-criteria/{first.pk}/", data)
    assert response.status_code == 422
    assert "circle" in text_of(response)


def test_saving_from_any_page_stays_there(client_for: Any, marketer: Any) -> None:
    client = client_for(marketer)
    response = client.post(SAVE, posted(WARM, saved_name="Warm"), headers=HTMX)
    assert response.status_code == 200
    assert "Saved as “Warm”" in text_of(response)
    assert SavedCriteria.objects.get().criteria == {"all": [WARM]}
    assert client.post(SAVE, posted(WARM, saved_name="warm"), headers=HTMX).status_code == 422
    assert client.post(SAVE, posted(None, saved_name="New"), headers=HTMX).status_code == 422
    assert client.post(SAVE, posted(WARM, saved_name="Warm")).status_code == 422  # a page


# --- deleting -------------------------------------------------------------------------------------------------
def test_deleting_asks_first_and_then_deletes(client_for: Any, marketer: Any) -> None:
    found = saved()
    client = client_for(marketer)
    assert "Delete “Warm leads”?" in text_of(client.get(f"/saved-criteria/{found.pk}/delete/"))
    assert SavedCriteria.objects.exists()
    assert client.post(f"/saved-criteria/{found.pk}/delete/").status_code == 302
    assert not SavedCriteria.objects.exists()


def test_deleting_what_is_referred_to_is_refused_and_says_by_whom(client_for: Any, marketer: Any) -> None:
    found = saved()
    make_segment("October letter", referring(found))
    saved("Reader", {"any": [{"kind": "saved", "criteria": found.pk}]})
    response = client_for(marketer).post(f"/saved-criteria/{found.pk}/delete/")
    html = text_of(response)
    assert response.status_code == 422
    assert "October letter" in html
    assert "Reader" in html
    assert SavedCriteria.objects.filter(pk=found.pk).exists()
    with pytest.raises(InUseError):
        delete_saved(found)


def test_a_copy_and_an_older_version_are_no_use(account: Any) -> None:
    found = saved()
    segment = make_segment("October letter", referring(found))
    segment.version = segment.versions.create(number=2, criteria=WARM, created_at=NOW)
    segment.save()
    assert uses_of_saved() == {}


# --- who ------------------------------------------------------------------------------------------------------
def test_an_analyst_looks_but_changes_nothing(client_for: Any, analyst: Any) -> None:
    found = saved()
    client = client_for(analyst)
    for address in (LIST, f"/saved-criteria/{found.pk}/", f"/saved-criteria/{found.pk}/count/"):
        assert client.get(address).status_code == 200
    for address in (NEW, SAVE, f"/saved-criteria/{found.pk}/", f"/saved-criteria/{found.pk}/delete/"):
        assert client.post(address, posted(HOT, name="x", saved_name="x")).status_code == 403
    found.refresh_from_db()
    assert found.criteria == WARM


@pytest.mark.parametrize("page", ["", "count", "delete"])
def test_of_another_account_there_is_nothing(client_for: Any, make_user: Any, other_account: Any, page: str) -> None:
    found = saved()
    with tenant_context(other_account):
        client = client_for(make_user("owner"))
        assert client.get(f"/saved-criteria/{found.pk}/{page}/").status_code == 404
        assert client.post(f"/saved-criteria/{found.pk}/delete/").status_code == 404
        assert "Warm leads" not in text_of(client.get(LIST))


def test_a_live_reference_leads_to_the_page_of_what_it_refers_to(client_for: Any, marketer: Any) -> None:
    found = saved()
    page = client_for(marketer).get("/segments/create/", {"criteria": json.dumps(referring(found))})
    assert text_of(page).count(f'href="/saved-criteria/{found.pk}/" target="_blank"') == 1
