"""The contact manager's columns: one's own choice and order, those of a view or of the address, what they show."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock

from contacts.models import Attribute, ManagerChoice
from tests import factories

URL, CHOOSE = "/contacts/", "/contacts/columns/"
FIRST = ["phone", "status", "lead_score", "tags", "created_at"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def names(page) -> list[str]:
    return [column.name for column in page.context["columns"]]


def cells(page) -> dict[str, object]:
    """Of the first contact, by column."""
    return {cell.column.name: cell.value for cell in page.context["lines"][0][2]}


def keep(client, *columns: str, address: str = "", **more):
    return client.post(CHOOSE + address, {"columns": columns, "order": columns, "do": "save"} | more)


def test_everybody_begins_with_the_same(client):
    assert names(client.get(URL)) == FIRST


def test_what_was_chosen_is_shown_in_its_order_and_kept_for_this_user_alone(client, client_for, make_user):
    factories.contact()
    assert keep(client, "source", "tags", "email").url == URL
    assert names(client.get(URL)) == ["source", "tags", "email"]
    assert names(client_for(make_user()).get(URL)) == FIRST


def test_reset_is_what_everybody_begins_with(client):
    keep(client, "email")
    client.post(CHOOSE, {"do": "reset"})
    assert names(client.get(URL)) == FIRST


def test_no_column_at_all_leaves_the_name(client):
    factories.contact(first_name="Ola")
    keep(client)
    page = client.get(URL)
    assert names(page) == []
    assert "Ola" in page.content.decode()


def test_a_column_just_ticked_comes_last_and_arrows_move_it(client):
    page = client.post(CHOOSE, {"columns": ["email", "source", "phone"], "order": ["source", "email"], "move": ""})
    assert page.context["form"].chosen == ["source", "email", "phone"]
    page = client.post(CHOOSE, {"columns": ["a", "email", "source"], "order": ["source", "email"], "move": "up:email"})
    assert page.context["form"].chosen == ["email", "source"]
    for wish in ("up:source", "down:nothing", "sideways", "\x00"):
        given = {"columns": ["source"], "order": ["source"], "move": wish}
        assert client.post(CHOOSE, given).context["form"].chosen == ["source"]
    assert not ManagerChoice.objects.exists()


@pytest.mark.parametrize("wrong", ["nothing", "attribute:gone", "\x00", "x" * 5000])
def test_a_column_that_there_is_not_is_refused_where_it_is_chosen(client, wrong):
    page = keep(client, "email", wrong)
    assert page.status_code == 422
    assert not ManagerChoice.objects.exists()


def test_the_address_may_ask_for_columns_and_what_is_gone_is_told(client):
    factories.contact()
    page = client.get(URL, {"columns": "email,attribute:gone,email"})
    assert (page.status_code, names(page)) == (200, ["email"])
    assert "1 chosen column is no longer there." in page.content.decode()
    assert client.get(URL, [("columns", "email"), ("columns", "phone")]).status_code in (200, 422)
    assert client.get(f"{URL}?columns=email&columns=phone").status_code == 422


def test_an_attributes_column_goes_when_it_is_retired_and_comes_back_with_it(client):
    factories.attribute("city")
    factories.contact(attributes={"city": "Lublin"})
    keep(client, "attribute:city")
    assert "Lublin" in client.get(URL).content.decode()
    Attribute.objects.update(retired_at=clock())
    assert names(client.get(URL)) == []
    assert "attribute:city" not in client.get(CHOOSE).content.decode()
    Attribute.objects.update(retired_at=None)
    assert names(client.get(URL)) == ["attribute:city"]


def test_every_column_shows_what_the_contact_has(client):
    now = clock()
    kinds = {
        "size": ("number", 12.5),
        "born": ("date", "1990-05-03"),
        "vip": ("boolean", True),
        "likes": ("text", "tea"),
    }
    for key, (kind, _value) in kinds.items():
        factories.attribute(key, kind)
    who = factories.contact(
        email="ola@example.com", phone="+48600", first_name="Ola", last_name="Lis", external_id="S-1", source="fair",
        lead_score=7, attributes={key: value for key, (_kind, value) in kinds.items()},
    )  # fmt: skip
    consent = factories.consent()
    factories.answer(who, consent)
    factories.tag("VIP", who)
    factories.category("klient/media", who)
    factories.order(who, at=now - timedelta(days=3), total=120)
    factories.order(who, at=now - timedelta(days=2), total=80.5)
    factories.order(who, at=now - timedelta(days=1), total=999, status="cancelled")
    factories.activity(who, "email_sent", at=now - timedelta(hours=2))
    offered = client.get(CHOOSE).context["form"].known
    keep(client, *offered)
    page = client.get(URL)
    found = cells(page)
    assert set(found) == set(offered)
    assert found["email"] == "ola@example.com"
    assert (found["orders"], found["spent"]) == (2, pytest.approx(200.5))
    assert found["last_interaction"] == now - timedelta(hours=2)
    assert found["engagement"] == {"engaged": True, "last": now - timedelta(days=2)}
    assert found[f"consent:{consent.key}"].state == "given"
    assert [each.title for each in found["categories"]] == ["Klient / Media"]
    assert [each.name for each in found["tags"]] == ["VIP"]
    text = page.content.decode()
    for told in ("ola@example.com", "S-1", "fair", "12.5", "tea", "200.50", "Engaged", "Given", "VIP", "Media"):
        assert told in text


def test_who_did_nothing_is_unengaged_and_has_no_orders(client):
    factories.contact()
    found = cells(client.get(URL, {"columns": "last_interaction,engagement,orders,spent"}))
    assert found == {
        "last_interaction": None, "engagement": {"engaged": False, "last": None}, "orders": 0, "spent": None,
    }  # fmt: skip


def test_the_engagement_column_says_the_same_as_the_contacts_page(client, account):
    now = clock()
    days = account.engagement_days
    for ago in (0, days - 2, days - 1, days, days + 1):
        for kind in ("email_sent", "email_open"):
            factories.activity(factories.contact(), kind, at=now - timedelta(days=ago))
    refunded = factories.contact()
    factories.order(refunded, at=now, total=1, status="refunded")
    later = factories.contact()
    factories.visit(later, at=now + timedelta(days=1))
    for contact, _ticked, line in client.get(URL, {"columns": "engagement"}).context["lines"]:
        page = client.get(f"/contacts/{contact.pk}/").content.decode()
        assert ('chip good">Engaged<' in page) == line[0].value["engaged"], contact


def test_queries_do_not_grow_with_contacts(client):
    for key in ("city", "size"):
        factories.attribute(key)
    factories.consent("a")
    factories.consent("b")
    everything = ",".join(client.get(CHOOSE).context["form"].known)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL, {"columns": everything}).status_code == 200
        return len(captured)

    people = [factories.contact(attributes={"city": "Lublin"})]
    factories.tag("VIP", *people)
    factories.category("klient", *people)
    factories.order(people[0], total=1)
    few = queries()
    people = [factories.contact(attributes={"size": "4"}) for _ in range(20)]
    factories.tag("VIP", *people)
    factories.category("klient/media", *people)
    for each in people:
        factories.order(each, total=1)
    assert queries() == few


def test_a_heading_sorts_where_there_is_an_order(client):
    factories.contact()
    text = client.get(URL, {"columns": "email,lead_score,source"}).content.decode()
    assert "sort=-lead_score" in text
    assert "sort=email" in text
    assert "sort=source" not in text


def test_an_analyst_has_columns_of_their_own(client_for, analyst):
    reader = client_for(analyst)
    assert keep(reader, "email").status_code == 302
    assert names(reader.get(URL)) == ["email"]


def test_the_choice_keeps_the_list_it_was_opened_from(client):
    factories.contact(source="fair")
    page = keep(client, "email", address="?source=fair&sort=name")
    assert page.url == f"{URL}?source=fair&sort=name"


def test_the_labels_beyond_two_stand_behind_a_button(client):
    who = factories.contact()
    for name in ("ALFA", "BETA", "GAMMA", "DELTA"):
        factories.tag(name, who)
    text = client.get(URL).content.decode()
    assert f'popovertarget="more-tags-{who.pk}"' in text
    assert "+2" in text
    assert all(name in text for name in ("ALFA", "BETA", "GAMMA", "DELTA"))
