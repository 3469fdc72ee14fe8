"""Saved views of the contact manager: saved, opened, changed, shared, deleted, opened with."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from contacts import saved_views
from contacts.models import SavedView
from segmentation.contact_queries import keep_query, remove_old_queries
from segmentation.models import ContactQuery
from tests import factories

URL, VIEWS = "/contacts/", "/contacts/views/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def save(client, address: str = "", **given) -> SavedView:
    page = client.post(f"{VIEWS}save/{address}", {"name": "Warm"} | given)
    assert page.status_code == 302, page.content.decode()
    return SavedView.objects.latest("pk")


def view(owner, name: str = "Warm", *, query: str = "status=subscribed", columns=("email",), shared: bool = False):
    return saved_views.save_view(owner, name=name, shared=shared, query=query, columns=columns, now=clock())


def test_a_view_is_the_filters_the_order_and_the_columns(client, marketer):
    factories.contact(source="fair", lead_score=5)
    factories.contact(source="shop")
    made = save(client, "?source=fair&sort=-lead_score&columns=email,phone&page=1")
    assert (made.owner, made.query, made.columns) == (marketer, "sort=-lead_score&source=fair", ["email", "phone"])
    page = client.get(saved_views.address_of(made))
    assert page.context["total"] == 1
    assert [column.name for column in page.context["columns"]] == ["email", "phone"]
    assert page.context["sort"] == "-lead_score"
    assert not page.context["view_changed"]
    assert 'id="view-changed"' not in page.content.decode()


@pytest.mark.parametrize("more", ["&source=shop", "&sort=name", "&columns=phone", "&q=a"])
def test_a_list_that_is_another_by_now_says_so_and_offers_to_save(client, marketer, more):
    made = view(marketer)
    text = client.get(saved_views.address_of(made) + more).content.decode()
    for there in ("view-changed", "view-save", "view-save-as", "view-back"):
        assert f'id="{there}"' in text


@pytest.mark.parametrize("more", ["&page=1", "&sort=-created", "&source=", "&columns=email"])
def test_what_asks_for_the_same_is_no_change(client, marketer, more):
    made = view(marketer)
    assert not client.get(saved_views.address_of(made) + more).context["view_changed"]


def test_saving_again_writes_what_is_shown(client, marketer):
    made = view(marketer)
    given = {"revision": made.revision}
    page = client.post(f"{VIEWS}{made.pk}/save/?status=pending&columns=phone,tags&view={made.pk}", given)
    made.refresh_from_db()
    assert (made.query, made.columns, made.revision) == ("status=pending", ["phone", "tags"], 2)
    assert page.url == saved_views.address_of(made)


@pytest.mark.parametrize("revision", ["1", "", "x", "9" * 30])
def test_who_saves_after_somebody_else_is_told(client, marketer, revision):
    made = view(marketer)
    saved_views.change_view(made, revision=1, now=clock(), by=marketer, name="Hot")
    page = client.post(f"{VIEWS}{made.pk}/save/?status=pending&view={made.pk}", {"revision": revision}, follow=True)
    made.refresh_from_db()
    assert (made.query, made.name) == ("status=subscribed", "Hot")
    assert "Somebody else has changed this view" in page.content.decode()


def test_what_cannot_be_understood_is_not_saved(client, marketer):
    made = view(marketer)
    assert client.post(f"{VIEWS}save/?status=asleep", {"name": "Odd"}).status_code == 422
    client.post(f"{VIEWS}{made.pk}/save/?status=asleep&view={made.pk}", {"revision": 1})
    made.refresh_from_db()
    assert (made.query, SavedView.objects.count()) == ("status=subscribed", 1)


def test_a_view_that_can_no_longer_be_understood_says_so(client, marketer):
    tag = factories.tag("VIP")
    made = view(marketer, query=f"tag={tag.pk}")
    tag.delete()
    page = client.get(saved_views.address_of(made))
    text = page.content.decode()
    assert page.status_code == 422
    assert "The view “Warm” can no longer be understood as it was saved." in text
    assert f"{VIEWS}{made.pk}/delete/" in text


@pytest.mark.parametrize("name", ["", "   ", "\x00", "x" * 121])
def test_a_bad_name_is_refused_at_the_field(client, name):
    assert client.post(f"{VIEWS}save/", {"name": name}).status_code == 422
    assert not SavedView.objects.exists()


def test_a_name_is_its_owners_once_whatever_its_case(client, client_for, make_user):
    save(client, name="Warm")
    page = client.post(f"{VIEWS}save/", {"name": "WARM"})
    assert page.status_code == 422
    assert "You have a view of this name." in page.content.decode()
    save(client_for(make_user()), name="Warm")


def test_renaming_to_a_name_that_is_taken_is_refused(client, marketer):
    view(marketer, "Warm")
    other = view(marketer, "Cold")
    page = client.post(f"{VIEWS}{other.pk}/edit/", {"name": "warm", "revision": 1})
    assert page.status_code == 422
    other.refresh_from_db()
    assert other.name == "Cold"


def test_rename_share_and_delete(client, marketer):
    made = view(marketer)
    assert client.post(f"{VIEWS}{made.pk}/edit/", {"name": "Hot", "shared": "on", "revision": 1}).url == VIEWS
    made.refresh_from_db()
    assert (made.name, made.shared, made.revision) == ("Hot", True, 2)
    assert "It is gone for everybody" in client.get(f"{VIEWS}{made.pk}/delete/").content.decode()
    client.post(f"{VIEWS}{made.pk}/delete/")
    assert not SavedView.objects.exists()


def test_who_edits_after_somebody_else_is_told(client, marketer):
    made = view(marketer)
    saved_views.change_view(made, revision=1, now=clock(), by=marketer, name="Hot")
    assert client.post(f"{VIEWS}{made.pk}/edit/", {"name": "Late", "revision": 1}).status_code == 422
    made.refresh_from_db()
    assert made.name == "Hot"


def test_a_private_view_is_not_there_for_others(client, client_for, make_user):
    made = view(make_user())
    for way in ("edit", "delete"):
        assert client.get(f"{VIEWS}{made.pk}/{way}/").status_code == 404
        assert client.post(f"{VIEWS}{made.pk}/{way}/").status_code == 404
    for way in ("save", "opens"):
        assert client.post(f"{VIEWS}{made.pk}/{way}/").status_code == 404
    page = client.get(saved_views.address_of(made))
    assert page.status_code == 422
    assert "Warm" not in page.content.decode()
    assert made.name not in client.get(VIEWS).content.decode()


def test_a_shared_view_is_opened_by_all_and_changed_by_its_owner_and_administrators(
    client, client_for, make_user, administrator
):
    made = view(make_user(), shared=True)
    assert client.get(saved_views.address_of(made)).status_code == 200
    for way in ("edit", "delete", "save"):
        assert client.post(f"{VIEWS}{made.pk}/{way}/", {"name": "X", "revision": 1}).status_code == 403
    given = {"name": "Hot", "shared": "on", "revision": 1}
    assert client_for(administrator).post(f"{VIEWS}{made.pk}/edit/", given).status_code == 302
    made.refresh_from_db()
    assert made.name == "Hot"


def test_an_analyst_keeps_views_of_their_own_and_shares_none(client_for, analyst, marketer):
    reader = client_for(analyst)
    own = save(reader, name="Mine", shared="on")
    assert not own.shared
    others = view(marketer, "Theirs", shared=True)
    for way in ("edit", "delete", "save"):
        assert reader.post(f"{VIEWS}{others.pk}/{way}/", {"name": "X", "revision": 1}).status_code == 403
    assert reader.post(f"{VIEWS}{own.pk}/delete/").status_code == 302


@pytest.mark.parametrize("text", ["0", "x", "-1", "9" * 40, "1.5", "²", "%00"])
def test_a_view_that_there_is_not_is_refused(client, text):
    page = client.get(f"{URL}?view={text}")
    assert page.status_code == 422
    assert "There is no such view (any more)." in page.content.decode() or text == "%00"


def test_the_manager_opens_with_the_view_chosen_and_the_plain_list_is_one_click_away(client, marketer):
    made = view(marketer)
    client.post(f"{VIEWS}{made.pk}/opens/")
    assert client.get(URL).url == saved_views.address_of(made)
    plain = client.get(f"{URL}?view=all")
    assert (plain.status_code, plain.context["view"]) == (200, None)
    assert f'href="{URL}?view=all"' in plain.content.decode()
    assert client.get(URL, {"q": ""}).status_code == 200
    client.post(f"{VIEWS}opens/")
    assert client.get(URL).status_code == 200


def test_a_view_taken_back_by_its_owner_opens_for_nobody_else(client, make_user, marketer):
    owner = make_user()
    made = view(owner, shared=True)
    client.post(f"{VIEWS}{made.pk}/opens/")
    saved_views.change_view(made, revision=1, now=clock(), by=owner, shared=False)
    assert client.get(URL).status_code == 200


def test_deleting_the_view_it_opens_with_leads_to_the_plain_list(client, marketer):
    made = view(marketer)
    client.post(f"{VIEWS}{made.pk}/opens/")
    client.post(f"{VIEWS}{made.pk}/delete/")
    assert client.get(URL).status_code == 200


def test_other_accounts_see_no_view(client, marketer, other_account, make_user):
    from tests.support.people import client_for

    made = view(marketer, shared=True)
    with tenant_context(other_account):
        stranger = client_for(make_user())
        assert stranger.get(f"{VIEWS}{made.pk}/edit/").status_code == 404
        assert made.name not in stranger.get(VIEWS).content.decode()


def test_the_list_of_views_costs_the_same_with_many(client, marketer):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(VIEWS).status_code == 200
        return len(captured)

    view(marketer, "0")
    few = queries()
    for number in range(1, 12):
        view(marketer, str(number))
    assert queries() == few


def test_an_advanced_filter_that_a_view_holds_is_kept(marketer):
    at = clock()
    criteria = {"kind": "field", "field": "status", "op": "in", "value": ["pending"]}
    kept = keep_query(criteria, now=at, by=marketer)
    other = keep_query({"kind": "field", "field": "lead_score", "op": "gte", "value": 3}, now=at, by=marketer)
    view(marketer, query=f"advanced={kept.key}")
    remove_old_queries(at + timedelta(days=366))
    assert list(ContactQuery.objects.values_list("pk", flat=True)) == [kept.pk]
    assert other.pk != kept.pk


def test_with_a_view_columns_are_chosen_for_the_list_and_kept_by_saving(client, marketer):
    factories.contact()
    made = view(marketer)
    page = client.post(
        f"/contacts/columns/?status=subscribed&view={made.pk}", {"columns": ["phone"], "order": ["phone"], "do": "save"}
    )
    assert page.url == f"{URL}?status=subscribed&view={made.pk}&columns=phone"
    assert client.get(page.url).context["view_changed"]
    back = client.post(f"/contacts/columns/?status=subscribed&view={made.pk}&columns=phone", {"do": "reset"})
    assert not client.get(back.url).context["view_changed"]
