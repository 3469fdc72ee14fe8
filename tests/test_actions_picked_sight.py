"""Actions on picked contacts by somebody who sees some contacts only: those alone, and nothing of others' actions."""

import pytest
from django.utils.timezone import now as clock

from tags.models import ContactCategory
from tests import factories
from tests.support.picking import URL, answered, asked, carried_out, people, tagged

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


@pytest.fixture
def part(make_user):
    """A user who sees the contacts of `klient` alone: two of four."""
    user = make_user()
    inside, outside = people(2), people(2)
    factories.permission_group("Klient", users=[user], categories=[factories.category("klient", *inside)], now=clock())
    return user, inside, outside


def test_who_sees_some_contacts_acts_on_those_alone(client_for, part):
    user, inside, _outside = part
    answered(client_for(user), "add_tag", tags="vip")
    [run] = carried_out()
    assert (run.total, run.changed_count, run.gone_count) == (2, 2, 0)
    assert tagged() == {each.pk for each in inside}


def test_who_has_left_sight_between_the_answer_and_the_run_is_passed_over(client_for, part):
    user, inside, _outside = part
    answered(client_for(user), "add_tag", tags="vip")
    ContactCategory.objects.filter(contact=inside[0]).delete()
    carried_out()
    assert tagged() == {inside[1].pk}


def test_others_actions_and_sets_are_not_there_for_them(client, client_for, part):
    user, inside, _outside = part
    answered(client, "add_tag", tags="secret")
    run = carried_out()[0]
    reader = client_for(user)
    assert "SECRET" not in reader.get(URL).content.decode()
    for address in ("undo", "cancel"):
        assert reader.get(f"/segments/actions/runs/{run.pk}/{address}/").status_code == 404
    assert reader.post(f"/segments/actions/runs/{run.pk}/retry/").status_code == 404
    assert reader.get(f"/contacts/?picked={run.action.picked_id}").status_code == 422
    answered(reader, "add_tag", tags="own")
    own = carried_out()[-1]
    assert "OWN" in reader.get(URL).content.decode()
    assert client.get(f"/segments/actions/runs/{own.pk}/undo/").status_code == 200
    assert reader.get(f"/contacts/?picked={own.action.picked_id}").context["total"] == len(inside)


def test_they_are_offered_the_categories_that_show_contacts_to_them(client_for, part):
    user, _inside, _outside = part
    other = factories.category("partner")
    reader = client_for(user)
    form = reader.get(f"{URL}new/add_category/").context["part"]
    assert [each.name for each in form.fields["category"].queryset] == ["Klient"]
    assert reader.post(f"{URL}new/add_category/", {"category": other.pk}).status_code == 422


def test_they_are_told_how_many_they_would_not_see_any_more(client_for, part):
    user, inside, _outside = part
    below = factories.category("klient/media", inside[0])
    reader, top = client_for(user), ContactCategory.objects.filter(contact=inside[1]).get().category_id
    text, _question = asked(reader, "remove_category", category=top)
    assert "1 of them is in no other category that shows you contacts" in text
    text, _question = asked(reader, "remove_category", category=top, below="on")
    assert "2 of them are in no other category that shows you contacts" in text
    text, _question = asked(reader, "remove_category", category=below.pk)
    assert "no other category that shows you contacts" not in text
