"""What the form of a sunset proposes, what it says of what cannot be, and whose language its names are in."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from segmentation.models import Segment
from sunset import services
from sunset.forms import SunsetForm
from sunset.models import Sunset
from tests import factories
from tests.support.sunsets import DAY, fresh, given, silent, switched_on, work

pytestmark = pytest.mark.django_db
HOME = "/engagement/sunset/"
NEW = HOME + "new/"


@pytest.fixture
def newsletter():
    return factories.consent("newsletter")


@pytest.fixture
def client(client_for, owner):
    return client_for(owner)


def live(client, sent):
    """The numbers beside the form, as they come while it is filled in."""
    answer = client.post(NEW, sent | {"look": "yes"}, headers={"hx-request": "true"})
    return answer.status_code, answer.context.get("outlook"), answer.content.decode()


def test_a_second_sunset_is_proposed_a_name_and_a_tag_of_its_own(newsletter):
    assert [SunsetForm.initial_for(90)[field] for field in ("name", "tag")] == ["Sunset", "SUNSET"]
    services.end(switched_on(newsletter, tag="SUNSET"), now=timezone.now(), by=None)
    factories.tag("SUNSET_2")
    assert [SunsetForm.initial_for(90)[field] for field in ("name", "tag")] == ["Sunset 2", "SUNSET_3"]


def test_a_tag_that_another_sunset_has_is_told_where_the_numbers_would_stand(client, newsletter):
    silent(1, newsletter)
    switched_on(newsletter, name="First", tag="COME_BACK")
    status, outlook, told = live(client, given(newsletter, tag="come_back"))
    assert (status, outlook) == (422, None)
    assert "Tag: The sunset First has this tag." in told


def test_a_name_that_another_sunset_has_is_told_above_the_numbers(client, newsletter):
    silent(1, newsletter)
    switched_on(newsletter, name="First", tag="first")
    status, outlook, told = live(client, given(newsletter, name="FIRST"))
    assert (status, outlook.tagged) == (422, 1)
    assert "Name of the sunset: There is a sunset of this name already." in told
    assert "Name of the sunset" not in live(client, given(newsletter, name=""))[2]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"days": "0"}, "Within the engagement window of the account (90 days) everybody counts as engaged."),
        ({"days": "3651"}, "At most 3650 days without a sign of life."),
        ({"wait": "0"}, "Wait for an answer for at least one day."),
        ({"wait": "366", "days": "400"}, "Wait for an answer for at most 365 days."),
    ],
)
def test_a_number_of_days_that_cannot_be_is_refused_in_a_sentence(client, newsletter, wrong, sentence):
    [[told]] = client.post(NEW, given(newsletter) | wrong).context["form"].errors.values()
    assert told == sentence


def test_its_segments_are_named_in_the_language_of_who_sets_it_up(client_for, make_user, newsletter):
    client = client_for(make_user("owner", language="pl"))
    sure = given(newsletter)
    client.post(NEW, sure | {"confirmed": "yes", "mark": client.post(NEW, sure).context["mark"]})
    names = {"Half a year: milczący", "Half a year: czekający wystarczająco długo", "Half a year: wrócili"}
    assert names == set(Segment.objects.values_list("name", flat=True))


def test_a_consent_is_called_as_the_reader_calls_it(client_for, make_user, newsletter):
    sunset = switched_on(newsletter)
    newsletter.name_en, newsletter.name_pl = "Offers by e-mail", "Oferty e-mailem"
    newsletter.save()
    pages = [
        client_for(make_user("owner", language=language)).get(f"{HOME}{sunset.pk}/").content.decode()
        for language in ("en", "pl")
    ]
    assert [("Offers by e-mail" in page, "Oferty e-mailem" in page) for page in pages] == [(True, False), (False, True)]


def test_what_lies_ahead_is_said_of_one_that_is_on_and_of_one_that_is_paused(client, newsletter, account):
    def local(moment) -> date:
        return moment.astimezone(account.zone).date()

    now = timezone.now().replace(microsecond=0)
    silent(2, newsletter)
    began = now - timedelta(days=5)
    sunset = switched_on(newsletter, now=began)
    url = f"{HOME}{sunset.pk}/?count=1"
    assert "get the tag with the next refresh" in client.get(url).content.decode()
    work(began)
    silent(1, newsletter)
    ahead = client.get(url)
    assert (ahead.context["outlook"].tagged, first_day(ahead)) == (1, local(began + 14 * DAY))
    assert "would get the tag" not in ahead.content.decode()
    services.pause(fresh(sunset), now=now, by=None)
    assert "would get the tag if it went on now" in client.get(url).content.decode()
    Sunset.objects.update(wait=3)
    assert first_day(client.get(url)) == local(now)


def first_day(answer) -> date:
    return answer.context["outlook"].first_withdrawal
