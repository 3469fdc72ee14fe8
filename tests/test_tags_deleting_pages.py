"""A tag deleted by a job, on the page of tags: what is told of it, and stopping it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs import services as jobs
from jobs.models import JobState
from tags import deleting_tags, usage
from tags.models import Tag, TagDeletion
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TAGS = reverse("tags:tags")


@pytest.fixture
def browser(client_for, marketer, monkeypatch):
    monkeypatch.setattr(deleting_tags, "AT_ONCE", 1)
    return client_for(marketer)


@pytest.fixture
def vip() -> Tag:
    return factories.tag("VIP", factories.contact(), factories.contact())


def told(browser) -> str:
    return browser.get(TAGS).content.decode()


def test_a_big_one_is_told_of_until_it_is_gone(browser, vip) -> None:
    answer = browser.post(reverse("tags:delete_tag", args=[vip.pk]), follow=True).content.decode()
    assert "VIP is being deleted. Contacts that have it: 2." in answer
    assert "“VIP” is being deleted: 0 of 2 contacts." in told(browser)
    job = TagDeletion.objects.get()
    address = reverse("tags:tag_deletion", args=[job.pk])
    assert "HX-Refresh" not in browser.get(address)
    jobs.run("tag_deletion", job.pk, now=NOW)
    assert browser.get(address)["HX-Refresh"] == "true"
    assert not browser.get(TAGS).context["rows"].object_list


def test_of_several_the_big_ones_go_by_a_job(browser, vip) -> None:
    small = factories.tag("SMALL", factories.contact())
    answer = browser.post(reverse("tags:delete_tags"), {"tag": [small.pk, vip.pk]}, follow=True).content.decode()
    assert "Deleted: SMALL. Taken off contacts 1 time." in answer
    assert "Being deleted: VIP." in answer
    assert list(Tag.objects.all()) == [vip]


def test_it_is_stopped(browser, vip) -> None:
    browser.post(reverse("tags:delete_tag", args=[vip.pk]))
    stop = reverse("tags:stop_tag_deletion", args=[TagDeletion.objects.get().pk])
    assert "Stopped: nothing was deleted." in browser.post(stop, follow=True).content.decode()
    assert TagDeletion.objects.get().state == JobState.CANCELLED
    assert "being deleted" not in told(browser)
    assert "It was over already." in browser.post(stop, follow=True).content.decode()


def test_one_that_came_to_nothing_says_why_and_offers_no_second_try(browser, vip, monkeypatch) -> None:
    browser.post(reverse("tags:delete_tag", args=[vip.pk]))
    monkeypatch.setattr(usage, "providers", [lambda _label: [usage.Use("Segment", "Best")]])
    jobs.run("tag_deletion", TagDeletion.objects.get().pk, now=timezone.now())
    page = told(browser)
    assert "“VIP” was not deleted." in page
    assert "Segment Best" in page
    assert "Try again" not in page


def test_who_only_reads_or_sees_some_contacts_only_stops_nothing(browser, vip, client_for, make_user) -> None:
    browser.post(reverse("tags:delete_tag", args=[vip.pk]))
    restricted = make_user("marketer", email="restricted@x.pl")
    factories.permission_group("Part", users=[restricted], categories=[factories.category("part")])
    of_job = [TagDeletion.objects.get().pk]
    stop_button = reverse("tags:stop_tag_deletion", args=of_job)
    for user in (restricted, make_user("analyst", email="analyst@x.pl")):
        client = client_for(user)
        assert client.post(stop_button).status_code == 403
        assert (
            "<form" not in client.get(reverse("tags:tag_deletion", args=of_job)).content.decode().partition("note")[2]
        )
    assert client_for(restricted).get(reverse("tags:tag_deletion", args=of_job)).status_code == 403
    assert client_for(restricted).get(TAGS).context["deletions"] == []
    assert TagDeletion.objects.get().active


@pytest.mark.parametrize("name", ["tag_deletion", "stop_tag_deletion"])
def test_ids_of_nobody_are_404(browser, name) -> None:
    assert browser.post(reverse(f"tags:{name}", args=[999_999_999])).status_code in (404, 405)
    assert browser.get(reverse(f"tags:{name}", args=[999_999_999])).status_code in (404, 405)


def test_a_tag_that_went_a_moment_ago_is_not_found(browser, vip, monkeypatch) -> None:
    """Somebody else deleted it between the door and the lock."""
    monkeypatch.setattr("tags.views.tags.uses_of", lambda _tag: [])
    monkeypatch.setattr("tags.views.tags.tag_for", lambda _request, pk: Tag(pk=pk + 1, name="VIP"))
    assert browser.post(reverse("tags:delete_tag", args=[vip.pk])).status_code == 404
    assert browser.post(reverse("tags:rename_tag", args=[vip.pk]), {"name": "gold"}).status_code == 404
